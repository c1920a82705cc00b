"""A phase: stages from one manifest to the next, and how their outcomes become rows."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from factory.clip import Clip, ClipRecord, stable_id
from factory.declared import Take
from factory.engine.work import Resources, Row, Work
from factory.manifest.read import read_phase
from factory.manifest.schema import ROOT
from factory.phases.take import names_of
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
    where it does not matter or is not known) and what `record` makes a ClipRecord of. take: what they bring from
    earlier phases. again: of the inputs and what is committed, the keys to be done all the same. finish: what the phase
    does when all is committed; returns how that changes the rows per status."""

    name: str
    upstream: str | None
    stages: Chain
    rows: Callable[[Outcome], list[Row]]
    schema: pa.Schema
    timeout_s: float
    inputs: Callable[[Storage], pa.Table]
    record: Callable[[Row], ClipRecord]
    resources: Resources
    take: Mapping[str, Take] = field(default_factory=dict)
    again: Callable[[pa.Table, pa.Table], pa.Array] | None = None
    finish: Callable[[Storage], Counter[str]] | None = None

    def check(self) -> None:
        """Raises ConfigError when a stage needs what nothing before it gives."""
        check_chain(self.stages, ("storage", "artifact_folder", "source_version", "taken", *names_of(self.take)))

    def work(self, storage: Storage) -> Work:
        limits = (self.timeout_s, self.resources)
        return Work(self.name, self.stages, self.record, self.rows, self.schema, storage, *limits)


def fingerprint(stages: Chain, *upstream: str) -> str:
    """Hash of all that can change a unit's answer: what it came from and each stage's code version and parameters."""
    return stable_id(*upstream, json.dumps([stage_identity(stage) for _, stage in stages], sort_keys=True))


def clips_from(storage: Storage, upstream: str, stages: Chain, taken: Sequence[str] = ()) -> pa.Table:
    """The inputs of a phase: each clip that is `ok` in the upstream phase and in all it takes from (`taken`); spans and
    sizes come from the ingest manifest. Its fingerprint knows those of its rows there."""
    clips = read_phase(storage, ROOT, CLIP_COLUMNS)
    origins = []
    for phase in dict.fromkeys((upstream, *taken)):
        rows = read_phase(storage, phase, ["clip_id", "status", "fingerprint"])
        origins.append(rows.filter(pc.equal(rows["status"], "ok")).combine_chunks())
        clips = clips.filter(pc.is_in(clips["clip_id"], value_set=origins[-1]["clip_id"].combine_chunks()))
    ids = clips["clip_id"]
    prints = [o["fingerprint"].take(pc.index_in(ids, value_set=o["clip_id"].combine_chunks())) for o in origins]
    known = pc.binary_join_element_wise(*prints, "\x1f").combine_chunks().dictionary_encode()
    each = pa.array([fingerprint(stages, *names.split("\x1f")) for names in known.dictionary.to_pylist()], pa.string())
    clips = clips.append_column("key", ids).append_column("fingerprint", each.take(known.indices))
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
    """Of a row of `clips_from`, with what `take.brought` added."""
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
    taken = {name: value for name, value in row.items() if "/" in name}
    told = {"source_version": row["source_version"], "location": row.get("location"), "taken": taken}
    return ClipRecord(clip, told)
