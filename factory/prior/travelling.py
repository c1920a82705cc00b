"""Labels that travel: from the tracks of one frame to those of all others, along tracks that go together."""

import numpy as np
from scipy.spatial import cKDTree

from factory.tracks import Tracks

STEPS = (3, -3, 2, -2, 1, -1)  # frames over which a track's motion is told, the first that there is
NEAREST = 6
REACH = 0.12  # of the picture's width, to the nearest tracks
# How differently two tracks of one body may move in a frame: at a width of 640, and as a share of their motion. A third
# and twice of each change the mean J of five real and three rendered clips by 0.004 at most.
APART_PX, APART_SHARE = 0.3, 0.05
LEAST_SURE = 0.3  # of one neighbour that lies here and moves alike; all of these are guesses


def travelled(tracks: Tracks, value: np.ndarray, frame: int) -> np.ndarray:
    """value: float64 (M,), of the tracks seen in `frame`; NaN for others. The same with the values of tracks that are
    seen beside them, frame by frame away from there: the mean of those near them that move alike, by how near and how
    alike. NaN where nothing is."""
    value, reach_px = value.copy(), REACH * tracks.width
    apart_px = APART_PX * tracks.width / 640
    for f in sorted(range(tracks.frames), key=lambda f: abs(f - frame)):
        ids, xy = tracks.at(f)
        moves = _motion(tracks, f, ids)
        known = np.isfinite(moves[:, 0])
        old, new = (np.flatnonzero(known & some) for some in (~np.isnan(value[ids]), np.isnan(value[ids])))
        if len(old) < 3 or not len(new):
            continue
        far, at = cKDTree(xy[old]).query(xy[new], k=min(NEAREST, len(old)))
        differ = np.linalg.norm(moves[old][at] - moves[new][:, None], axis=2)
        allowed = apart_px + APART_SHARE * np.linalg.norm(moves[new], axis=1)[:, None]
        weight = np.exp(-0.5 * (far / (reach_px / 2)) ** 2 - 0.5 * (differ / allowed) ** 2) + 1e-9
        total = weight.sum(axis=1)
        sure = total > LEAST_SURE
        value[ids[new[sure]]] = ((weight * value[ids[old]][at]).sum(axis=1) / total)[sure]
    return value


def _motion(tracks: Tracks, frame: int, ids: np.ndarray) -> np.ndarray:
    """Pixels a frame of the tracks `ids`, those seen in `frame`: float64 (n, 2), NaN where it is seen nowhere near."""
    moves = np.full((len(ids), 2), np.nan)
    for step in STEPS:
        if 0 <= frame + step < tracks.frames:
            common, here, there = tracks.pair(frame, frame + step)
            at = np.searchsorted(ids, common)
            free = np.isnan(moves[at, 0])
            moves[at[free]] = ((there - here) / step)[free]
    return moves
