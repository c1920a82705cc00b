"""Long tracks in world space: what the world phase keeps of a clip."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from factory.geometry.lens import Lens

STATIC, MOVING, UNKNOWN = 0, 1, 2  # labels


@dataclass(frozen=True)
class WorldTracks:
    """N sightings of M tracks in F frames, sorted by (track, frame), in the scene's unit of length (metres where the
    baseline tells it), seen by a camera through `lens` in pictures of width by height pixels. Of one camera that zooms,
    or whose picture shifts, `lens` is that of the first frame: the others' are in the pose phase's columns. Of imported
    tracks whose pictures nobody told the lens is None, the size 0 by 0, and xy is NaN.

    Of sightings: track int32 (N,), 0..M-1. frame int32 (N,). xy float32 (N, 2) pixels, centres at integers. range_m
    float32 (N,), distance along the ray, as measured, with its standard deviation sigma_m float32 (N,). measured,
    points float32 (N, 3), world: where that is, and where the optimisation puts it.
    Of tracks: label int8 (M,), static, moving or unknown. motion_px float32 (M,), see `scene_motion`, 90th percentile.
    chi2 float32 (M,), how far the sightings are from one point in standard deviations, squared, 90th percentile.
    speed_m_s, speed_sigma_m_s float32 (M,), if it moves evenly; inf where it is seen at one time only.
    Of frames: world_from_cam float64 (F, 4, 4), NaN without a pose. times_s float64 (F,), frame_index int64 (F,), in
    the source.
    """

    track: np.ndarray
    frame: np.ndarray
    xy: np.ndarray
    range_m: np.ndarray
    sigma_m: np.ndarray
    measured: np.ndarray
    points: np.ndarray
    label: np.ndarray
    motion_px: np.ndarray
    chi2: np.ndarray
    speed_m_s: np.ndarray
    speed_sigma_m_s: np.ndarray
    world_from_cam: np.ndarray
    times_s: np.ndarray
    frame_index: np.ndarray
    lens: Lens | None
    width: int
    height: int

    @property
    def count(self) -> int:
        """M, the number of tracks."""
        return len(self.label)

    def select(self, keep: np.ndarray) -> "WorldTracks":
        """Only the tracks where `keep`, bool (M,), is true, renumbered in order. Frames all stay."""
        wanted = keep[self.track]
        number = np.cumsum(keep, dtype=np.int32) - 1
        seen = {name: getattr(self, name)[wanted] for name in OF_SIGHTINGS}
        of_tracks = {name: getattr(self, name)[keep] for name in OF_TRACKS}
        return replace(self, **(seen | of_tracks | {"track": number[self.track[wanted]]}))

    def scaled(self, by: float) -> "WorldTracks":
        """In another unit of length, `by` of which are one of this."""
        found: dict[str, Any] = {name: getattr(self, name) * np.float32(by) for name in LENGTHS}
        poses = self.world_from_cam.copy()
        poses[:, :3, 3] *= by
        return replace(self, **found, world_from_cam=poses)


LENGTHS = ("range_m", "sigma_m", "measured", "points", "speed_m_s", "speed_sigma_m_s")
NAMES = tuple(field.name for field in fields(WorldTracks))
OF_SIGHTINGS = NAMES[: NAMES.index("label")]
OF_TRACKS = NAMES[NAMES.index("label") : NAMES.index("world_from_cam")]


def joined(parts: Sequence[WorldTracks]) -> WorldTracks:
    """All tracks of parts of one clip, one at least, numbered on."""
    first = np.cumsum([0, *(part.count for part in parts[:-1])], dtype=np.int32)
    numbered = [part.track + begin for part, begin in zip(parts, first, strict=True)]
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in OF_SIGHTINGS[1:] + OF_TRACKS
    }
    return replace(parts[0], track=np.concatenate(numbered), **arrays)
