"""Pose: clips in, intrinsics and a trajectory out, or the reason why none can be trusted."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from factory.camera_tags.path import Kind
from factory.camera_tags.sentence import sentence
from factory.camera_tags.tags import CameraTags
from factory.declared import ClipPhase
from factory.engine.work import Row
from factory.manifest.schema import POSE
from factory.phases.phase import common_row
from factory.sfm.model.trajectory import Trajectory
from factory.stage import Outcome
from factory.tracks import Tracks
from factory.trust.rule import Quality
from factory.trust.worth import Trust

# Columns of amounts are called by kind and unit.
AMOUNTS: dict[Kind, str] = {
    **dict.fromkeys(("pan", "tilt", "roll", "orbit"), "deg"),
    **dict.fromkeys(("dolly", "truck", "pedestal"), "by_depth"),
    "zoom": "factor",
}


@dataclass(frozen=True, kw_only=True)
class Pose(ClipPhase):
    """min_quality: of a solve that is accepted; previews: whether small videos are kept. `stages` refer to both."""

    min_quality: Quality
    previews: bool = True

    def columns(self) -> tuple[pa.Field, ...]:
        return POSE

    def rows(self, outcome: Outcome) -> list[Row]:
        """One row, with whatever the chain reached before the clip left it."""
        values = outcome.record.values
        row = {**common_row(outcome), **values.get("artifacts", {})}
        if "tracks" in values:
            tracks: Tracks = values["tracks"]
            clip = outcome.record.clip
            row |= {"timestamps": tracks.times_s.tolist(), "frame_index": tracks.frame_index.tolist()}
            row |= {"fps": _rate(tracks.times_s), "width": clip.width, "height": clip.height}
        if "background" in values:
            row |= {"motion_count": values["background"].hypotheses, "background_margin": values["background"].margin}
        if (motion := values.get("camera_motion")) is not None:
            row |= {"camera_motion": motion.verdict, "still_share": motion.still_share}
            row["parallax_ratio"] = motion.parallax_ratio
        if "dynamic_masks" in values:
            row["dynamic_share"] = float(np.mean(values["dynamic_masks"].share))
        if "trajectory" in values:
            row |= _trajectory(values["trajectory"], outcome.record.clip.width)
        if (trust := values.get("trust")) is not None:
            row |= _trust(trust)
        if (tags := values.get("camera_tags")) is not None:
            row |= _tags(tags)
        return [row]


def _trajectory(trajectory: Trajectory, width: int) -> Row:
    """Columns of a trajectory, its camera in pixels of the clip's own frames."""
    scale, camera, each = width / trajectory.tracks.width, trajectory.camera, trajectory.focal_px_per_frame
    centre = trajectory.centre_px_per_frame
    return {
        "registered": trajectory.registered.tolist(),
        "world_from_cam": [None if np.isnan(p).any() else p.ravel().tolist() for p in trajectory.world_from_cam],
        "camera_model": trajectory.camera.colmap_model,
        "focal_px": camera.focal_px * scale,
        "focal_per_frame_px": None if each is None else (each * scale).tolist(),
        "cx_px": (camera.cx + 0.5) * scale - 0.5,
        "cy_px": (camera.cy + 0.5) * scale - 0.5,
        "cx_per_frame_px": None if centre is None else _numbers((centre[:, 0] + 0.5) * scale - 0.5),
        "cy_per_frame_px": None if centre is None else _numbers((centre[:, 1] + 0.5) * scale - 0.5),
        "k1": camera.k1,
        "k2": camera.k2,
        "readout_s": trajectory.readout_s,
        "focal_reliable": trajectory.focal_reliable,
        "registered_ratio": trajectory.registered_ratio,
        "rotation_only": trajectory.rotation_only,
        "method": trajectory.method,
        "reprojection_error_px": trajectory.reprojection_error_px,
        "parallax_median_deg": trajectory.parallax_median_deg,
        "track_count": trajectory.track_count,
        "inlier_count": trajectory.inlier_count,
    }


def _trust(trust: Trust) -> Row:
    signals, predicted, apart = trust.signals, trust.predicted, trust.signals.apart
    halves = (
        {
            "half_ate_percent": None if signals.rotation_only else apart.ate_percent,
            "half_rotation_deg": apart.rotation_deg,
            "half_translation_deg": apart.translation_deg,
            "half_focal_spread": apart.focal_spread,
            "cross_px": apart.cross_px,
            "cross_ratio": apart.cross_ratio,
        }
        if apart is not None
        else {}
    )
    return {
        **halves,
        "quality": trust.quality,
        "translation_reliable": trust.translation_reliable,
        "ate_percent_predicted": predicted.ate_percent,
        "ate_percent_bound": predicted.ate_percent_bound,
        "ate_px_predicted": predicted.ate_px,
        "rotation_deg_predicted": predicted.rotation_deg,
        "translation_deg_predicted": predicted.translation_deg,
        "parallax_px": signals.parallax_px,
        "focal_log_sd": signals.focal_log_sd,
        "path_by_depth": signals.path_by_depth,
        "border_rival": signals.border_rival,
        "lower_rival": signals.lower_rival,
        "ring_win": signals.ring_win,
        "ring_cover": signals.ring_cover,
        "weakest_win": signals.weakest_win,
        "supported_ratio": signals.supported,
        "bridge": signals.bridge,
        "explained_ratio": signals.explained,
        "step_ratio": signals.step_ratio,
    }


def _tags(tags: CameraTags) -> Row:
    row: Row = {"camera_tags": list(tags.tags), "camera_sentence": sentence(tags), "shake_deg": tags.shake_deg}
    for kind, unit in AMOUNTS.items():
        if (found := tags.amounts.get(kind)) is not None:
            net, total = (found.net, found.total) if unit != "factor" else (np.exp(found.net), np.exp(found.total))
            row |= {f"{kind}_{unit}": float(net), f"{kind}_total_{unit}": float(total)}
    return row


def _numbers(values: np.ndarray) -> list[float | None]:
    """Values (F,) as a column has them: null for NaN."""
    return [None if np.isnan(value) else value for value in values.tolist()]


def _rate(times_s: np.ndarray) -> float | None:
    return float((len(times_s) - 1) / (times_s[-1] - times_s[0])) if len(times_s) > 1 else None
