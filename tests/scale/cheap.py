"""Ingest and filter with stages that cost a millisecond and read nothing: what is left is the house itself."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import ClassVar

import pyarrow as pa

from factory.clip import Clip, ClipRecord, stable_id
from factory.engine.work import Resources, Row
from factory.ingest.cut import Span
from factory.ingest.duplicates import orphans, settle
from factory.manifest.schema import COMMON, FILTER, INGEST, schema
from factory.phases.ingest import Ingest, ingest_inputs, source_record
from factory.phases.phase import Phase, clip_record, clips_from, common_row
from factory.stage import Outcome, Rejected
from factory.storage.sources import BATCH_ROWS, SCHEMA
from factory.video import VideoInfo

INFO = VideoInfo(640, 360, 24.0, 4.0, "h264", "yuv420p", 0)


@dataclass(frozen=True)
class Surveyed:
    info: VideoInfo = INFO


@dataclass
class CutQuickly:
    """One clip a source."""

    needs: ClassVar[tuple[str, ...]] = ("source_version",)
    gives: ClassVar[tuple[str, ...]] = ("content_hash", "survey", "spans", "signatures")
    seconds: float = 0.001

    def __call__(self, record: ClipRecord) -> ClipRecord:
        time.sleep(self.seconds)
        source = record.clip.source
        digest = hashlib.sha256(source.encode()).hexdigest()
        clip = Clip(stable_id(digest, 0.0, 4.0), source, 0.0, 4.0, 640, 360, 24.0, 0, 96)
        spans = [Span(clip, 0, (640, 360), ())]
        return record.give(content_hash=digest, survey=Surveyed(), spans=spans, signatures={})


@dataclass
class JudgeQuickly:
    """Rejects three in four, by their ids."""

    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ("score",)
    seconds: float = 0.001

    def __call__(self, record: ClipRecord) -> ClipRecord | Rejected:
        time.sleep(self.seconds)
        score = int(record.clip.clip_id[:4], 16) / 0xFFFF
        record = record.give(score=score)
        return record if score > 0.75 else Rejected(record, ("flow_mean: 0.2 is below 0.5 (C3)",))


def judged_rows(outcome: Outcome) -> list[Row]:
    return [{**common_row(outcome), "score": outcome.record.values.get("score")}]


def sources(count: int) -> pa.Table:
    """As `find_sources` makes it: in batches, sorted."""
    names = (f"s3://bucket/videos/{i:09d}.mp4" for i in range(count))
    batches = [pa.array(islice(names, BATCH_ROWS), pa.string()) for _ in range(0, count, BATCH_ROWS)]
    unknown = {field.name: pa.nulls(count, field.type) for field in SCHEMA if field.name != "source"}
    return pa.table({"source": pa.chunked_array(batches), **unknown}, SCHEMA)


def phases(count: int) -> Sequence[Phase]:
    given, stages, judges = sources(count), (("cut", CutQuickly()),), (("judge", JudgeQuickly()),)
    limits = {"timeout_s": 60.0, "resources": Resources(memory_gb=0.5)}
    declared = Ingest(survey=CutQuickly(), cut=CutQuickly(), shard_size=256, **limits)
    ingest = Phase(
        name="ingest",
        upstream=None,
        stages=stages,
        rows=declared.rows,
        schema=schema(*COMMON, *INGEST),
        inputs=partial(ingest_inputs, given, stages),
        record=source_record,
        again=orphans,
        finish=partial(settle, sources=given),
        **limits,
    )
    judge = Phase(
        name="filter",
        upstream="ingest",
        stages=judges,
        rows=judged_rows,
        schema=schema(*COMMON, *FILTER),
        inputs=partial(clips_from, upstream="ingest", stages=judges),
        record=clip_record,
        **limits,
    )
    return ingest, judge
