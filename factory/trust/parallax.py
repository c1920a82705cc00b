"""How much of what the tracks do no turn of the camera explains: without that, a direction of movement means little."""

import numpy as np

from factory.geometry.camera import unproject
from factory.geometry.turning import Matches, fit_rotation, rotation_residual, together
from factory.sfm.model.trajectory import Trajectory
from factory.tracks import Tracks
from factory.trust.scale import to_720p

STRIDES = (3, 6, 10, 16)  # samples, as for `trust.rival`
STARTS = 4  # pairs of each stride
LEAST = 30  # tracks of a pair
MOST = 300


def parallax_px(trajectory: Trajectory, tracks: Tracks, explained: np.ndarray) -> float | None:
    """Median over pairs of frames of the median distance that the best rotation leaves, px at 720p, of the tracks that
    the trajectory explains, bool (M,); None without such pairs."""
    part, model = tracks.select(explained), trajectory.model
    focal_px = trajectory.camera.focal_px
    pairs = []
    for stride in STRIDES:
        last = tracks.frames - 1 - stride
        for i in np.unique(np.linspace(0, last, STARTS).astype(int)).tolist() if last >= 0 else []:
            _, xy_i, xy_j = part.pair(i, i + stride)
            if len(xy_i) < LEAST:
                continue
            few = np.linspace(0, len(xy_i) - 1, min(len(xy_i), MOST)).astype(int)
            rays = [unproject(xy[few], model.camera_at(f)) for xy, f in ((xy_i, i), (xy_j, i + stride))]
            pairs.append(Matches(focal_px * rays[0][:, :2], focal_px * rays[1][:, :2]))
    if not pairs:
        return None
    rotations = fit_rotation(together(pairs), focal_px)
    each = [np.median(rotation_residual(m, focal_px, r)) for m, r in zip(pairs, rotations, strict=True)]
    return float(np.median(each)) * to_720p(tracks)
