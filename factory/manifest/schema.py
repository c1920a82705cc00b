"""What each manifest's columns are: name, type, unit, meaning. Written into the Parquet files as field metadata."""

from collections.abc import Mapping

import pyarrow as pa


def column(name: str, kind: pa.DataType, meaning: str) -> pa.Field:
    return pa.field(name, kind, metadata={"meaning": meaning})


COMMON = (
    column("clip_id", pa.string(), "stable id: of the source's content and the span"),
    column("source", pa.string(), "URI of the video"),
    column("source_start_s", pa.float64(), "start of the span, seconds from the source's first frame"),
    column("source_end_s", pa.float64(), "end of the span, exclusive, seconds from the source's first frame"),
    column("status", pa.string(), "ok, rejected or failed"),
    column("reasons", pa.list_(pa.string()), "why it was rejected: one sentence a reason, led by the rule's name"),
    column("failed_stage", pa.string(), "the stage that raised"),
    column("error_type", pa.string(), "class of the exception"),
    column("error", pa.string(), "its message"),
    column("fingerprint", pa.string(), "hash of all parameters and code versions that can change the answer"),
    column("attempt", pa.int32(), "1, and one more for each later run that did this clip again"),
)

INGEST = (
    column("content_hash", pa.string(), "SHA-256 of the source's bytes"),
    column("duplicate_of", pa.string(), "URI of the source with the same bytes that is kept in its place"),
    column("shot", pa.int32(), "number of the shot in the source, from 0"),
    column("width", pa.int32(), "pixels, as displayed: after rotation and crop"),
    column("height", pa.int32(), "pixels, as displayed: after rotation and crop"),
    column("fps", pa.float64(), "mean frame rate of the clip"),
    column("first_frame", pa.int64(), "number in the source of the clip's first frame, from 0"),
    column("frame_count", pa.int64(), "frames of the source in the clip"),
    column("crop_x", pa.int32(), "left edge of the picture inside its black bars; null where there are none"),
    column("crop_y", pa.int32(), "top edge of the picture inside its black bars; null where there are none"),
    column("source_width", pa.int32(), "pixels of the whole frame as displayed, bars included"),
    column("source_height", pa.int32(), "pixels of the whole frame as displayed, bars included"),
    column("codec", pa.string(), "codec of the video stream"),
    column("pixel_format", pa.string(), "pixel format as decoded"),
    column("rotation_deg", pa.int32(), "rotation flag of the container, already applied"),
)

FILTER = (column("score", pa.float64(), "how far the clip is inside the rules, 0 to 1; kept from 0.5 on"),)

RUNS = (
    column("run_id", pa.string(), "time of the start (UTC) and four random digits"),
    column("phase", pa.string(), "name of the phase"),
    column("engine", pa.string(), "inline or ray"),
    column("started_at", pa.timestamp("ms", tz="UTC"), "start of the phase"),
    column("wall_s", pa.float64(), "seconds the phase took"),
    column("inputs", pa.int64(), "units (sources, clips) the phase was responsible for"),
    column("committed_before", pa.int64(), "of these, already committed when it began"),
    column("ok", pa.int64(), "of this run's work"),
    column("rejected", pa.int64(), "of this run's work"),
    column("failed", pa.int64(), "of this run's work"),
    column("stage_seconds", pa.map_(pa.string(), pa.float64()), "seconds per stage, summed over clips"),
    column("cpu_s", pa.float64(), "CPU seconds of the workers"),
    column("host", pa.string(), "machine of the driver"),
    column("versions", pa.map_(pa.string(), pa.string()), "versions of factory, Python and the libraries"),
    column("config", pa.string(), "the composed configuration, YAML"),
)


def schema(*columns: pa.Field) -> pa.Schema:
    return pa.schema(list(columns))


def features_schema(features: Mapping[str, str]) -> tuple[pa.Field, ...]:
    """One nullable float column a feature (null: the specialist abstained or was skipped), with its meaning."""
    return tuple(column(name, pa.float64(), meaning) for name, meaning in features.items())
