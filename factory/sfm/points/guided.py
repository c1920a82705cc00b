"""Guided track extension: points of a solved clip are looked for in the frames their tracks do not reach.

A tracker loses points that something hides, that leave the picture, or that come too near another; the poses say where
they are again. Observations far apart in time are what holds a path together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from factory.geometry.camera import invert_rigid, project_cam
from factory.geometry.rolling import as_read, at_middle_row
from factory.sfm.model.model import Model, parallax_deg
from factory.sfm.model.rolling import nearest_velocity, read_by_rows
from factory.sfm.points.patch_alignment import Patches, PatchRefinement, aligned, patch_offsets, remember, smoothed
from factory.tracks import Tracks, tracks_from


@dataclass(frozen=True)
class Extension:
    """Where a point is looked for, and when a sighting counts.

    provenance: angle, scale and correlation as in a study on five rendered clips, where 25 to 55 % more observations
    took a quarter to two fifths off the position error. `most_sightings` is a guess: those furthest in time count most.
    """

    least_kept: int = 4  # observations of a point that is trusted to predict others
    least_parallax_deg: float = 1.0
    most_angle_deg: float = 25.0  # between the rays of the reference and of the new sighting
    scales: tuple[float, float] = (0.6, 1.6)
    border_px: float = 8.0
    most_sightings: int = 12  # new ones a track and direction
    patch: PatchRefinement = field(
        default_factory=lambda: PatchRefinement(iterations=5, least_correlation=0.9, most_shift_px=2.0, most_affine=1.2)
    )


def extended(
    tracks: Tracks, model: Model, grey_frames: Sequence[np.ndarray], how: Extension, readout_s: float | None = None
) -> tuple[Tracks, np.ndarray]:
    """Tracks with the new sightings, under the same numbers, and which observations are new, bool (N,).

    Each track is continued beyond its last frame from its patch there, and before its first from that one. readout_s:
    where tracks are `read_at_once`, for where patches lie in the pictures.
    """
    fit = _trusted(tracks, model, how)
    begin = np.searchsorted(tracks.track, np.arange(tracks.count + 1))
    found = []
    for ends, later in ((begin[1:] - 1, True), (begin[:-1], False)):
        found.append(_continued(tracks, model, grey_frames, fit, ends, later, how, readout_s or 0.0))
    track, frame, xy, velocity = (np.concatenate(parts) for parts in zip(*found, strict=True))
    known = tracks.velocity_px_s
    both = tracks_from(
        np.concatenate([tracks.track, track]),
        np.concatenate([tracks.frame, frame]),
        np.concatenate([tracks.xy, xy]),
        tracks.times_s,
        tracks.frame_index,
        (tracks.width, tracks.height),
        velocity_px_s=None if known is None else np.concatenate([known, velocity]),
    )
    order = np.lexsort((np.concatenate([tracks.frame, frame]), np.concatenate([tracks.track, track])))
    return both, order >= len(tracks.track)


def _trusted(tracks: Tracks, model: Model, how: Extension) -> np.ndarray:
    """Tracks whose points may predict: bool (M,)."""
    kept = np.bincount(tracks.track[model.kept], minlength=tracks.count) >= how.least_kept
    return kept & (parallax_deg(tracks, model) >= how.least_parallax_deg)


def _continued(
    tracks: Tracks,
    model: Model,
    grey_frames: Sequence[np.ndarray],
    fit: np.ndarray,
    ends: np.ndarray,
    later: bool,
    how: Extension,
    readout_s: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """New sightings after (or before) the observations `ends`, int (M,): track (n,), frame (n,), xy (n, 2), velocity
    (n, 2)."""
    offsets, weight = patch_offsets(how.patch)
    patches = Patches(tracks.count, len(offsets))
    last = tracks.frame[ends]
    usable = fit & model.kept[ends] & model.registered[last]
    seen_at = read_by_rows(tracks, readout_s).xy
    # Frames are smoothed when their turn comes: all of them at once take four times the memory of the clip.
    for f in np.unique(last[usable]):
        ids = np.flatnonzero(usable & (last == f))
        remember(smoothed(grey_frames[f]), seen_at[ends[ids]], ids, patches, offsets, weight, how.patch.damping)
    left = np.full(tracks.count, how.most_sightings)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    # The furthest frames first: they say most.
    for f in range(tracks.frames)[:: -1 if later else 1]:
        if not model.registered[f]:
            continue
        ids = np.flatnonzero(usable & (left > 0) & ((last < f) if later else (last > f)))
        xy, affine, seen = _predicted(tracks, model, ids, last[ids], f, how)
        ids, xy = ids[seen], xy[seen]
        if len(ids) == 0:
            continue
        patches.affine[ids] = affine[seen]
        velocity = _velocities(tracks, f, xy) if readout_s else np.full_like(xy, np.nan)
        if readout_s:
            xy = as_read(xy, velocity, tracks.height, readout_s)
        moved, good = aligned(smoothed(grey_frames[f]), xy, ids, patches, offsets, weight, how.patch)
        if readout_s:
            moved = at_middle_row(moved, velocity, tracks.height, readout_s)
        found.append((ids[good], np.full(int(good.sum()), f), moved[good], velocity[good]))
        left[ids[good]] -= 1
    nothing = (np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2)), np.zeros((0, 2)))
    track, frame, xy, velocity = (np.concatenate(parts) for parts in zip(nothing, *found, strict=True))
    return track, frame, xy, velocity


def _velocities(tracks: Tracks, frame: int, at: np.ndarray) -> np.ndarray:
    rows = np.flatnonzero(tracks.frame == frame)
    assert tracks.velocity_px_s is not None  # or nothing could have been read at once
    return nearest_velocity(tracks.xy[rows], tracks.velocity_px_s[rows], at)


def _predicted(
    tracks: Tracks, model: Model, ids: np.ndarray, reference: np.ndarray, frame: int, how: Extension
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where points `ids` fall in a frame, (n, 2), how their patches are bent on the way from their reference frames,
    (n, 2, 2), for surfaces that face the reference camera, and whether it is worth looking, bool (n,)."""
    points, there, here = model.points[ids], model.cam_from_world[frame], model.cam_from_world[reference]
    cam_there = points @ there[:3, :3].T + there[:3, 3]
    cam_here = np.einsum("nij,nj->ni", here[:, :3, :3], points) + here[:, :3, 3]
    depth_there, depth_here = cam_there[:, 2], cam_here[:, 2]
    ahead = (depth_there > 1e-6) & (depth_here > 1e-6)
    z = np.where(ahead, depth_there, 1.0)
    turn = there[:3, :3] @ np.swapaxes(here[:, :3, :3], 1, 2)
    slope = np.zeros((len(ids), 2, 3))
    slope[:, [0, 1], [0, 1]] = 1.0
    slope[:, :, 2] = -cam_there[:, :2] / z[:, None]
    zoom = 1.0 if model.focal_px is None else model.focal_px[frame] / model.focal_px[reference]
    affine = (slope @ turn[:, :, :2]) * (zoom * depth_here / z)[:, None, None]
    xy = project_cam(np.where(ahead[:, None], cam_there, 1.0), model.camera_at(frame))
    scale = np.sqrt(np.abs(np.linalg.det(affine)))
    centres = invert_rigid(model.cam_from_world)[:, :3, 3]
    to_there, to_here = centres[frame] - points, centres[reference] - points
    lengths = np.linalg.norm(to_there, axis=1) * np.linalg.norm(to_here, axis=1)
    cosine = np.sum(to_there * to_here, axis=1) / np.maximum(lengths, 1e-12)
    size = np.array([tracks.width, tracks.height])
    inside = np.all((xy >= how.border_px) & (xy <= size - 1 - how.border_px), axis=1)
    fits = (scale > how.scales[0]) & (scale < how.scales[1]) & (cosine > np.cos(np.radians(how.most_angle_deg)))
    return xy, affine, ahead & inside & fits


def carried(model: Model, new: np.ndarray) -> Model:
    """The model for tracks that have `new` observations, bool (N,), among the old: kept as they were, new ones not."""
    kept = np.zeros(len(new), bool)
    kept[~new] = model.kept
    return replace(model, kept=kept)
