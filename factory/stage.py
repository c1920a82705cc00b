"""What a stage is, what it returns, and how a chain of stages is checked and run on one clip.

A stage is a plain callable on one record: no Ray, no files of its own, no globals. A for-loop, a test and a cluster run
the same object. Stages are dataclasses; their fields are their configuration.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from time import perf_counter
from typing import Any, ClassVar, Protocol

from factory.clip import ClipRecord
from factory.errors import ConfigError, OutputError
from factory.memory import ran_out
from factory.storage.local import NO_SPACE
from factory.storage.names import valid


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


@dataclass(frozen=True)
class Outcome:
    """What came of one clip in one phase: exactly one status, and the seconds each stage took."""

    record: ClipRecord
    status: str
    reasons: tuple[str, ...] = ()
    failed_stage: str | None = None
    error_type: str | None = None
    error: str | None = None
    seconds: tuple[tuple[str, float], ...] = ()


def stage_name(stage: Stage) -> str:
    return type(stage).__name__


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
        return {"class": type(value).__qualname__, **known}
    if isinstance(value, Mapping):
        return {str(name): _identity(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_identity(inner) for inner in value]
    return repr(value)


def check_chain(stages: Sequence[Stage], given: Sequence[str] = ()) -> None:
    """Raises ConfigError when a stage needs what nothing before it gives."""
    known = set(given)
    for stage in stages:
        missing = [name for name in stage.needs if name not in known]
        if missing:
            raise ConfigError(
                f"stage {stage_name(stage)} needs '{missing[0]}', which nothing before it gives: "
                "put the stage that gives it earlier in the pipeline."
            )
        known.update(stage.gives)


def run_chain(stages: Sequence[Stage], record: ClipRecord, entering: Callable[[str], None] = lambda _: None) -> Outcome:
    """Runs one clip through the stages; an exception becomes status `failed` with the stage's name.

    Raises OutputError where the output or this machine's disk fails, as no clip is to blame for that; MemoryError where
    memory ran out, in whatever way a library says so: that is for whoever set the limit to judge. `entering` is told
    the name of each stage before it begins: what a watcher reports when the process dies in it.
    """
    try:
        return _chain(stages, record, entering)
    finally:
        for stage in stages:
            if (release := getattr(stage, "release", None)) is not None:
                release()


def _chain(stages: Sequence[Stage], record: ClipRecord, entering: Callable[[str], None]) -> Outcome:
    seconds: list[tuple[str, float]] = []
    for stage in stages:
        name, begin = stage_name(stage), perf_counter()
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
            return Outcome(record, "failed", (), name, type(error).__name__, told, tuple(seconds))
        seconds.append((name, perf_counter() - begin))
        if isinstance(result, Rejected):
            return Outcome(result.record, "rejected", result.reasons, seconds=tuple(seconds))
        record = result
    return Outcome(record, "ok", seconds=tuple(seconds))
