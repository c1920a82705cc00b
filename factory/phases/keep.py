"""What the pose phase keeps of a clip beside its row: tracks, masks, points, a preview."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from factory.artifacts import pack_masks, pack_tracks
from factory.clip import ClipRecord
from factory.points import ScenePoints, pack_points
from factory.preview.make import Preview, preview
from factory.sfm.model.model import errors_px
from factory.sfm.model.trajectory import Trajectory
from factory.storage.output import Storage
from factory.tracks import Tracks


@dataclass
class KeepArtifacts:
    """Writes tracks and masks beside the manifests, points where the camera moves, and, where wanted, what people look
    at first. Gives: artifacts, their paths by the column that names them."""

    needs: ClassVar[tuple[str, ...]] = (
        *("storage", "artifact_folder", "frames", "tracks", "background", "trajectory", "dynamic_masks"),
    )
    gives: ClassVar[tuple[str, ...]] = ("artifacts",)
    version: ClassVar[int] = 3

    previews: bool = True  # a small video and a still: 0.1 MB a clip, and some tenths of a second

    def __call__(self, record: ClipRecord) -> ClipRecord:
        storage: Storage = record["storage"]
        tracks: Tracks = record["tracks"]
        contents = {
            "tracks.npz": pack_tracks(tracks, record["background"].is_dynamic),
            "masks.npz": pack_masks(tracks.frame_index, record["dynamic_masks"].masks),
        }
        if (points := scene_points(record["trajectory"], record["frames"].rgb)) is not None:
            contents["points.npz"] = pack_points(points)
        if self.previews:
            seen = preview_of(record)
            contents |= {"preview.mp4": seen.video, "poster.webp": seen.poster}
        paths = {file: f"{record['artifact_folder']}/{file}" for file in contents}
        for file, content in contents.items():
            storage.write(storage.artifact(paths[file]), content)
        return record.give(artifacts={file.partition(".")[0]: path for file, path in paths.items()})


def preview_of(record: ClipRecord) -> Preview:
    """Of what the stages before have found."""
    trajectory: Trajectory = record["trajectory"]
    background = record["background"]
    return preview(
        record["frames"].rgb,
        record["dynamic_masks"].masks,
        record["tracks"],
        background.is_background,
        background.is_dynamic,
        trajectory.world_from_cam,
        None if trajectory.rotation_only else trajectory.points,
    )


def scene_points(trajectory: Trajectory, rgb: np.ndarray) -> ScenePoints | None:
    """The points that a trajectory's kept observations see, with colours of the sampled frames, uint8 (F, h, w, 3), of
    any size; None where it has none, as of a camera that does not move."""
    tracks, kept = trajectory.as_seen(), np.flatnonzero(trajectory.kept)
    kept = kept[np.isfinite(trajectory.points[tracks.track[kept], 0])]
    if trajectory.rotation_only or not len(kept):
        return None
    ids, point = np.unique(tracks.track[kept], return_inverse=True)
    frame, xy = tracks.frame[kept], tracks.xy[kept]
    error_px = errors_px(trajectory.tracks, trajectory.model)[kept]
    begin = np.searchsorted(point, np.arange(len(ids)))
    middle = begin + np.diff(np.append(begin, len(point))) // 2
    return ScenePoints(
        xyz=trajectory.points[ids].astype(np.float32),
        rgb=_colours(rgb, frame[middle], (xy[middle] + 0.5) / (tracks.width, tracks.height)),
        error_px=_means(error_px, point, len(ids)),
        point=point.astype(np.int32),
        frame=frame.astype(np.int32),
        xy=xy.astype(np.float32),
        frame_error_px=_means(error_px, frame, tracks.frames),
        width=tracks.width,
        height=tracks.height,
    )


def _means(values: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Of each group, float32; NaN where it is empty."""
    count = np.bincount(group, minlength=groups)
    total = np.bincount(group, values, minlength=groups)
    return np.where(count, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _colours(rgb: np.ndarray, frame: np.ndarray, place: np.ndarray) -> np.ndarray:
    """uint8 (n, 3) at places (n, 2), shares of the picture's width and height."""
    size = np.array([rgb.shape[2], rgb.shape[1]])
    x, y = np.clip((place * size).astype(int), 0, size - 1).T
    return rgb[frame, y, x]
