"""One picture a clip, by which a failure can be looked at: frames with tracks and mask, the path, numbers."""

from collections.abc import Sequence

import cv2
import numpy as np

from factory.tracks import Tracks

TILE_PX, COLUMNS, ROWS = 400, 4, 2
TAIL = 5  # sampled frames a track is drawn back over
COLOURS = {"background": (80, 220, 80), "dynamic": (60, 60, 255), "neither": (200, 200, 200)}
INK, PAPER = (20, 20, 20), (255, 255, 255)


def contact_sheet(
    pictures: Sequence[np.ndarray],
    tracks: Tracks,
    is_background: np.ndarray,
    is_dynamic: np.ndarray,
    world_from_cam: np.ndarray | None,
    masks: Sequence[np.ndarray] | None = None,
    lines: Sequence[str] = (),
) -> np.ndarray:
    """uint8 (H, W, 3) BGR.

    pictures: grey or RGB, one a sampled frame. is_background, is_dynamic: bool (M,) of the tracks. world_from_cam:
    (F, 4, 4), NaN where a frame is not placed. masks: bool (h, w) a frame, true where something moves. lines: text.
    """
    chosen = np.unique(np.linspace(0, len(pictures) - 1, COLUMNS * ROWS).astype(int))
    tiles = []
    for f in chosen.tolist():
        tile = _tile(pictures[f], None if masks is None else masks[f])
        _draw_tracks(tile, tracks, is_background, is_dynamic, f)
        cv2.putText(tile, f"{tracks.times_s[f]:.2f} s", (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 255, 255), 1)
        tiles.append(tile)
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (COLUMNS * ROWS - len(tiles))
    grid = np.vstack([np.hstack(tiles[r * COLUMNS : (r + 1) * COLUMNS]) for r in range(ROWS)])
    side = np.full((grid.shape[0], TILE_PX, 3), 255, np.uint8)
    if world_from_cam is not None:
        _draw_path(side, world_from_cam)
    foot = np.full((18 * len(lines) + 8, grid.shape[1] + TILE_PX, 3), 255, np.uint8)
    for n, line in enumerate(lines):
        cv2.putText(foot, line, (6, 18 * (n + 1)), cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)
    return np.vstack([np.hstack([grid, side]), foot])


def _tile(picture: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    height = round(picture.shape[0] * TILE_PX / picture.shape[1])
    small = cv2.resize(picture, (TILE_PX, height), interpolation=cv2.INTER_AREA)
    tile = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR if small.ndim == 2 else cv2.COLOR_RGB2BGR)
    if mask is not None:
        shown = cv2.resize(mask.astype(np.uint8), (TILE_PX, height), interpolation=cv2.INTER_NEAREST) > 0
        tile[shown] = (0.6 * tile[shown] + 0.4 * np.array([255, 80, 255])).astype(np.uint8)
    return tile


def _draw_tracks(
    tile: np.ndarray, tracks: Tracks, is_background: np.ndarray, is_dynamic: np.ndarray, frame: int
) -> None:
    scale = tile.shape[1] / tracks.width
    rows = np.flatnonzero((tracks.frame <= frame) & (tracks.frame > frame - TAIL))
    present = np.zeros(tracks.count, bool)
    present[tracks.at(frame)[0]] = True
    rows = rows[present[tracks.track[rows]]]
    for begin, end in zip(*_runs(tracks.track[rows]), strict=True):
        track = int(tracks.track[rows[begin]])
        kind = "background" if is_background[track] else "dynamic" if is_dynamic[track] else "neither"
        line = ((tracks.xy[rows[begin:end]] + 0.5) * scale).round().astype(np.int32)
        cv2.polylines(tile, [line[:, None]], False, COLOURS[kind], 1, cv2.LINE_AA)
        cv2.circle(tile, [int(v) for v in line[-1]], 1, COLOURS[kind], -1)


def _runs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where runs of equal values begin and end."""
    begin = np.flatnonzero(np.diff(values, prepend=-1))
    return begin, np.append(begin[1:], len(values))


def _draw_path(side: np.ndarray, world_from_cam: np.ndarray) -> None:
    """From above (x to the right, z up), and from the side (z to the right, y down); viewing directions as ticks."""
    placed = world_from_cam[np.isfinite(world_from_cam[:, 0, 0])]
    half = side.shape[0] // 2
    if not len(placed):
        cv2.putText(side, "no path", (10, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.5, INK, 1)
        return
    first = np.linalg.inv(placed[0])
    poses = first @ placed  # as the first camera sees them
    for top, (across, down), name in ((0, (0, -2), "from above"), (half, (2, 1), "from the side")):
        axes = np.array([poses[:, abs(a), 3] * (-1 if a < 0 else 1) for a in (across, down)]).T
        looks = np.array([poses[:, abs(a), 2] * (-1 if a < 0 else 1) for a in (across, down)]).T
        extent = max(float(np.ptp(axes, axis=0).max()), 1e-9)
        room = min(half, side.shape[1]) - 60
        at = (axes - axes.min(axis=0)) / extent * room + np.array([30, top + 30])
        points = at.round().astype(np.int32)
        cv2.polylines(side, [points[:, None]], False, (200, 120, 0), 1, cv2.LINE_AA)
        for point, look in zip(points, looks, strict=True):
            end = (point + 12 * look).round().astype(int)
            cv2.line(side, tuple(map(int, point)), tuple(map(int, end)), (160, 160, 160), 1, cv2.LINE_AA)
        cv2.circle(side, [int(v) for v in points[0]], 4, (0, 160, 0), -1)
        cv2.putText(side, name, (6, top + 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)
