"""How much of the picture's border a choice of tracks holds: its left, right and top, where the world shows."""

import numpy as np

from factory.tracks import Tracks


def in_ring(xy: np.ndarray, width: int, height: int, share: float) -> np.ndarray:
    """Positions (n, 2) within `share` of the picture from its left, right or top border, not the bottom: bool (n,)."""
    x, y = xy.T
    return np.asarray((x < share * width) | (x > (1 - share) * width) | (y < share * height))


def border_score(tracks: Tracks, is_background: np.ndarray, cover_weight: float = 0.5) -> float:
    """How much of the left, right and top border a choice of tracks holds: in [0, 1 + cover_weight].

    win: share of the occupied border cells where most tracks are chosen; cover: share of all border cells with a chosen
    track; means over frames.
    """
    total, chosen = _in_border(tracks, is_background, np.arange(len(tracks.track)))
    seen = (total > 0).any(axis=1)
    if not seen.any():
        return 0.0
    return float(_win(total[seen], chosen[seen]).mean() + cover_weight * (chosen[seen] > 0).mean())


def border_cells(tracks: Tracks) -> float:
    """How many cells of the left, right and top border have a track, of 52: mean over frames."""
    total, _ = _in_border(tracks, np.zeros(tracks.count, bool), np.arange(len(tracks.track)))
    return float((total > 0).sum(axis=1).mean()) if len(total) else 0.0


def weakest_win(tracks: Tracks, is_background: np.ndarray, least_cells: int) -> float | None:
    """The least share of the border, over successive frames, that a choice of tracks wins among the tracks that go from
    one to the next; None where none fill `least_cells`. What joins two parts of a clip only by what moves shows here.
    """
    goes_on = np.zeros(len(tracks.track), bool)
    goes_on[:-1] = (np.diff(tracks.track) == 0) & (np.diff(tracks.frame) == 1)
    total, chosen = _in_border(tracks, is_background, np.flatnonzero(goes_on))
    told = (total > 0).sum(axis=1) >= least_cells
    return float(_win(total[told], chosen[told]).min()) if told.any() else None


def _win(total: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Of each frame's occupied cells, the share where most observations are chosen: float64 (F,)."""
    return np.asarray(((total > 0) & (2 * chosen > total)).sum(axis=1) / (total > 0).sum(axis=1))


def _in_border(tracks: Tracks, is_background: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many of the observations `rows`, and how many chosen ones, lie in each border cell: (F, cells) each.

    The picture is cut into 16 cells along the longer side and 9 along the shorter. The border is two cells wide and
    leaves out the bottom two rows.
    """
    columns, lines = (16, 9) if tracks.width >= tracks.height else (9, 16)
    xy = tracks.xy[rows]
    column = np.clip((xy[:, 0] + 0.5) * columns / tracks.width, 0, columns - 1).astype(int)
    line = np.clip((xy[:, 1] + 0.5) * lines / tracks.height, 0, lines - 1).astype(int)
    cell = (tracks.frame[rows].astype(np.int64) * lines + line) * columns + column
    size = tracks.frames * lines * columns
    total = np.bincount(cell, minlength=size).reshape(-1, lines, columns)
    chosen = np.bincount(cell, is_background[tracks.track[rows]], size).reshape(-1, lines, columns)
    border = np.zeros((lines, columns), bool)
    border[:, :2] = border[:, -2:] = border[:2] = True
    border[-2:] = False
    return total[:, border], chosen[:, border]
