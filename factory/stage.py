"""What a stage is, what it returns, and how a chain of stages is checked and run on one clip.

A stage is a plain callable on one record: no Ray, no files of its own, no globals. A for-loop, a test and a cluster run
the same object. Stages are dataclasses; their fields are their configuration.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from time import perf_counter
from traceback import extract_tb
from typing import Any, ClassVar, Protocol

from factory.clip import ClipRecord
from factory.errors import ConfigError, OutputError
from factory.memory import ran_out
from factory.storage.local import NO_SPACE
from factory.storage.names import valid

_PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Rejected:
    """The clip does not qualify, and why: sentences for people, one a reason."""

    record: ClipRecord
    reasons: tuple[str, ...]


class Stage(Protocol):
    """One step on one clip.

    A stage may also have `setup()`, called once per worker before the first clip, `release()`, called after each clip
    whatever came of it, and `version`, an int that is raised when the same parameters give another answer.
    """

    needs: ClassVar[tuple[str, ...]]
    gives: ClassVar[tuple[str, ...]]

    def __call__(self, record: ClipRecord) -> ClipRecord | Rejected: ...


# Stages in order, each under the name that messages, seconds and metrics call it by: its key in the configuration.
Chain = tuple[tuple[str, Stage], ...]


@dataclass(frozen=True)
class Outcome:
    """What came of one clip in one phase: exactly one status, and the seconds each stage took.

    raised_at: the last place in this package that an exception passed, "sfm/solve.py:41 solve_clip".
    """

    record: ClipRecord
    status: str
    reasons: tuple[str, ...] = ()
    failed_stage: str | None = None
    error_type: str | None = None
    error: str | None = None
    seconds: tuple[tuple[str, float], ...] = ()
    raised_at: str | None = None


def stage_identity(stage: Stage) -> dict[str, Any]:
    """What can change a stage's answer: its class, version and parameters. The raw material of fingerprints.

    A field that cannot change it (where a cache is, a device) is declared with `field(compare=False)`, also in what a
    stage holds: a model, options.
    """
    kind = f"{type(stage).__module__}.{type(stage).__qualname__}"
    return {"stage": kind, "version": getattr(stage, "version", 1), "parameters": _identity(stage)}


def _identity(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        known = {f.name: _identity(getattr(value, f.name)) for f in fields(value) if f.compare}
        version = {"version": value.version} if hasattr(value, "version") else {}
        return {"class": f"{type(value).__module__}.{type(value).__qualname__}", **version, **known}
    if isinstance(value, Mapping):
        return {str(name): _identity(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_identity(inner) for inner in value]
    return repr(value)


def check_chain(stages: Chain, given: Sequence[str] = ()) -> None:
    """Raises ConfigError when a stage needs what nothing before it gives."""
    known = set(given)
    for stage_name, stage in stages:
        missing = [name for name in stage.needs if name not in known]
        if missing:
            raise ConfigError(
                f"stage {stage_name} needs '{missing[0]}', which nothing before it gives: "
                "put the stage that gives it earlier in the pipeline."
            )
        known.update(stage.gives)


def run_chain(stages: Chain, record: ClipRecord, entering: Callable[[str], None] = lambda _: None) -> Outcome:
    """Runs one clip through the stages; an exception becomes status `failed` with the stage's name.

    Raises OutputError where the output or this machine's disk fails, as no clip is to blame for that; MemoryError where
    memory ran out, in whatever way a library says so: that is for whoever set the limit to judge. `entering` is told
    the name of each stage before it begins: what a watcher reports when the process dies in it.
    """
    try:
        return _chain(stages, record, entering)
    finally:
        for _, stage in stages:
            if (release := getattr(stage, "release", None)) is not None:
                release()


def _chain(stages: Chain, record: ClipRecord, entering: Callable[[str], None]) -> Outcome:
    seconds: list[tuple[str, float]] = []
    for name, stage in stages:
        begin = perf_counter()
        entering(name)
        try:
            result = stage(record)
        except OutputError:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in NO_SPACE:
                told = (
                    f"stage {name} finds this machine's disk full ({error}): free space there, for temporary files too"
                )
                raise OutputError(f"{told}, and run the same command again.") from error
            if ran_out(error):
                raise MemoryError(f"in {name}") from error
            seconds.append((name, perf_counter() - begin))
            told = valid(str(error) or repr(error))
            return Outcome(record, "failed", (), name, type(error).__name__, told, tuple(seconds), _place(error))
        seconds.append((name, perf_counter() - begin))
        if isinstance(result, Rejected):
            return Outcome(result.record, "rejected", result.reasons, seconds=tuple(seconds))
        record = result
    return Outcome(record, "ok", seconds=tuple(seconds))


def _place(error: BaseException) -> str | None:
    """Where the exception was last seen in this package; where it was raised if it never came by here."""
    frames = extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)] or frames[-1:]
    if not ours:
        return None
    path = Path(ours[-1].filename)
    shown = path.relative_to(_PACKAGE) if path.is_relative_to(_PACKAGE) else Path(path.name)
    return f"{shown.as_posix()}:{ours[-1].lineno} {ours[-1].name}"
