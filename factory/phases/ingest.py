"""Ingest: sources in, clips out. Every second of every source ends up in exactly one row."""

from dataclasses import dataclass, field, replace
from functools import partial

import pyarrow as pa

from factory.clip import Clip, ClipRecord, stable_id
from factory.declared import PhaseSettings
from factory.engine.work import Row
from factory.fetch import Fetch
from factory.ingest.cut import Span
from factory.ingest.duplicates import orphans, settle
from factory.ingest.identify import IdentifySource
from factory.ingest.sign import SignClips
from factory.manifest.schema import COMMON, INGEST, ROOT, schema
from factory.phases.phase import Phase, common_row, fingerprint
from factory.stage import Chain, Outcome, Stage
from factory.storage.output import Storage


@dataclass(frozen=True, kw_only=True)
class Ingest(PhaseSettings):
    survey: Stage
    cut: Stage
    sign: Stage = field(default_factory=SignClips)

    def chain(self) -> Chain:
        return (("identify", IdentifySource()), ("survey", self.survey), ("cut", self.cut), ("sign", self.sign))

    def columns(self) -> tuple[pa.Field, ...]:
        return INGEST

    def rows(self, outcome: Outcome) -> list[Row]:
        """One row a clip; one for the whole source when it is rejected or failed."""
        values = outcome.record.values
        whole = {name: values.get(name) for name in ("content_hash", "source_version", "extra")}
        if outcome.status != "ok":
            return [{**common_row(outcome), **whole}]
        return [_span_row(outcome, span, whole) for span in values["spans"]]


def ingest_phase(declared: PhaseSettings, sources: pa.Table, fetch: Fetch) -> Phase:
    """`sources`: see `find_sources`."""
    stages: Chain = (("fetch", replace(fetch, newest=True)), *declared.chain())
    return Phase(
        name=ROOT,
        upstream=None,
        stages=stages,
        rows=declared.rows,
        schema=schema(*COMMON, *declared.columns()),
        timeout_s=declared.timeout_s,
        inputs=partial(ingest_inputs, sources, stages),
        record=source_record,
        resources=declared.resources,
        again=orphans,
        finish=partial(settle, sources=sources),
    )


def _span_row(outcome: Outcome, span: Span, whole: Row) -> Row:
    clip, info = span.clip, outcome.record["survey"].info
    status = "rejected" if span.reasons else "ok"
    return {
        **common_row(Outcome(ClipRecord(clip), status, span.reasons)),
        **whole,
        "shot": span.shot,
        "width": clip.width,
        "height": clip.height,
        "fps": clip.fps,
        "first_frame": clip.first_frame,
        "frame_count": clip.frame_count,
        "crop_x": clip.crop[0] if clip.crop else None,
        "crop_y": clip.crop[1] if clip.crop else None,
        "first_pts": clip.first_pts,
        "stamps": clip.stamps,
        "source_width": span.full_size[0],
        "source_height": span.full_size[1],
        "stream": info.stream,
        "codec": info.codec,
        "pixel_format": info.pixel_format,
        "rotation_deg": info.rotation_deg,
        "mirrored": info.mirrored,
        "sample_aspect_ratio": info.sample_aspect_ratio,
        "signatures": outcome.record["signatures"].get(clip.clip_id),
    }


def ingest_inputs(sources: pa.Table, stages: Chain, storage: Storage) -> pa.Table:  # noqa: ARG001
    """A unit for each source. What it is made of shows only when it is read, so it does not enter the fingerprint: it
    enters the ids of its clips."""
    ours = pa.repeat(pa.scalar(fingerprint(stages)), len(sources))
    return sources.rename_columns({"source": "key"}).append_column("fingerprint", ours)


def source_record(row: Row) -> ClipRecord:
    """Of a row of the inputs: a source not yet opened, all zero."""
    clip = Clip(stable_id(row["key"]), row["key"], 0.0, 0.0, 0, 0, 0.0, 0, 0)
    return ClipRecord(clip, {"source_version": row["version"], **{n: row[n] for n in ("location", "problem", "extra")}})
