"""What the phases decided about a clip, as Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any

from factory.data.result import ClipResult

LONGEST = 200  # letters of a value; lists over the frames are no reading


def decision(clip: ClipResult) -> str:
    """The phases, the last one first: status, reasons in words, and a table of the other columns with one value."""
    start_s, end_s = clip.clip.start_s, clip.clip.end_s
    lines = [f"# {_plain(clip.clip.source)}", f"{start_s:.2f} to {end_s:.2f} s, clip `{clip.clip_id}`", ""]
    for phase, row in reversed(list(clip.rows.items())):
        lines += [f"## {phase}: {row['status']}", ""]
        lines += [f"* {_plain(reason)}" for reason in row.get("reasons") or ()]
        if row.get("error"):
            lines.append(f"* {row['failed_stage']}: {_plain(row['error'])}")
        lines += ["", "| column | value |", "| --- | --- |", *(f"| {k} | {v} |" for k, v in _single(row)), ""]
    return "\n".join(lines)


SAID = ("clip_id", "source", "source_start_s", "source_end_s", "status", "reasons", "error", "failed_stage")
OF_THE_RUN = ("fingerprint", "attempt", "tracks", "masks", "points")  # nothing a person reads


def _single(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in row.items():
        if name not in (*SAID, *OF_THE_RUN) and value is not None and not isinstance(value, list | dict):
            yield name, f"{value:.4g}" if isinstance(value, float) else _plain(value)


def _plain(value: Any) -> str:
    """Text that Markdown leaves as it is."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|" else letter for letter in str(value))[:LONGEST]
