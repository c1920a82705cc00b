"""What a page of a clip gets to look at: some of its tracks in the world, and some of its depth in colours."""

from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from factory.depth.maps import FILLED, FUSED, NONE, PRIOR, SWEPT, MonoDepth
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
# Where a pixel's depth is from, RGB; the pages' style has the same (`.key.sure` and others).
ORIGINS = {
    NONE: (BLACK, BLACK, BLACK),
    SWEPT: (46, 160, 92),
    FUSED: (130, 200, 240),
    FILLED: (235, 185, 60),
    PRIOR: (200, 100, 210),
}


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
    ends = _ends(depth.range_m[depth.confident])
    columns = []
    for range_m, confident in zip(depth.range_m, depth.confident, strict=True):
        shown, kept = _coloured(_small(range_m), *ends), _small(confident.astype(np.uint8)) > 0
        columns.append(np.concatenate([shown, np.where(kept[..., None], shown, np.uint8(BLACK))]))
    return _sheet(columns), ends


def mono_picture(depth: MonoDepth) -> tuple[bytes, tuple[float, float]]:
    """The same of depth of one eye, whose colours span what is sure, or all where nothing is; below is where each pixel
    has its depth from, see ORIGINS. The distances are in the depth's unit."""
    ends = _ends(depth.depth[depth.sure] if depth.sure.any() else depth.depth)
    kinds = np.array([ORIGINS[kind][::-1] for kind in sorted(ORIGINS)], np.uint8)
    pairs = zip(depth.depth, depth.origin, strict=True)
    return _sheet([np.concatenate([_coloured(_small(z), *ends), kinds[_small(origin)]]) for z, origin in pairs]), ends


def _ends(values: np.ndarray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return np.nan, np.nan
    near, far = np.percentile(known, TRIM).tolist()
    return near, far


def _small(values: np.ndarray) -> np.ndarray:
    height, width = values.shape
    scale = min(1.0, SIDE_PX / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_NEAREST))


def _sheet(columns: list[np.ndarray]) -> bytes:
    """A WebP of pictures uint8 (h, w, 3) BGR beside each other."""
    picture = np.concatenate(columns, axis=1)
    return cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1].tobytes()


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
