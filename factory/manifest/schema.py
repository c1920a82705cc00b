"""What each manifest's columns are: name, type, unit, meaning. Written into the Parquet files as field metadata."""

from collections.abc import Mapping

import pyarrow as pa

ARTIFACT = b"artifact"  # in a column's metadata
ROOT = "ingest"  # the phase every other one stands on: it takes from no manifest, but from the sources


def unit_key(phase: str) -> str:
    """The column that names a unit of the phase: at ingest the source, which may hold several clips; later the clip."""
    return "source" if phase == ROOT else "clip_id"


def column(name: str, kind: pa.DataType, meaning: str) -> pa.Field:
    return pa.field(name, kind, metadata={"meaning": meaning})


def artifact(file: str, meaning: str) -> pa.Field:
    """The column, called as the file without its ending, that names the file in which the phase keeps more of a clip.
    Such a file belongs to its row: it goes when the row does."""
    metadata = {"meaning": f"{meaning}: path relative to the output", ARTIFACT: file}
    return pa.field(file.rpartition(".")[0], pa.string(), metadata=metadata)


def artifacts_of(schema: pa.Schema) -> dict[str, str]:
    """Columns that name artifacts, by the name of the file."""
    marked = [(field.metadata or {}, field.name) for field in schema]
    return {found[ARTIFACT].decode(): name for found, name in marked if ARTIFACT in found}


COMMON = (
    column("clip_id", pa.string(), "stable id: of the source's content and the span"),
    column(
        "source",
        pa.string(),
        "name of the video: path, s3:// or URL without query; file:// and %xx where it is not UTF-8",
    ),
    column("source_start_s", pa.float64(), "start of the span, seconds from the source's first frame"),
    column("source_end_s", pa.float64(), "end of the span, exclusive, seconds from the source's first frame"),
    column("status", pa.string(), "ok, rejected or failed"),
    column("reasons", pa.list_(pa.string()), "why it was rejected: one sentence a reason, led by the rule's name"),
    column("failed_stage", pa.string(), "the stage that raised"),
    column("error_type", pa.string(), "class of the exception"),
    column("error", pa.string(), "its message"),
    column("raised_at", pa.string(), "where in this package: file:line and function"),
    column("log", pa.string(), "of a clip that failed: the end of what its worker printed, libraries included"),
    column("fingerprint", pa.string(), "hash of all parameters and code versions that can change the answer"),
    column("attempt", pa.int32(), "1, and one more for each later run that did this clip again"),
)

INGEST = (
    column("source_version", pa.string(), "size and ETag (S3, HTTP) or time of change of the source that was read"),
    column("content_hash", pa.string(), "SHA-256 of the source's bytes"),
    column("extra", pa.map_(pa.string(), pa.string()), "the other columns of the list, as text, when it was ingested"),
    column("duplicate_of", pa.string(), "URI of the source with the same bytes that is kept in its place"),
    column("shot", pa.int32(), "number of the shot in the source, from 0"),
    column("width", pa.int32(), "pixels, as displayed: square, after rotation and crop"),
    column("height", pa.int32(), "pixels, as displayed: square, after rotation and crop"),
    column("fps", pa.float64(), "mean frame rate of the clip"),
    column("first_frame", pa.int64(), "number in the source of the clip's first frame, from 0"),
    column("frame_count", pa.int64(), "frames of the source in the clip"),
    column(
        "first_pts",
        pa.int64(),
        "time stamp of the clip's first frame in the stream's units; null where it is found by its number alone",
    ),
    column(
        "stamps",
        pa.string(),
        "what times come from: pts (of presentation), dts (of decoding, where the others are out of order), frames",
    ),
    column("crop_x", pa.int32(), "left edge of the picture inside its black bars; null where there are none"),
    column("crop_y", pa.int32(), "top edge of the picture inside its black bars; null where there are none"),
    column("source_width", pa.int32(), "pixels of the whole frame as displayed, bars included"),
    column("source_height", pa.int32(), "pixels of the whole frame as displayed, bars included"),
    column("codec", pa.string(), "codec of the video stream"),
    column("pixel_format", pa.string(), "pixel format as decoded"),
    column("stream", pa.int32(), "number in the container of the video stream that is read"),
    column("rotation_deg", pa.int32(), "rotation by the container, counter-clockwise, already applied"),
    column("mirrored", pa.bool_(), "left and right swapped by the container before that, already applied"),
    column("sample_aspect_ratio", pa.float64(), "width by height of a coded pixel; already applied: pixels are square"),
    column(
        "signatures",
        pa.list_(pa.binary(48)),
        "what up to 12 differing pictures show, for `factory duplicates`; empty where none shows enough, null where "
        "the clip is not usable",
    ),
)

FILTER = (
    column(
        "score",
        pa.float64(),
        "how much the clip is like what is wanted, 0 to 1 (filter.score); of a clip rejected early an upper bound",
    ),
)

POSE = (
    column("timestamps", pa.list_(pa.float64()), "seconds in the source of each sampled frame"),
    column("frame_index", pa.list_(pa.int64()), "number in the source of each sampled frame"),
    column("fps", pa.float64(), "mean rate of the sampled frames"),
    column("width", pa.int32(), "pixels of the frames the camera is given for: displayed, bars cropped"),
    column("height", pa.int32(), "pixels of the frames the camera is given for: displayed, bars cropped"),
    column("registered", pa.list_(pa.bool_()), "whether each sampled frame has a pose"),
    column(
        "world_from_cam",
        pa.list_(pa.list_(pa.float64())),
        "4 x 4 by rows, camera to world, x right, y down, z forward, one a sampled frame; null where not registered",
    ),
    column("camera_motion", pa.string(), "still, rotation, parallax, or unknown (too few tracks to say)"),
    column("rotation_only", pa.bool_(), "positions are unknown and stand at the origin: a still or turning camera"),
    column("method", pa.string(), "global or incremental SfM, rotation, still"),
    column("camera_model", pa.string(), "COLMAP's name: SIMPLE_PINHOLE, SIMPLE_RADIAL or RADIAL"),
    column("focal_px", pa.float64(), "one for all frames, pixels; the median where the lens zooms"),
    column(
        "focal_per_frame_px",
        pa.list_(pa.float64()),
        "one a sampled frame, pixels, where the lens zooms; null where shared",
    ),
    column("cx_px", pa.float64(), "principal point; pixel centres at integers; the centre, estimated only per frame"),
    column("cy_px", pa.float64(), "principal point; pixel centres at integers; the centre, estimated only per frame"),
    column(
        "cx_per_frame_px",
        pa.list_(pa.float64()),
        "principal point, one a sampled frame (null: not registered), where a digital stabiliser moved the picture; "
        "null where shared",
    ),
    column("cy_per_frame_px", pa.list_(pa.float64()), "the same down the picture"),
    column("k1", pa.float64(), "radial distortion, x = f (1 + k1 r^2 + k2 r^4) X/Z + cx; 0 for SIMPLE_PINHOLE"),
    column("k2", pa.float64(), "its second term; 0 but for RADIAL"),
    column(
        "readout_s",
        pa.float64(),
        "rolling shutter: seconds from reading the first row to the last, poses are of the middle row's time; "
        "null where none shows",
    ),
    column("focal_reliable", pa.bool_(), "whether the clip pins the focal length down"),
    column("registered_ratio", pa.float64(), "share of sampled frames that have a pose"),
    column("reprojection_error_px", pa.float64(), "mean over kept observations, pixels of the solved frames"),
    column("parallax_median_deg", pa.float64(), "median largest angle under which points are seen"),
    column("track_count", pa.int64(), "tracks offered to the solver"),
    column("inlier_count", pa.int64(), "tracks that became points"),
    column("motion_count", pa.int64(), "distinct rigid motions found among the tracks"),
    column("background_margin", pa.float64(), "border score of the chosen background above the next motion's"),
    column("still_share", pa.float64(), "share of the picture's border that does not move"),
    column("parallax_ratio", pa.float64(), "residual of the best rotation by that of the best relative pose; noise: 2"),
    column("dynamic_share", pa.float64(), "mean share of the frame that moves on its own"),
    column("quality", pa.string(), "gold, silver or bronze; null where the solve is refused"),
    column("ate_percent_predicted", pa.float64(), "expected position error, % of the path (root mean square)"),
    column("ate_percent_bound", pa.float64(), "what it stays under in 95 of 100 solves"),
    column("ate_px_predicted", pa.float64(), "the expected error as shift of a point at the median depth, px at 720p"),
    column("rotation_deg_predicted", pa.float64(), "expected error of the rotation, degrees a frame"),
    column("translation_deg_predicted", pa.float64(), "expected error of the direction in which the camera moves"),
    column("translation_reliable", pa.bool_(), "whether that direction can be used"),
    column("path_by_depth", pa.float64(), "length of the path by the median depth of the points"),
    column("parallax_px", pa.float64(), "median distance that the best turn leaves to the tracks, px at 720p"),
    column("focal_log_sd", pa.float64(), "standard deviation of the log of the focal length that the clip leaves"),
    column("cross_px", pa.float64(), "mean error of each half of the tracks under the other's poses, px at 720p"),
    column("cross_ratio", pa.float64(), "the same by that under the whole solution's poses"),
    column("border_rival", pa.float64(), "share of the border that another motion explains and the solution does not"),
    column("lower_rival", pa.float64(), "share of the lower border that follows one other motion than the solution's"),
    column("half_ate_percent", pa.float64(), "distance of two solves from disjoint tracks, % of the path"),
    column("half_rotation_deg", pa.float64(), "their difference in rotation, degrees a frame"),
    column("half_translation_deg", pa.float64(), "their difference in the direction of the camera's way"),
    column("half_focal_spread", pa.float64(), "log ratio of their focal lengths"),
    column("ring_win", pa.float64(), "share of the occupied border cells that the solution explains; null: all masked"),
    column("ring_cover", pa.float64(), "share of all border cells with an explained track"),
    column("weakest_win", pa.float64(), "ring_win of the tracks between two successive frames, where it is least"),
    column("supported_ratio", pa.float64(), "share of placed frames with enough explained tracks"),
    column("bridge", pa.int32(), "fewest explained tracks that join the frames before a cut to those after it"),
    column("explained_ratio", pa.float64(), "share of all observations on explained tracks"),
    column("step_ratio", pa.float64(), "largest step by the median one; a warning only"),
    column(
        "camera_tags",
        pa.list_(pa.string()),
        "what the camera does, the most visible first: static, pan, tilt, roll, dolly, truck, pedestal, orbit, zoom, "
        "hand-held; null without poses, and moves are missing where their columns are null",
    ),
    column("camera_sentence", pa.string(), "the same in words, with amounts"),
    column("pan_deg", pa.float64(), "turn to the right from the first frame to the last, shake smoothed away"),
    column("tilt_deg", pa.float64(), "the same upwards"),
    column("roll_deg", pa.float64(), "the same clockwise, as who holds the camera sees it"),
    column(
        "orbit_deg",
        pa.float64(),
        "way to the right round what is looked at; is in truck too, and in pan with the other sign",
    ),
    column(
        "dolly_by_depth",
        pa.float64(),
        "way ahead, by the median depth of the points; null, as all moves, where its direction cannot be used",
    ),
    column("truck_by_depth", pa.float64(), "way to the right, by the median depth"),
    column("pedestal_by_depth", pa.float64(), "way up, by the median depth"),
    column("zoom_factor", pa.float64(), "last focal length by the first, above 1: in; null where all frames share one"),
    column("pan_total_deg", pa.float64(), "all turns to and fro together, those of more than a degree"),
    column("tilt_total_deg", pa.float64(), "the same for tilt"),
    column("roll_total_deg", pa.float64(), "the same for roll"),
    column("orbit_total_deg", pa.float64(), "the same for orbit"),
    column("dolly_total_by_depth", pa.float64(), "way ahead and back together"),
    column("truck_total_by_depth", pa.float64(), "way to the right and left together"),
    column("pedestal_total_by_depth", pa.float64(), "way up and down together"),
    column("zoom_total_factor", pa.float64(), "product of all zooms, in or out, each as a factor above 1"),
    column("shake_deg", pa.float64(), "median angle to the smoothed path, above 1 Hz; null below 8 frames a second"),
    artifact("tracks.npz", "point tracks and which are dynamic"),
    artifact("masks.npz", "dynamic masks of the sampled frames"),
    artifact("points.npz", "points of the world and where they were seen; null where the camera does not move"),
    artifact("preview.mp4", "small video with what moves, tracks and the camera's way; null without pose.previews"),
    artifact("poster.webp", "its last frame"),
)

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
    column("gpu_s", pa.float64(), "seconds that models on cards were busy"),
    column("model_seconds", pa.map_(pa.string(), pa.float64()), "seconds each model was busy, of all its replicas"),
    column("model_replicas", pa.map_(pa.string(), pa.int32()), "copies of each model"),
    column("waited_s", pa.float64(), "seconds that clips waited for models, busy ones or others"),
    column("workers", pa.int32(), "workers the phase was given"),
    column("host", pa.string(), "machine of the driver"),
    column("versions", pa.map_(pa.string(), pa.string()), "versions of factory, Python and the libraries"),
    column("config", pa.string(), "the composed configuration, YAML"),
)


def schema(*columns: pa.Field) -> pa.Schema:
    return pa.schema(list(columns))


def features_schema(features: Mapping[str, str]) -> tuple[pa.Field, ...]:
    """One nullable float column a feature (null: the specialist abstained or was skipped), with its meaning."""
    return tuple(column(name, pa.float64(), meaning) for name, meaning in features.items())
