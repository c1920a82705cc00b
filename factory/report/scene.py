"""What stereo video gives a page to look at: some of a clip's tracks in the world, and some of its depth in colours."""

from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from factory.report.curves import coarse
from factory.stereo.depth_file import StereoDepth
from factory.world.tracks import MOVING, STATIC, UNKNOWN, WorldTracks

MOST_STATIC = 900  # points of what stands: 18 kB
MOST_LINES = 100  # tracks that move, the longer half of them
LINE_POINTS = 12  # of such a track
PICTURES = 3  # frames, evenly from those that are kept
SIDE_PX = 300  # of one, its longer side
TRIM = (2.0, 98.0)  # percentiles of the trusted distances that colours span
QUALITY = 70  # of WebP: 15 to 40 kB for six
BLACK = 12  # grey where nothing is


def tracks_of(tracks: WorldTracks) -> dict[str, Any]:
    """`static`: (P, 3), the middle sighting of some tracks that stand; `moving`: some that move, each (n, 3) with its
    first and last sighting, n at most `LINE_POINTS`; world. `counts`: how many there are of each kind, and of unknown
    ones. Where all are, as of imported clips, `static` and `moving` have some of these."""
    begin = np.flatnonzero(np.diff(tracks.track, prepend=-1))
    length = np.diff(np.append(begin, len(tracks.track)))
    still, moves, doubted = (np.flatnonzero(tracks.label == kind) for kind in (STATIC, MOVING, UNKNOWN))
    points, drawn = (still, moves) if len(doubted) < tracks.count else (doubted, doubted)
    some = points[_evenly(len(points), MOST_STATIC)]
    long = drawn[length[drawn] >= np.median(length[drawn])] if len(drawn) else drawn
    lines = [
        begin[one] + _evenly(int(length[one]), LINE_POINTS)
        for one in long[_evenly(len(long), MOST_LINES)]
    ]  # fmt: skip
    rows = [begin[some] + length[some] // 2, *lines]
    xyz = coarse(tracks.points[np.concatenate(rows)].astype(float))
    ends = np.cumsum([len(each) for each in rows]).tolist()
    return {
        "static": xyz[: ends[0]],
        "moving": [xyz[a:b] for a, b in pairwise(ends)],
        "counts": [len(still), len(moves), len(doubted)],
    }


def places(count: int) -> list[int]:
    """Of the depth pictures that are shown, of so many."""
    return _evenly(count, PICTURES).tolist()


def depth_picture(depth: StereoDepth) -> tuple[bytes, tuple[float, float]]:
    """A WebP: the pictures of `depth` beside each other, all distances above, below what passes all checks; near is
    red, far blue, black is nothing. And the distances, metres, where colours end: NaN where nothing is trusted."""
    trusted = depth.range_m[depth.confident & np.isfinite(depth.range_m)]
    near, far = np.percentile(trusted, TRIM).tolist() if len(trusted) else (np.nan, np.nan)
    height, width = depth.range_m.shape[1:]
    scale = min(1.0, SIDE_PX / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    columns = []
    for range_m, confident in zip(depth.range_m, depth.confident, strict=True):
        small = cv2.resize(range_m, size, interpolation=cv2.INTER_NEAREST)
        kept = cv2.resize(confident.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        shown = _coloured(small, near, far)
        columns.append(np.concatenate([shown, np.where(kept[..., None], shown, np.uint8(BLACK))]))
    picture = np.concatenate(columns, axis=1)
    return cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1].tobytes(), (near, far)


def _coloured(range_m: np.ndarray, near: float, far: float) -> np.ndarray:
    """uint8 (h, w, 3) BGR: even steps of colour are even shares of distance."""
    known = np.isfinite(range_m) & (range_m > 0) & np.isfinite(near)
    span = max(np.log(far / near), 1e-6) if np.isfinite(near) else 1.0
    share = np.log(far / np.where(known, range_m, far)) / span if np.isfinite(near) else np.zeros(range_m.shape)
    colour = cv2.applyColorMap((255 * np.clip(share, 0, 1)).astype(np.uint8), cv2.COLORMAP_TURBO)
    return np.where(known[..., None], colour, np.uint8(BLACK))


def _evenly(count: int, most: int) -> np.ndarray:
    """Up to `most` places below `count`, the first and the last among them: int64."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(int)
