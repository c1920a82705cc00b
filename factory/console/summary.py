"""What a run tells at its end: the funnel, why clips were lost, what the output holds by now, and what comes next."""

from collections.abc import Mapping, Sequence

from factory.console.tables import as_typed, counted, duration, print_counts, print_table, program, say
from factory.manifest.funnel import Funnel
from factory.manifest.schema import ROOT
from factory.phases.run import Summary

STATUSES = ("ok", "rejected", "failed")
TOP = 3  # reasons a phase; `factory status` names all


def print_summary(summaries: Sequence[Summary], holds: Sequence[Funnel], root: str, verbose: bool) -> None:
    """summaries: of this run. holds: what lies in the output now. verbose: with the seconds of each stage."""
    if any(s.todo for s in summaries):
        print_table(_title(summaries, root), ("", "in", "before", *STATUSES, "time"), [_row(s) for s in summaries])
        print_counts("rejected", [row for s in summaries for row in _top(s.phase, s.reasons)])
        print_counts("failed", [row for s in summaries for row in _top(s.phase, s.errors)])
        if verbose:
            _print_stages(summaries)
    else:
        known = summaries[0].inputs
        say(f"nothing left to do: {known} of {counted(known, 'source')} done before")
        print_holdings(root, holds)
    _print_next(holds, root)


def print_holdings(root: str, holds: Sequence[Funnel]) -> None:
    """The funnel of an output: rows of each phase by status, and how many seconds of video it kept."""
    rows = [
        [
            *(funnel.phase, str(funnel.rows), *(str(funnel.counts.get(status, 0)) for status in STATUSES)),
            *(f"{funnel.counts.get('ok', 0) / funnel.rows:.1%}" if funnel.rows else "", duration(funnel.kept_s)),
        ]
        for funnel in holds
    ]
    print_table(root, ("", "rows", *STATUSES, "kept", "of video"), rows)


def ranked(counts: Mapping[str, float]) -> list[tuple[str, float]]:
    """The most first; what counts nothing is left out."""
    return sorted(((name, n) for name, n in counts.items() if n > 0), key=lambda item: (-item[1], item[0]))


def _title(summaries: Sequence[Summary], root: str) -> str:
    return f"{root}, done in {duration(sum(s.wall_s for s in summaries))}"


def _top(phase: str, counts: Mapping[str, float]) -> list[tuple[str, int, str]]:
    rows = [(phase, int(n), what) for what, n in ranked(counts)]
    rest = sum(n for _, n, _ in rows[TOP:])
    return [*rows[:TOP], (phase, rest, f"for {len(rows) - TOP} other reasons")] if len(rows) > TOP + 1 else rows


def _row(s: Summary) -> list[str]:
    entered = counted(s.inputs, "source" if s.phase == ROOT else "clip")
    before = str(s.committed_before) if s.committed_before else ""
    return [s.phase, entered, before, *(str(s.counts[status]) for status in STATUSES), duration(s.wall_s)]


def _print_stages(summaries: Sequence[Summary]) -> None:
    rows = []
    for s in summaries:
        rows += [[f"{s.phase}: workers start", f"{s.start_up_s:.1f}"]] if s.start_up_s else []
        rows += [[f"{s.phase}: {stage}", f"{seconds:.1f}"] for stage, seconds in ranked(s.stage_seconds)]
        rows.append([f"{s.phase}: CPU, all stages", f"{s.cpu_s:.1f}"])
    print_table("seconds of each stage, summed over workers", ("", "s"), rows)


def _print_next(holds: Sequence[Funnel], root: str) -> None:
    if not holds:
        return
    first, last = holds[0], holds[-1]
    passed = f"{last.counts.get('ok', 0)} passed {last.phase}"
    say(f"The output holds {counted(first.clips, 'clip')} of {counted(first.sources, 'source')}: {passed}.")
    place = as_typed(root)
    say(f"  {program()} status {place}")
    say(f'  {program()} query {place} "SELECT * FROM {last.phase}"')
    print_retry(holds)


def print_retry(holds: Sequence[Funnel]) -> None:
    if failed := sum(h.counts.get("failed", 0) for h in holds):
        say(f"{counted(failed, 'failure')}: the same `factory run` with retry=failed tries again.")
