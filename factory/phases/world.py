"""World: posed stereo clips in, depth and long tracks in world space out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from factory.declared import ClipPhase
from factory.engine.work import Row
from factory.manifest.stereo_columns import WORLD
from factory.phases.phase import common_row
from factory.phases.world_stages import Rectified, moving_ratio
from factory.stage import Outcome
from factory.world.tracks import MOVING, STATIC, WorldTracks

HALF_SPHERE_DEG = (-90.0, 90.0, -90.0, 90.0)


@dataclass(frozen=True, kw_only=True)
class World(ClipPhase):
    """See `conf/phase/world.yaml`."""

    def columns(self) -> tuple[pa.Field, ...]:
        return WORLD

    def rows(self, outcome: Outcome) -> list[Row]:
        """One row, with whatever the chain reached before the clip left it."""
        values = outcome.record.values
        row = {**common_row(outcome), **values.get("artifacts", {})}
        if "rectified" in values:
            rectified: Rectified = values["rectified"]
            row |= {"baseline_m": rectified.baseline_m, "fov_bounds": bounds_deg(values["layout"])}
            row["rectified2rig"] = rectified.view.rectified2rig.ravel().tolist()
            row |= {"confident_ratio": rectified.confident_ratio, "thrown": list(rectified.thrown().items())}
        if "world_tracks" in values:
            tracks: WorldTracks = values["world_tracks"]
            row |= {**counted(tracks, values["world_seen"]), **_noise(tracks)}
        return [row]


def bounds_deg(layout: dict[str, Any]) -> list[float] | None:
    """What an eye of VR180 sees, of the manifest's column."""
    if layout["projection"] != "half_equirect":
        return None
    return list(layout["fov_bounds"] or HALF_SPHERE_DEG)


def counted(tracks: WorldTracks, seen: int) -> Row:
    """How many there are of what. seen: sightings before any was left out."""
    count = len(tracks.track)
    return {
        "sightings": count,
        "kept_ratio": count / seen if seen else None,
        "track_count": tracks.count,
        "static_track_count": int(np.sum(tracks.label == STATIC)),
        "moving_track_count": int(np.sum(tracks.label == MOVING)),
        "moving_ratio": moving_ratio(tracks),
        "tracks_per_frame": count / len(tracks.times_s),
    }


def _noise(tracks: WorldTracks) -> Row:
    row: Row = {}
    if len(tracks.track):
        row["sigma_median_m"] = float(np.median(tracks.sigma_m))
    if np.any(tracks.label == STATIC):
        row["static_scatter_m"] = static_scatter_m(tracks)
    return row


def static_scatter_m(tracks: WorldTracks) -> float:
    """Of static tracks the root mean square distance of their measured points from their own mean, the median track's.
    Where the optimisation puts them tells nothing: it makes one point of what stands still, right or wrong."""
    points = tracks.measured
    count = np.bincount(tracks.track, minlength=tracks.count)
    mean = np.stack([np.bincount(tracks.track, axis, tracks.count) for axis in points.T], axis=1) / count[:, None]
    square = np.sum((points - mean[tracks.track]) ** 2, axis=1)
    each = np.sqrt(np.bincount(tracks.track, square, tracks.count) / count)
    return float(np.median(each[tracks.label == STATIC]))
