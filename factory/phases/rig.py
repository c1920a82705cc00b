"""Rig: stereo clips in, how both eyes are held and where they go in metres out, or why that cannot be trusted."""

from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
from scipy.spatial.transform import Rotation

from factory.declared import ClipPhase
from factory.engine.work import Row
from factory.geometry.rectification import rectified2rig
from factory.manifest.stereo_columns import RIG
from factory.phases.phase import common_row
from factory.phases.rig_grading import StereoTrust
from factory.stage import Outcome
from factory.stereo.layout import Layout, eye_size
from factory.stereo.pair import Eyes, StereoPath
from factory.stereo.recognise import Recognised
from factory.trust.rule import Quality


@dataclass(frozen=True, kw_only=True)
class Rig(ClipPhase):
    """min_quality: of a solve that is accepted; previews: whether small videos are kept. `stages` refer to both."""

    min_quality: Quality
    previews: bool = True

    def columns(self) -> tuple[pa.Field, ...]:
        return RIG

    def rows(self, outcome: Outcome) -> list[Row]:
        """One row, with whatever the chain reached before the clip left it."""
        values = outcome.record.values
        row = {**common_row(outcome), **values.get("artifacts", {})}
        if "recognised" in values:
            found: Recognised = values["recognised"]
            row |= {f"{name}_ratio": share for name, share in found.shares.items()}
        if "layout" in values:
            layout: Layout = values["layout"]
            clip = outcome.record.clip
            width, height = eye_size(layout, (clip.width, clip.height))
            row |= {"layout": asdict(layout), "width": width, "height": height}
        if "eyes" in values:
            row |= _frames(values["eyes"])
        if "stereo_tracks" in values:
            row["track_count"] = values["stereo_tracks"].tracks.count
        if "rig_solve" in values and (path := values["rig_solve"].path) is not None:
            row |= path_columns(path, values["rig_options"].baseline_m)
        if "trust" in values:
            row |= _trust(values["trust"])
        return [row]


def _frames(eyes: Eyes) -> Row:
    times_s = eyes.times_s
    rate = float((len(times_s) - 1) / (times_s[-1] - times_s[0])) if len(times_s) > 1 else None
    return {"timestamps": times_s.tolist(), "frame_index": eyes.frame_index.tolist(), "fps": rate}


def path_columns(path: StereoPath, baseline_m: float) -> Row:
    """Columns of a path: of the rectified left eye, and how the eyes are held."""
    turned = rectified2rig(path.left_from_right)
    world_from_cam = path.world_from_left.copy()
    world_from_cam[:, :3, :3] = world_from_cam[:, :3, :3] @ turned[0]
    placed = np.isfinite(world_from_cam[:, 0, 0])
    steps = np.linalg.norm(np.diff(world_from_cam[placed, :3, 3], axis=0), axis=1)
    rig_deg = Rotation.from_matrix(path.left_from_right[:3, :3]).as_rotvec(degrees=True)
    return {
        "world_from_cam": [None if np.isnan(pose).any() else pose.ravel().tolist() for pose in world_from_cam],
        "registered": placed.tolist(),
        "registered_ratio": float(placed.mean()),
        "rotation_only": False,
        "left_from_right": path.left_from_right.ravel().tolist(),
        "rectified2rig": turned.ravel().tolist(),
        "baseline_m": baseline_m,
        **dict(zip(("rig_pitch_deg", "rig_yaw_deg", "rig_roll_deg"), rig_deg.tolist(), strict=True)),
        "inlier_count": int(np.isfinite(path.points[:, 0]).sum()),
        "path_m": float(steps.sum()),
    }


def _trust(trust: StereoTrust) -> Row:
    signals, halves, predicted = trust.signals, trust.signals.halves, trust.predicted
    row: Row = {
        "quality": trust.quality,
        "camera_motion": signals.method,
        "matched_ratio": signals.matched,
        "clear_ratio": signals.clear,
        "ahead_ratio": signals.ahead,
        "vertical_px": signals.vertical_px,
        "explained_ratio": signals.kept,
        "won_ratio": signals.won,
        "spread_ratio": signals.spread,
        "reprojection_error_px": signals.reprojection_px,
        "baseline_deg": signals.baseline_deg,
        "distance_m": signals.distance_m,
        "speed_m_s": signals.speed_m_s,
        "travel_px": signals.travel_px,
        "turn_deg": signals.turn_deg,
        "lag_frames": signals.lag_frames,
    }
    if signals.lens is not None:
        row |= {"lens_ratio": signals.lens.ratio, "lens_log_sd": signals.lens.log_sd}
    if halves is not None:
        row |= {"half_distance_m": halves.distance_m, "half_rotation_deg": halves.rotation_deg}
        row |= {"half_rig_deg": halves.rig_deg, "half_px": signals.halves_px}
        if signals.method == "moving":
            row |= {"half_ate_percent": halves.path_percent, "half_scale": halves.scale}
    if predicted is not None:
        row |= {"ate_m_predicted": predicted.ate_m, "ate_percent_predicted": predicted.ate_percent}
        row["scale_percent_predicted"] = predicted.scale_percent
    return row
