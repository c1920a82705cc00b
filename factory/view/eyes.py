"""What a Rerun recording of a stereo clip holds, in metres, and how its viewer lays it out.

world/path                 the left eye's way          world/left, world/right    both rectified eyes, over time
world/left/picture         the left eye's frames       .../depth                  what passes all checks, where kept
world/static               tracks that stand           world/moving               those that move, over time
world/tracks               of imported clips: tracks of which nobody said either, over time
world/points               where no tracks were kept: points that held the rig    decision    rows, in words
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import rerun as rr
import rerun.blueprint as rrb

from factory.data.result import ClipResult
from factory.geometry.lens import Lens, pinhole
from factory.geometry.remap import remap_table
from factory.stereo.layout import Layout, eye_lens, split
from factory.stereo.rectify import rectified_view, remapped
from factory.view.drawn import CORNER_PX, PICTURE_PX, STANDS, at, log_depth, log_path, log_picture, tail
from factory.world.tracks import MOVING, STATIC, UNKNOWN, WorldTracks

MOST_LINES = 1000  # tracks, evenly from all: of 50 frames 3 MB
WIDE_DEG = 90.0  # of a wide eye that are shown: no viewer has a frustum of 150
FRUSTUM = 0.08  # of the median distance of what stands
MILLIMETRE = 0.001  # what depth is counted in


@dataclass(frozen=True)
class Seen:
    """How the left eye is shown. lens, size: of its small pictures as filmed. left_rig: float64 (3, 3), takes rays of
    the rectified frame to the eye's. shown, shape: a pinhole in the rectified frame, and its picture's size."""

    lens: Lens
    size: tuple[int, int]
    left_rig: np.ndarray
    shown: Lens
    shape: tuple[int, int]


def record_eyes(clip: ClipResult, stream: rr.RecordingStream) -> None:
    """Writes all that there is of a stereo clip with poses. Raises what reading the clip raises."""
    stream.log("world", rr.ViewCoordinates.RDF, static=True)
    log_path(clip, stream)
    tracks = clip.world_tracks() if clip.has("world_tracks") else None
    colours = None
    away_m = 1.0
    if tracks is not None:
        stands = _middles(tracks)
        colours = np.full((len(stands), 3), STANDS, np.uint8)
        known = bool(np.any(tracks.label != UNKNOWN))
        away_m = _median_distance(tracks.points[stands] if known else tracks.points, clip)
        _over_time(clip, tracks, stream, *(("world/moving", MOVING) if known else ("world/tracks", UNKNOWN)))
    elif clip.has("stereo_tracks"):
        points = clip.arrays("stereo_tracks")["points"]
        points = points[np.isfinite(points).all(axis=1)]
        away_m = _median_distance(points, clip)
        stream.log("world/points", rr.Points3D(points, colors=STANDS, radii=rr.Radius.ui_points(1.5)), static=True)
    if clip.has("left_from_right"):
        seen = _pictures(clip, stream, tracks, colours)
        _eyes(clip, stream, seen, FRUSTUM * away_m)
        if clip.has("depth"):
            _depth(clip, stream, seen)
    if tracks is not None and len(stands):
        shown = rr.Points3D(tracks.points[stands], colors=colours, radii=rr.Radius.ui_points(1.5))
        stream.log("world/static", shown, static=True)


def eyes_layout() -> rrb.Blueprint:
    """Space on the left; the left eye's picture, its depth and what was decided on the right."""
    picture = "world/left/picture"
    return rrb.Blueprint(
        rrb.Horizontal(
            rrb.Spatial3DView(origin="world", name="space", contents=["$origin/**", f"- /{picture}/depth"]),
            rrb.Vertical(
                rrb.Spatial2DView(origin=picture, name="left eye", contents=[f"/{picture}"]),
                rrb.Spatial2DView(origin=picture, name="depth", contents=[f"/{picture}/depth"]),
                rrb.TextDocumentView(origin="decision", name="decision"),
            ),
            column_shares=[2, 1],
        ),
        collapse_panels=True,
    )


def _middles(tracks: WorldTracks) -> np.ndarray:
    """Rows of the middle sightings of tracks that stand: int64."""
    begin = np.flatnonzero(np.diff(tracks.track, prepend=-1))
    length = np.diff(np.append(begin, len(tracks.track)))
    return (begin + length // 2)[tracks.label == STATIC]


def _median_distance(points: np.ndarray, clip: ClipResult) -> float:
    away = np.linalg.norm(points - np.nanmedian(clip.world_from_cam[:, :3, 3], axis=0), axis=1)
    return float(np.median(away)) if len(away) else 1.0


def log_moving(clip: ClipResult, tracks: WorldTracks, stream: rr.RecordingStream) -> None:
    """Tracks that move, with tails."""
    _over_time(clip, tracks, stream, "world/moving", MOVING)


def _over_time(clip: ClipResult, tracks: WorldTracks, stream: rr.RecordingStream, entity: str, label: int) -> None:
    """Some tracks of that label: a colour each, from left to right as the camera sees where they begin."""
    these = np.flatnonzero(tracks.label == label)
    some = these[np.linspace(0, len(these) - 1, min(len(these), MOST_LINES)).astype(int)]
    begin = np.flatnonzero(np.diff(tracks.track, prepend=-1))
    x, _, z = _ahead(tracks, begin[some]).T
    share = np.argsort(np.argsort(np.arctan2(x, z))) / max(len(some) - 1, 1)
    colour = np.zeros((tracks.count, 3), np.uint8)
    colour[some] = cv2.applyColorMap((255 * share).astype(np.uint8), cv2.COLORMAP_HSV).reshape(-1, 3)
    wanted = np.isin(tracks.track, some)
    for frame in range(len(tracks.times_s)):
        at(clip, stream, frame)
        now = np.flatnonzero(wanted & (tracks.frame == frame))
        tails = [tracks.points[tail(tracks.track, tracks.frame, row)] for row in now.tolist()]
        radii = rr.Radius.ui_points(1.0)
        stream.log(entity, rr.LineStrips3D(tails, colors=colour[tracks.track[now]], radii=radii))


def _ahead(tracks: WorldTracks, rows: np.ndarray) -> np.ndarray:
    """Points of sightings in the frame of the camera that sees them: float64 (n, 3)."""
    poses = tracks.world_from_cam[tracks.frame[rows]]
    return np.asarray(np.einsum("nji,nj->ni", poses[:, :3, :3], tracks.points[rows] - poses[:, :3, 3]))


def _pictures(
    clip: ClipResult, stream: rr.RecordingStream, tracks: WorldTracks | None, colours: np.ndarray | None
) -> Seen:
    """Logs the left eye's pictures, and gives `colours`, uint8 (S, 3), of what stands as the eye sees it."""
    layout = Layout.read(clip["layout"])
    frames = clip.frames(max_side_px=2 * PICTURE_PX)
    seen = _seen(clip, layout, frames[0])
    rows = np.zeros(0, int) if tracks is None else _middles(tracks)
    x, y = np.zeros((2, 0), int) if tracks is None else _pixels(_ahead(tracks, rows), seen)
    table = remap_table(seen.lens, seen.shown, seen.shape, seen.left_rig)
    for frame, both in enumerate(frames):
        left, _ = split(both, layout)
        at(clip, stream, frame)
        log_picture(stream, "world/left/picture", remapped(left, table))
        if tracks is not None and colours is not None:
            here = tracks.frame[rows] == frame
            colours[here] = left[y[here], x[here]]
    return seen


def _seen(clip: ClipResult, layout: Layout, both: np.ndarray) -> Seen:
    left, _ = split(both, layout)
    size = (left.shape[1], left.shape[0])
    lens = eye_lens(layout, size)
    view = rectified_view(lens, size, np.array(clip["left_from_right"], float).reshape(4, 4))
    if view.lens.model == "pinhole":
        return Seen(lens, size, view.rectified2rig[0], view.lens, view.size)
    side = round(lens.focal_px * np.radians(WIDE_DEG))
    return Seen(lens, size, view.rectified2rig[0], pinhole(side / 2, (side, side)), (side, side))


def _pixels(points: np.ndarray, seen: Seen) -> np.ndarray:
    """Where points (n, 3) of the rectified eye's frame lie in its small picture: int64 (2, n), within it."""
    xy, _ = seen.lens.project(points @ seen.left_rig.T)
    return np.clip(np.nan_to_num(xy).round(), 0, np.array(seen.size) - 1).astype(int).T


def _eyes(clip: ClipResult, stream: rr.RecordingStream, seen: Seen, frustum_m: float) -> None:
    shown = rr.Pinhole(
        focal_length=(seen.shown.focal_px, seen.shown.focal_px * seen.shown.squeeze),
        principal_point=(seen.shown.cx + CORNER_PX, seen.shown.cy + CORNER_PX),
        resolution=seen.shape,
        camera_xyz=rr.ViewCoordinates.RDF,
        image_plane_distance=frustum_m,
    )
    for eye, side_m in (("left", 0.0), ("right", float(clip["baseline_m"]))):
        stream.log(f"world/{eye}/picture", shown, static=True)
        for frame, pose in _placed(clip):
            at(clip, stream, frame)
            place = pose[:3, 3] + side_m * pose[:3, 0]
            stream.log(f"world/{eye}", rr.Transform3D(translation=place, mat3x3=pose[:3, :3]))


def _placed(clip: ClipResult) -> Iterator[tuple[int, np.ndarray]]:
    for frame in np.flatnonzero(clip.registered).tolist():
        yield frame, clip.world_from_cam[frame]


def _depth(clip: ClipResult, stream: rr.RecordingStream, seen: Seen) -> None:
    """Along the axis, as a depth picture has it, where it can be trusted."""
    depth = clip.depth()
    table = remap_table(depth.lens, seen.shown, seen.shape)
    grid = np.stack(np.meshgrid(np.arange(seen.shape[0]), np.arange(seen.shape[1])), axis=-1).reshape(-1, 2)
    ahead = seen.shown.rays(grid)[:, 2].reshape(seen.shape[::-1])
    for number, range_m, confident in zip(depth.frame_index, depth.range_m, depth.confident, strict=True):
        at(clip, stream, int(np.flatnonzero(clip.frame_index == number)[0]))
        trusted = np.where(confident, np.nan_to_num(range_m), 0).astype(np.float32)
        shown = ahead * remapped(trusted, table, cv2.INTER_NEAREST)
        log_depth(stream, "world/left/picture/depth", np.where(shown > 0, shown, np.nan), MILLIMETRE)
