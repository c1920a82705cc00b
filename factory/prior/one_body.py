"""Of all that moves, the part that is one object: what hangs together with where it is known, through gaps too."""

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from factory.masks.regions import Links, Regions

# All guesses, set on four real clips; the object is hidden (behind a tree) where less of it shows than this share of
# its median area.
LEAST_SHOWN = 0.3
GAP_FRAMES = 12  # for so long
REACH = 1.5  # by the square root of its median area, and so much more for each frame of the gap, it is found again
REACH_A_FRAME = 0.1
LEAST_PX = 30  # a body that comes back


def one_body(regions: Regions, links: Links, moving: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Of the regions `moving`, bool (N,), the bodies (in touch in space and time) that hold one of `known`, bool (N,);
    and those that are seen near where it was while it is hidden. All of them where nothing is known to move."""
    both = moving[links.i] & moving[links.j]
    at = (links.i[both], links.j[both])
    _, body = connected_components(csr_matrix((np.ones(both.sum()), at), shape=(len(moving),) * 2), directed=False)
    mine = moving & np.isin(body, body[moving & known])
    if not mine.any():
        return moving
    centres, frame, frames = _centres(regions), regions.frames(), len(regions.at)
    for other in _largest_first(regions, body, moving & ~mine):
        rows = np.flatnonzero(moving & (body == other))
        if regions.size[rows].sum() < LEAST_PX:
            break
        area = np.bincount(frame[mine], regions.size[mine], frames)
        typical = float(np.median(area[area > 0]))
        shown = area > LEAST_SHOWN * typical
        there = np.unique(frame[rows])
        if shown[there].mean() > 0.5:
            continue
        seen = np.flatnonzero(shown)
        gaps = np.abs(seen[:, None] - there)
        last, first = np.unravel_index(gaps.argmin(), gaps.shape)
        gap = int(gaps[last, first])
        reach = (REACH + REACH_A_FRAME * gap) * np.sqrt(typical)
        left = _middle(regions, centres, np.flatnonzero(mine & (frame == seen[last])))
        back = _middle(regions, centres, rows[frame[rows] == there[first]])
        if gap <= GAP_FRAMES and np.linalg.norm(left - back) < reach:
            mine[rows] = True
    return mine


def _largest_first(regions: Regions, body: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The bodies of regions `rows`, bool (N,), int."""
    size = np.bincount(body[rows], regions.size[rows], body.max() + 1)
    return np.argsort(-size, kind="stable")[: np.count_nonzero(size)]


def _centres(regions: Regions) -> np.ndarray:
    """Of each region, float64 (N, 2), pixels."""
    height, width = regions.at.shape[1:]
    y, x = np.mgrid[:height, :width]
    found = np.zeros((regions.count, 2))
    for frame, at in enumerate(regions.at):
        begin, end = regions.first[frame : frame + 2]
        for axis, values in enumerate((x, y)):
            found[begin:end, axis] = np.bincount((at - begin).ravel(), values.ravel(), end - begin)
    return found / np.maximum(regions.size, 1.0)[:, None]


def _middle(regions: Regions, centres: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.asarray(np.average(centres[rows], axis=0, weights=regions.size[rows]))
