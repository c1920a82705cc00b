"""Beside a clip's Sampson error: what its matches allow at best, and what a camera that turns or stands would leave."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from factory.evaluate.cameras import PosedCamera
from factory.evaluate.refit import Refit, refit
from factory.evaluate.sampson import HEIGHT_PX, Matches, identity_px
from factory.geometry.camera import invert_rigid

LEAST = 15  # matches of a pair that is refined


@dataclass(frozen=True)
class Floor:
    """Of one clip, at 720p. floor_px: mean over pairs of frames of the error after each is refined on these matches
    with the focal length held. turn_px: median over pairs of what the best rotation leaves, still_px: of the motion.
    translation_deg: median angle between directions of translation given and refined over the `pinned` pairs that hold
    it to 5 degrees. None where no pair has two poses."""

    floor_px: float | None
    turn_px: float | None
    still_px: float
    translation_deg: float | None
    pinned: int


def clip_floor(matches: Matches, cameras: Sequence[PosedCamera]) -> Floor:
    scale = HEIGHT_PX / float(matches.size[0, 1])
    found, still = list(_refits(matches, cameras)), float(np.median(identity_px(matches)))
    if not found:
        return Floor(None, None, still, None, 0)
    angles = [f.translation_deg for f in found if f.translation_deg is not None]
    return Floor(
        scale * float(np.mean([f.floor_px for f in found])),
        scale * float(np.median([f.turn_px for f in found])),
        still,
        float(np.median(angles)) if angles else None,
        len(angles),
    )


def _refits(matches: Matches, cameras: Sequence[PosedCamera]) -> Iterator[Refit]:
    """Of each pair of frames that one of the cameras has posed, in pixels of the matches."""
    moments, number = np.unique(matches.times_s, axis=0, return_inverse=True)
    for pair, moment in enumerate(moments):
        rows = np.flatnonzero(number.ravel() == pair)
        for camera in cameras:
            index = camera.at(moment)
            if len(rows) < LEAST or (index < 0).any():
                continue
            first, second = camera.trajectory.world_from_cam[index]
            lens, sides = camera.lens, []
            for side, xy in zip(index, (matches.xy_i, matches.xy_j), strict=True):
                which = np.full(len(rows), side)
                pixels = np.c_[lens.undistorted(xy[rows], matches.size[rows], which), np.ones(len(rows))]
                # Rows are read in turn: what the camera turns meanwhile is undone, what it moves needs depths.
                poses = camera.at_row(which, xy[rows, 1], matches.size[rows, 1])[:, :3, :3]
                turn = camera.trajectory.world_from_cam[side, :3, :3].T @ poses
                rays = np.einsum("nij,nj->ni", turn @ np.linalg.inv(lens.matrix(which)), pixels)
                sides.append(rays[:, :2] / rays[:, 2:])
            focal_px = float(lens.matrix(index)[:, 0, 0].mean()) * matches.size[rows[0], 1] / lens.full_height
            yield refit(focal_px * sides[0], focal_px * sides[1], focal_px, invert_rigid(second) @ first)
            break
