"""A small output with all three phases, written without running anything: what tables and exports are tried on."""

from datetime import datetime, timezone
from typing import Any

import numpy as np

from factory.artifacts import pack_masks
from factory.filters.features import FEATURES
from factory.manifest.phases import coming_from
from factory.manifest.schema import COMMON, FILTER, INGEST, POSE, features_schema, schema
from factory.manifest.write import parquet_of_rows
from factory.phases.record import record_run
from factory.phases.run import Summary
from factory.storage.output import Storage, artifact_folder

SCHEMAS = {
    "ingest": schema(*COMMON, *INGEST),
    "filter": coming_from(schema(*COMMON, *FILTER, *features_schema(FEATURES)), "ingest"),
    "pose": coming_from(schema(*COMMON, *POSE), "filter"),
}
FRAMES = 52
TORN = (
    "ring_win: the solution explains only 12% of the picture's border, it may follow a moving object",
    "bridge: only 9 points that fit join the frames before one place to those after",
)
CLIPS = {  # name: (what filter says, what pose says)
    "good": ((), ()),
    "bars": ((), ()),
    "torn": ((), TORN),
    "still": (("still_share (C3): 74% of the border stay where they are: the camera does not move",), None),
}


def write_output(storage: Storage, folder: str = "/v") -> None:
    """Four clips of four sources and a source that cannot be read; of 100 x 60 pixels, `bars` inside black ones."""
    ingest = [_row(name, folder, (), width=100, height=60, **_frame(name)) for name in CLIPS]
    broken = {"status": "failed", "failed_stage": "SurveySource", "error_type": "VideoError", "error": "no video"}
    ingest.append({**_row("broken", folder, ()), **broken, "source_end_s": 0.0})
    filtered = [_row(name, folder, says) for name, (says, _) in CLIPS.items()]
    posed = [_row(name, folder, says, **_pose(name)) for name, (_, says) in CLIPS.items() if says is not None]
    for phase, rows in (("ingest", ingest), ("filter", filtered), ("pose", posed)):
        storage.write(storage.part(phase, "1"), parquet_of_rows(rows, SCHEMAS[phase]))
    for row in posed:
        masks = np.zeros((FRAMES, 30, 50), bool)
        masks[:, :15] = True
        storage.write(storage.artifact(row["masks"]), pack_masks(np.arange(FRAMES), masks))
    summaries = []
    for phase, ok in (("ingest", 4), ("filter", 3), ("pose", 2)):
        summary = Summary(phase, 4, 0, datetime.now(timezone.utc), wall_s=70.0, cpu_s=4000.0)
        summary.counts["ok"] = ok
        summaries.append(summary)
    record_run(storage, "20260101T000000-0001", summaries, "inline", "a: 1\n")


def _frame(name: str) -> dict[str, Any]:
    if name != "bars":
        return {"source_width": 100, "source_height": 60}
    return {"source_width": 120, "source_height": 80, "crop_x": 20, "crop_y": 10}


def _row(name: str, folder: str, reasons: tuple[str, ...], **more: Any) -> dict[str, Any]:
    where = {"clip_id": f"{name:0<20}", "source": f"{folder}/{name}.mp4", "source_start_s": 0.0, "source_end_s": 4.25}
    verdict = {"status": "rejected" if reasons else "ok", "reasons": list(reasons), "fingerprint": "f", "attempt": 1}
    return {**where, **verdict, **more}


def _pose(name: str) -> dict[str, Any]:
    registered = [n > 0 for n in range(FRAMES)]
    return {
        "timestamps": [n / 12 for n in range(FRAMES)],
        "frame_index": [2 * n for n in range(FRAMES)],
        "fps": 12.0,
        "width": 100,
        "height": 60,
        "registered": registered,
        "world_from_cam": [np.eye(4).ravel().tolist() if placed else None for placed in registered],
        "camera_model": "SIMPLE_RADIAL",
        "focal_px": 90.0,
        "focal_per_frame_px": [90.0 + n for n in range(FRAMES)] if name == "good" else None,
        "cx_px": 49.5,
        "cy_px": 29.5,
        "k1": -0.1,
        "k2": 0.02,
        "focal_reliable": name == "good",
        "registered_ratio": 51 / 52,
        "masks": artifact_folder(f"{name:0<20}", "pose", "f") + "/masks.npz",
    }
