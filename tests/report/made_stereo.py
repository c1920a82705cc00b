"""An output of stereo clips, written without running anything: one of every fate, with tracks and depth."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from factory.geometry.lens import pinhole
from factory.manifest.phases import coming_from
from factory.manifest.schema import COMMON, INGEST, schema
from factory.manifest.stereo_columns import RIG, WORLD
from factory.manifest.write import parquet_of_rows
from factory.phases.record import record_run
from factory.phases.run import Summary
from factory.stereo.depth_file import pack_depth
from factory.stereo.disparity import Disparity
from factory.stereo.pair import StereoPath, StereoTracks
from factory.stereo.rectify import rectified_view
from factory.stereo.tracks_file import pack_stereo_tracks
from factory.storage.output import Storage, artifact_folder
from factory.tracks import tracks_from
from factory.world.artifact import pack_world_tracks
from factory.world.tracks import MOVING, STATIC, UNKNOWN, WorldTracks

FRAMES, SIZE, BASELINE_M = 30, (64, 48), 0.063
FATES = ("moves", "stands", "refused", "kept nothing", "not stereo")
NEAR_M, FAR_M = 2.0, 6.0  # of the two halves of each depth picture
STILL, WALKERS, DOUBTED = 1500, 150, 50  # tracks
CONFIG = """
rig: {min_quality: silver, stages: {grade: {rule: {least_matched: 0.7}}}}
world:
  stages: {accept: {least_moving: 0.01}, depth: {disparity: {checks: {most_vertical_px: 0.5}}}}
"""


def write_stereo_output(root: Path) -> Storage:
    """A clip of each of FATES: a camera that moves, one that stands, one that the rig's rule refuses, one whose world
    phase kept no depth, and one that is no stereo. CONFIG is what the run says it was."""
    storage = Storage.at(root)
    rows: dict[str, list[dict[str, Any]]] = {"ingest": [], "rig": [], "world": []}
    for fate in FATES:
        rows["ingest"].append({**_common(fate), "width": 128, "height": 48, "fps": 24.0, "source_version": "1-1"})
        rows["rig"].append(_rig(storage, fate))
        if rows["rig"][-1]["status"] == "ok":
            rows["world"].append(_world(storage, fate))
    rig = coming_from(schema(*COMMON, *RIG), "ingest")
    schemas = {"ingest": schema(*COMMON, *INGEST), "rig": rig, "world": coming_from(schema(*COMMON, *WORLD), "rig")}
    for phase, each in rows.items():
        storage.write(storage.part(phase, "1"), parquet_of_rows(each, schemas[phase]))
    summaries = []
    for phase, each in rows.items():
        summary = Summary(phase, len(each), 0, datetime.now(timezone.utc), wall_s=7.0, cpu_s=9.0)
        summary.counts.update(row["status"] for row in each)
        summaries.append(summary)
    record_run(storage, "20260101T000000-0001", summaries, "inline", CONFIG)
    return storage


def name_of(fate: str) -> str:
    return f"{FATES.index(fate):020x}"


def _common(fate: str, *reasons: str) -> dict[str, Any]:
    where = {"clip_id": name_of(fate), "source": f"/v/{fate}.mp4", "source_start_s": 0.0, "source_end_s": 1.25}
    return {
        **where,
        "status": "rejected" if reasons else "ok",
        "reasons": list(reasons),
        "fingerprint": "f",
        "attempt": 1,
    }


def poses() -> np.ndarray:
    """The left eye's, (F, 4, 4): 0.6 m to the right."""
    found = np.tile(np.eye(4), (FRAMES, 1, 1))
    found[:, 0, 3] = np.linspace(0.0, 0.6, FRAMES)
    return found


def _rig(storage: Storage, fate: str) -> dict[str, Any]:
    if fate == "not stereo":
        reason = "not_stereo: the halves share 0.02 of what they show, under 0.25"
        return {**_common(fate, reason), "side_by_side_ratio": 0.02, "top_bottom_ratio": 0.01}
    matched = 0.65 if fate == "refused" else 0.95
    reasons = [f"matched: the right eye finds only {matched:.0%} of the left one's points"] if matched < 0.7 else []
    layout = {"arrangement": "side_by_side", "projection": "rectified", "swapped": False, "across_deg": 60.0}
    row = {**_common(fate, *reasons), "width": SIZE[0], "height": SIZE[1], "layout": layout, "baseline_m": BASELINE_M}
    row |= {"timestamps": [n / 24 for n in range(FRAMES)], "frame_index": list(range(FRAMES)), "fps": 24.0}
    row |= {"registered": [True] * FRAMES, "registered_ratio": 1.0, "rotation_only": False}
    row |= {"world_from_cam": poses().reshape(FRAMES, 16).tolist(), "left_from_right": _beside().ravel().tolist()}
    row |= {"rig_pitch_deg": 0.01, "rig_yaw_deg": 0.0, "rig_roll_deg": -0.2, "baseline_deg": 0.1, "lag_frames": 0.05}
    row |= {"matched_ratio": matched, "clear_ratio": 0.9, "ahead_ratio": 1.0, "vertical_px": 0.04, "won_ratio": 0.8}
    row |= {"spread_ratio": 0.7}
    row |= {"explained_ratio": 0.8, "reprojection_error_px": 0.1, "distance_m": 4.0, "speed_m_s": 0.5, "path_m": 0.6}
    row |= {"quality": None if reasons else "gold", "camera_motion": "moving", "half_px": 0.02, "half_scale": 1.001}
    row |= {"half_ate_percent": 0.1, "ate_percent_predicted": 0.2, "ate_m_predicted": 0.001}
    if fate == "stands":
        row |= {"camera_motion": "still", "half_scale": None, "half_ate_percent": None, "ate_percent_predicted": None}
    rng, seen = np.random.default_rng(0), 300
    tracks = tracks_from(
        np.repeat(np.arange(seen), 2), np.tile([0, 1], seen), np.zeros((2 * seen, 2)), np.arange(FRAMES) / 24,
        np.arange(FRAMES), SIZE,
    )  # fmt: skip
    points = rng.uniform((-3, -1, 3), (3, 1, 6), (seen, 3))
    points[::3] = np.nan
    path = StereoPath(poses(), _beside(), points, np.ones(2 * seen, bool))
    content = pack_stereo_tracks(StereoTracks(tracks, np.zeros((2 * seen, 2))), path, _lens())
    return {**row, "stereo_tracks": _kept(storage, fate, "rig", "stereo_tracks.npz", content)}


def _world(storage: Storage, fate: str) -> dict[str, Any]:
    tracks = world_tracks()
    row = {**_common(fate), "baseline_m": BASELINE_M, "confident_ratio": 0.75, "track_count": tracks.count}
    row |= {"static_track_count": STILL, "moving_track_count": WALKERS, "moving_ratio": 0.08}
    row["thrown"] = [("unseen", 0.01), ("vertical", 0.25), ("second", 0.1)]
    row["world_tracks"] = _kept(storage, fate, "world", "world_tracks.npz", pack_world_tracks(tracks))
    if fate != "kept nothing":
        row["depth"] = _kept(storage, fate, "world", "depth.npz", depth())
    return row


def world_tracks() -> WorldTracks:
    """What stands is seen in frames 0 to 9, walkers in all, who walk 1 m along z and x."""
    label = np.array([STATIC] * STILL + [MOVING] * WALKERS + [UNKNOWN] * DOUBTED, np.int8)
    length = np.where(label == MOVING, FRAMES, 10)
    track = np.repeat(np.arange(len(label), dtype=np.int32), length)
    frame = np.concatenate([np.arange(n, dtype=np.int32) for n in length])
    start = np.random.default_rng(1).uniform((-3, -1, 3), (3, 1, 6), (len(label), 3))
    points = start[track] + np.outer((label[track] == MOVING) * frame / (FRAMES - 1.0), (1.0, 0.0, 1.0))
    seen, each = np.ones(len(track), np.float32), np.ones(len(label), np.float32)
    xy, where = np.zeros((len(track), 2), np.float32), points.astype(np.float32)
    times_s, index = np.arange(FRAMES) / 24, np.arange(FRAMES)
    return WorldTracks(
        *(track, frame, xy, seen, seen, where, where, label, each, each, each, each),
        *(poses(), times_s, index, _lens(), *SIZE),
    )


def depth() -> bytes:
    """Of every sixth frame: the left half near, the right half far and not to be trusted."""
    view = rectified_view(_lens(), SIZE, _beside())
    range_m = np.where(np.arange(SIZE[0]) < SIZE[0] // 2, NEAR_M, FAR_M) * np.ones((SIZE[1], 1))
    disparity = (_lens().focal_px * BASELINE_M / range_m).astype(np.float32)
    one = Disparity(disparity, range_m < FAR_M, {})
    return pack_depth(view, BASELINE_M, [one] * 5, np.arange(0, FRAMES, 6))


def _lens() -> Any:
    return pinhole(SIZE[0] / 2 / np.tan(np.radians(30)), SIZE)


def _beside() -> np.ndarray:
    found = np.eye(4)
    found[0, 3] = BASELINE_M
    return found


def _kept(storage: Storage, fate: str, phase: str, file: str, content: bytes) -> str:
    path = f"{artifact_folder(name_of(fate), phase, 'f')}/{file}"
    storage.write(storage.artifact(path), content)
    return path
