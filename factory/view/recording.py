"""What a Rerun recording of a clip holds, and how its viewer lays it out.

world            points, the camera's path             world/camera           pose and frustum, over time
world/camera/picture           the sampled frames      .../moving, .../tracks  masks and point tracks in them
world/camera/picture/depth     depth where there is any, in the unit of the poses
world/moving     tracks that move, over time, where any were lifted
plots/...        reprojection error and focal length   decision               the rows of all phases, in words

Stereo clips have others: see `factory.view.eyes`.
"""

import cv2
import numpy as np
import rerun as rr
import rerun.blueprint as rrb

from factory.data.result import ClipResult
from factory.depth.levels import unit_of
from factory.view.decision import decision
from factory.view.drawn import CORNER_PX, MOVES, PICTURE_PX, STANDS, at, log_depth, log_path, log_picture, tail
from factory.view.eyes import eyes_layout, log_moving, record_eyes

DEPTH = "world/camera/picture/depth"
FRUSTUM = 0.06  # of the extent of the points and the path


def record(clip: ClipResult, stream: rr.RecordingStream) -> None:
    """Writes all that there is of a clip; what no phase has made is left out. Raises what reading the clip raises."""
    tracked = clip.has("world_tracks") and not clip.has("mono_depth")  # of imported stereo video: there is no rig
    stereo = clip.has("world_from_cam") and (clip.has("left_from_right") or tracked)
    stream.send_blueprint(eyes_layout() if stereo else layout(clip.has("mono_depth")))
    stream.log("decision", rr.TextDocument(decision(clip), media_type=rr.MediaType.MARKDOWN), static=True)
    if stereo:
        record_eyes(clip, stream)
        return
    if not clip.has("timestamps"):
        return
    size = _pictures(clip, stream)
    if clip.has("masks"):
        _masks(clip, stream, size)
    if clip.has("tracks"):
        _tracks(clip, stream, size)
    if clip.has("mono_depth"):
        _depth(clip, stream, size)
    if clip.has("world_from_cam"):
        extent = _scene(clip, stream)
        _cameras(clip, stream, size, FRUSTUM * extent)
    if clip.has("world_tracks"):
        log_moving(clip, clip.world_tracks(), stream)


def layout(with_depth: bool) -> rrb.Blueprint:
    """Space and picture, and depth, beside each other, the plots below; what was decided on the right."""
    picture, depth = "world/camera/picture", [f"- /{DEPTH}"]
    seen = [rrb.Spatial2DView(origin=picture, name="picture", contents=["$origin/**", *depth])]
    if with_depth:
        seen.append(rrb.Spatial2DView(origin=picture, name="depth", contents=[f"/{DEPTH}"]))
    return rrb.Blueprint(
        rrb.Horizontal(
            rrb.Vertical(
                rrb.Horizontal(
                    rrb.Spatial3DView(origin="world", name="space", contents=["$origin/**", *depth]),
                    rrb.Vertical(*seen),
                ),
                rrb.Horizontal(
                    rrb.TimeSeriesView(origin="plots/reprojection_error_px", name="reprojection error, px"),
                    rrb.TimeSeriesView(origin="plots/focal_px", name="focal length, px"),
                ),
                row_shares=[3, 1],
            ),
            rrb.TextDocumentView(origin="decision", name="decision"),
            column_shares=[3, 1],
        ),
        collapse_panels=True,
    )


def _pictures(clip: ClipResult, stream: rr.RecordingStream) -> tuple[int, int]:
    """Width and height of what is shown."""
    frames = clip.frames(max_side_px=PICTURE_PX)
    for frame, picture in enumerate(frames):
        at(clip, stream, frame)
        log_picture(stream, "world/camera/picture", picture)
    return frames.shape[2], frames.shape[1]


def _masks(clip: ClipResult, stream: rr.RecordingStream, size: tuple[int, int]) -> None:
    """Transparent where nothing moves."""
    kinds = [(0, "stands", (0, 0, 0, 0)), (1, "moves", (*MOVES, 255))]
    stream.log("world/camera/picture/moving", rr.AnnotationContext(kinds), static=True)
    for frame, mask in enumerate(clip.masks()):
        at(clip, stream, frame)
        shown = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        stream.log("world/camera/picture/moving", rr.SegmentationImage(shown, opacity=0.4))


def _depth(clip: ClipResult, stream: rr.RecordingStream, size: tuple[int, int]) -> None:
    """Frames that have none show none, not that of the one before."""
    found = clip.mono_depth()
    unit, of = unit_of(found.depth), dict(zip(found.frame.tolist(), found.depth, strict=True))
    for frame, number in enumerate(clip.frame_index.tolist()):
        at(clip, stream, frame)
        if number in of:
            log_depth(stream, DEPTH, cv2.resize(of[number], size, interpolation=cv2.INTER_NEAREST), unit)
        else:
            stream.log(DEPTH, rr.Clear(recursive=False))


def _tracks(clip: ClipResult, stream: rr.RecordingStream, size: tuple[int, int]) -> None:
    tracks, is_dynamic = clip.tracks()
    xy = (tracks.xy + CORNER_PX) * (np.array(size) / (tracks.width, tracks.height))
    colour = np.array([STANDS, MOVES], np.uint8)[is_dynamic.astype(int)]
    for frame in range(tracks.frames):
        at(clip, stream, frame)
        now = np.flatnonzero(tracks.frame == frame)
        tails = [xy[tail(tracks.track, tracks.frame, row)] for row in now.tolist()]
        each = colour[tracks.track[now]]
        stream.log("world/camera/picture/tracks", rr.LineStrips2D(tails, colors=each, radii=0.6))
        stream.log("world/camera/picture/tracks/ends", rr.Points2D(xy[now], colors=each, radii=1.5))


def _scene(clip: ClipResult, stream: rr.RecordingStream) -> float:
    """Points and path; how far they extend, in the unit of the poses."""
    stream.log("world", rr.ViewCoordinates.RDF, static=True)
    seen = [log_path(clip, stream)]
    if clip.has("points"):
        points = clip.points()
        seen.append(np.percentile(points.xyz, (10, 90), axis=0))
        shown = rr.Points3D(points.xyz, colors=points.rgb, radii=rr.Radius.ui_points(1.5))
        stream.log("world/points", shown, static=True)
        for frame in np.flatnonzero(np.isfinite(points.frame_error_px)):
            at(clip, stream, int(frame))
            stream.log("plots/reprojection_error_px", rr.Scalars(float(points.frame_error_px[frame])))
    extent = np.ptp(np.concatenate(seen), axis=0)
    return float(np.linalg.norm(extent)) or 1.0


def _cameras(clip: ClipResult, stream: rr.RecordingStream, size: tuple[int, int], frustum: float) -> None:
    scale = np.array([size[0] / clip.size[0], size[1] / clip.size[1]])
    for frame in np.flatnonzero(clip.registered):
        at(clip, stream, int(frame))
        pose, matrix = clip.world_from_cam[frame], clip.intrinsics[frame]
        stream.log("world/camera", rr.Transform3D(translation=pose[:3, 3], mat3x3=pose[:3, :3]))
        stream.log("plots/focal_px", rr.Scalars(float(matrix[0, 0])))
        pinhole = rr.Pinhole(
            focal_length=matrix[[0, 1], [0, 1]] * scale,
            principal_point=(matrix[:2, 2] + CORNER_PX) * scale,
            resolution=size,
            camera_xyz=rr.ViewCoordinates.RDF,
            image_plane_distance=frustum,
        )
        stream.log("world/camera/picture", pinhole)
