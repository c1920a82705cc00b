"""A phase: stages from one manifest to the next, and how their outcomes become rows."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from factory.clip import Clip, ClipRecord, stable_id
from factory.engine.work import Row, Unit, Work
from factory.manifest.read import read_phase
from factory.stage import Outcome, Stage, check_chain, stage_identity
from factory.storage import Storage


@dataclass(frozen=True)
class Phase:
    """`key` is the manifest column that names a unit: source at ingest, clip_id later. `upstream` is the phase whose
    `ok` clips enter this one; None at ingest, whose units come from the sources. `given` names what records hold
    before the first stage."""

    name: str
    key: str
    upstream: str | None
    stages: tuple[Stage, ...]
    rows: Callable[[Outcome], list[Row]]
    schema: pa.Schema
    timeout_s: float
    units: Callable[[Storage], list[Unit]]
    given: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises ConfigError when a stage needs what nothing before it gives."""
        check_chain(self.stages, self.given)

    def work(self, storage: Storage) -> Work:
        return Work(self.name, self.stages, self.rows, self.schema, storage, self.timeout_s)


def fingerprint(stages: Sequence[Stage], *upstream: str) -> str:
    """Hash of all that can change a unit's answer: what it came from and each stage's code version and parameters."""
    return stable_id(*upstream, json.dumps([stage_identity(stage) for stage in stages], sort_keys=True))


def clips_from(storage: Storage, upstream: str, stages: Sequence[Stage]) -> list[Unit]:
    """A unit for each clip the upstream phase calls `ok`; spans and sizes come from the ingest manifest."""
    passed = read_phase(
        storage, upstream, ["clip_id", "status", "fingerprint"], "source" if upstream == "ingest" else "clip_id"
    )
    entered = {r["clip_id"]: r["fingerprint"] for r in passed.to_pylist() if r["status"] == "ok"}
    rows = read_phase(storage, "ingest", key="source").to_pylist()
    return [
        Unit(row["clip_id"], ClipRecord(_clip(row)), fingerprint(stages, entered[row["clip_id"]]))
        for row in rows
        if row["clip_id"] in entered
    ]


def common_row(outcome: Outcome) -> Row:
    """The columns every manifest has, of one outcome; the engine adds fingerprint and attempt."""
    clip = outcome.record.clip
    return {
        "clip_id": clip.clip_id,
        "source": clip.source,
        "source_start_s": clip.start_s,
        "source_end_s": clip.end_s,
        "status": outcome.status,
        "reasons": list(outcome.reasons),
        "failed_stage": outcome.failed_stage,
        "error_type": outcome.error_type,
        "error": outcome.error,
    }


def _clip(row: Row) -> Clip:
    crop = None if row["crop_x"] is None else (row["crop_x"], row["crop_y"], row["width"], row["height"])
    return Clip(
        clip_id=row["clip_id"],
        source=row["source"],
        start_s=row["source_start_s"],
        end_s=row["source_end_s"],
        width=row["width"],
        height=row["height"],
        fps=row["fps"],
        first_frame=row["first_frame"],
        frame_count=row["frame_count"],
        crop=crop,
    )
