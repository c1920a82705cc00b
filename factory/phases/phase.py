"""A phase: stages from one manifest to the next, and how their outcomes become rows."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from factory.clip import Clip, ClipRecord, stable_id
from factory.engine.work import Resources, Row, Work
from factory.manifest.read import read_phase
from factory.manifest.schema import ROOT
from factory.stage import Chain, Outcome, check_chain, stage_identity
from factory.storage.output import Storage

CLIP_COLUMNS = (
    *("clip_id", "source", "source_version", "source_start_s", "source_end_s", "width", "height"),
    *("fps", "first_frame", "frame_count", "first_pts", "stamps", "crop_x", "crop_y"),
)


@dataclass(frozen=True)
class Phase:
    """`upstream` is the phase whose `ok` clips enter this one; None at ingest, whose units come from the sources.

    inputs: the units, a row each, in the order they are worked on: `key`, `fingerprint`, `version` (of the source; null
    where it does not matter or is not known) and what `record` makes a ClipRecord of. again: of the inputs and what is
    committed, the keys to be done all the same. finish: what the phase does when all is committed; returns how that
    changes the rows per status."""

    name: str
    upstream: str | None
    stages: Chain
    rows: Callable[[Outcome], list[Row]]
    schema: pa.Schema
    timeout_s: float
    inputs: Callable[[Storage], pa.Table]
    record: Callable[[Row], ClipRecord]
    resources: Resources
    again: Callable[[pa.Table, pa.Table], pa.Array] | None = None
    finish: Callable[[Storage], Counter[str]] | None = None

    def check(self) -> None:
        """Raises ConfigError when a stage needs what nothing before it gives."""
        check_chain(self.stages, ("storage", "artifact_folder", "source_version"))

    def work(self, storage: Storage) -> Work:
        limits = (self.timeout_s, self.resources)
        return Work(self.name, self.stages, self.record, self.rows, self.schema, storage, *limits)


def fingerprint(stages: Chain, *upstream: str) -> str:
    """Hash of all that can change a unit's answer: what it came from and each stage's code version and parameters."""
    return stable_id(*upstream, json.dumps([stage_identity(stage) for _, stage in stages], sort_keys=True))


def clips_from(storage: Storage, upstream: str, stages: Chain) -> pa.Table:
    """The inputs of a phase: each clip the upstream phase calls `ok`; spans and sizes come from the ingest manifest."""
    clips = read_phase(storage, ROOT, CLIP_COLUMNS)
    origin = read_phase(storage, upstream, ["clip_id", "status", "fingerprint"])
    entered = origin.filter(pc.equal(origin["status"], "ok"))
    clips = clips.filter(pc.is_in(clips["clip_id"], value_set=entered["clip_id"].combine_chunks()))
    before = entered["fingerprint"].take(pc.index_in(clips["clip_id"], value_set=entered["clip_id"].combine_chunks()))
    known = before.combine_chunks().dictionary_encode()
    each = pa.array([fingerprint(stages, name) for name in known.dictionary.to_pylist()], pa.string())
    ours = each.take(known.indices)
    clips = clips.append_column("key", clips["clip_id"]).append_column("fingerprint", ours)
    # Clips of one source go to one worker: its node fetches the source once.
    order = [("source", "ascending"), ("source_start_s", "ascending")]
    return clips.append_column("version", pa.nulls(len(clips), pa.string())).sort_by(order)


def located(storage: Storage, inputs: Callable[[Storage], pa.Table], sources: pa.Table) -> pa.Table:
    """The inputs of a phase after ingest with the column `location` of `sources`: what manifests do not keep."""
    table = inputs(storage)
    known = sources.filter(pc.is_valid(sources["location"]))
    row = pc.index_in(table["source"], value_set=known["source"].combine_chunks())
    return table.append_column("location", known["location"].take(row))


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
        "raised_at": outcome.raised_at,
    }


def clip_record(row: Row) -> ClipRecord:
    """Of a row of `clips_from`."""
    crop = None if row["crop_x"] is None else (row["crop_x"], row["crop_y"], row["width"], row["height"])
    clip = Clip(
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
        first_pts=row["first_pts"],
        stamps=row["stamps"] or "pts",
    )
    return ClipRecord(clip, {"source_version": row["source_version"], "location": row.get("location")})
