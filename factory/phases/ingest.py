"""Ingest: sources in, clips out. Every second of every source ends up in exactly one row."""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

from factory.clip import Clip, ClipRecord, stable_id
from factory.engine.work import Row, Unit
from factory.errors import StorageError
from factory.fetch import Fetch
from factory.ingest.cut import CutClips, Span
from factory.ingest.survey import SurveySource
from factory.manifest.schema import COMMON, INGEST, schema
from factory.phases.phase import Phase, common_row, fingerprint
from factory.stage import Outcome, Rejected, Stage
from factory.storage import Storage, content_hash


@dataclass
class Unique:
    """Rejects a source whose bytes are those of another one in the same run."""

    needs: ClassVar[tuple[str, ...]] = ("duplicate_of",)
    gives: ClassVar[tuple[str, ...]] = ()

    def __call__(self, record: ClipRecord) -> ClipRecord | Rejected:
        if record["duplicate_of"] is None:
            return record
        return Rejected(record, (f"duplicate: the same bytes as {record['duplicate_of']}",))


def ingest_phase(sources: Sequence[str], survey: SurveySource, cut: CutClips, timeout_s: float) -> Phase:
    stages: tuple[Stage, ...] = (Unique(), Fetch(), survey, cut)
    return Phase(
        name="ingest",
        key="source",
        upstream=None,
        stages=stages,
        rows=ingest_rows,
        schema=schema(*COMMON, *INGEST),
        timeout_s=timeout_s,
        units=lambda storage: _units(sources, stages, storage),
        given=("content_hash", "duplicate_of"),
    )


def ingest_rows(outcome: Outcome) -> list[Row]:
    """One row a clip; one for the whole source when it is rejected or failed."""
    values = outcome.record.values
    whole = {"content_hash": values["content_hash"], "duplicate_of": values["duplicate_of"]}
    if outcome.status != "ok":
        return [{**common_row(outcome), **whole}]
    return [_span_row(outcome, span, whole) for span in values["spans"]]


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
        "source_width": info.width,
        "source_height": info.height,
        "codec": info.codec,
        "pixel_format": info.pixel_format,
        "rotation_deg": info.rotation_deg,
    }


def _units(sources: Sequence[str], stages: tuple[Stage, ...], storage: Storage) -> list[Unit]:  # noqa: ARG001
    """A unit for each source, with the hash of its bytes; of equal ones the first by name is kept."""
    with ThreadPoolExecutor(4) as pool:
        hashes = list(pool.map(_hash, sources))
    same = defaultdict(list)
    for source, digest in zip(sources, hashes, strict=True):
        same[digest].append(source)
    units = []
    for source, digest in zip(sources, hashes, strict=True):
        kept = min(same[digest])
        duplicate_of = kept if digest not in (None, _EMPTY) and source != kept else None
        clip = Clip(stable_id(source, str(digest)), source, 0.0, 0.0, 0, 0, 0.0, 0, 0)  # not yet opened: all zero
        record = ClipRecord(clip, {"content_hash": digest, "duplicate_of": duplicate_of})
        units.append(Unit(source, record, fingerprint(stages, str(digest), str(duplicate_of))))
    return units


_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of no bytes: damage, no twin


def _hash(source: str) -> str | None:
    """None when the file cannot be read: its own row will say why."""
    try:
        return content_hash(source)
    except (StorageError, OSError):
        return None
