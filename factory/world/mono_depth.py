"""Depth maps of one camera at the points of tracks, and those points in the world."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from factory.depth.maps import FUSED, NONE, SWEPT, MonoDepth
from factory.geometry.camera import Camera
from factory.geometry.lens import Lens
from factory.tracks import Tracks
from factory.world.depth_rules import DepthRules
from factory.world.follow import SeededTracks
from factory.world.lift import ACROSS_PX
from factory.world.lifted import Lifted

PERCENT = 100.0  # of the inverse of the clip's median depth: what `DepthRules` are told in place of pixels of disparity


@dataclass(frozen=True)
class DepthAt:
    """Of N sightings. depth: float64 (N,), along the optical axis, NaN where it is not known or the rules drop it.
    origin: uint8 (N,), see `factory.depth.maps`; NONE where depth is NaN. inside: bool (N,), in the mask of what moves.
    middle: the clip's median depth."""

    depth: np.ndarray
    origin: np.ndarray
    inside: np.ndarray
    middle: float

    def of(self, rows: np.ndarray) -> "DepthAt":
        """Those of some sightings."""
        return DepthAt(self.depth[rows], self.origin[rows], self.inside[rows], self.middle)


def depth_at(rules: DepthRules, seeded: SeededTracks, depth: MonoDepth, moving: np.ndarray) -> DepthAt:
    """depth: its `frame` are places among the F frames of the tracks. moving: bool (F, h, w) of the depth's size.
    Raises ValueError where they are of other frames or sizes, or no depth is known at all."""
    frames, *shape = moving.shape
    if frames != seeded.tracks.frames or tuple(shape) != depth.depth.shape[1:]:
        raise ValueError(
            f"masks are {moving.shape}, depth {depth.depth.shape}, and tracks have {seeded.tracks.frames} frames"
        )
    tracks = _shrunk(seeded.tracks, (shape[1], shape[0]))
    x, y = tracks.xy.round().astype(int).T
    measured = depth.depth[(depth.origin == SWEPT) | (depth.origin == FUSED)]
    known_at_all = measured if len(measured) else depth.depth[depth.origin != NONE]
    if not len(known_at_all):
        raise ValueError("no pixel of the clip has depth")
    middle = float(np.median(known_at_all))
    sampled = rules.sampled(tracks, _inverse(depth, PERCENT * middle, frames))
    place = np.full(frames, -1)
    place[depth.frame] = np.arange(len(depth.frame))
    at = place[tracks.frame]
    origin = np.where(at >= 0, depth.origin[at, y, x], NONE)
    known = rules.kept(SeededTracks(tracks, seeded.seed_frame), sampled) & (origin != NONE)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(known, PERCENT * middle / sampled.disparity_px.astype(float), np.nan)
    origin = np.where(known, origin, NONE).astype(np.uint8)
    return DepthAt(values, origin, moving[tracks.frame, y, x], middle)


def lifted_by(
    tracks: Tracks, cameras: Sequence[Camera], world_from_cam: np.ndarray, depth: np.ndarray, shares: np.ndarray
) -> Lifted:
    """Sightings in the world, all of frames with a pose. cameras: of each frame, in pixels of the tracks. depth: (N,),
    with standard deviations that are `shares` (N,) of it."""
    rays, spread = np.empty((len(tracks.track), 3)), np.empty(len(tracks.track))
    order = np.argsort(tracks.frame, kind="stable")
    ends = np.searchsorted(tracks.frame[order], np.arange(tracks.frames + 1))
    for frame, camera in enumerate(cameras):
        rows = order[ends[frame] : ends[frame + 1]]
        lens = lens_of(camera)
        rays[rows], spread[rows] = lens.rays(tracks.xy[rows]), lens.spread(tracks.xy[rows])
    ranges = depth / rays[:, 2]
    turned = np.einsum("nij,nj->ni", world_from_cam[tracks.frame, :3, :3], rays)
    centres = world_from_cam[tracks.frame, :3, 3]
    noise = (shares * ranges, ACROSS_PX * spread * ranges)
    return Lifted(tracks.track, tracks.frame, centres, turned, ranges, *noise, tracks.times_s)


def lens_of(camera: Camera) -> Lens:
    """The same camera's."""
    return Lens("pinhole", camera.focal_px, camera.cx, camera.cy, camera.k1, camera.k2)


def _shrunk(tracks: Tracks, size: tuple[int, int]) -> Tracks:
    """In pixels of a picture of another size, within it."""
    scale = np.array(size) / (tracks.width, tracks.height)
    xy = np.clip((tracks.xy + 0.5) * scale - 0.5, 0, np.array(size) - 1)
    return Tracks(tracks.track, tracks.frame, xy, tracks.times_s, tracks.frame_index, *size)


def _inverse(depth: MonoDepth, unit: float, frames: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each frame `unit` by its depth, and where that is known."""
    place = {frame: number for number, frame in enumerate(depth.frame.tolist())}
    nothing = np.full(depth.depth.shape[1:], np.nan, np.float32)
    for frame in range(frames):
        found = depth.depth[place[frame]] if frame in place else nothing
        yield unit / found, np.isfinite(found)
