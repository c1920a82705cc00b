"""DynPose-100K as released, or as we export it: a pickle of cameras a clip, read without running what is in it."""

import ast
import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from factory.errors import StorageError
from factory.geometry.camera import invert_rigid
from factory.imports.posed import Found, Posed, checked_poses
from factory.pickled import read_pickle
from factory.sfm.model.model import COLMAP_OFFSET_PX

RELEASED_FPS = 12.0  # of the frames that the release poses, and their size: its data set card
RELEASED_SIZE = (1280, 720)
CAPTION_BYTES = 10_000_000  # of a cell of metadata.csv, a guess: Python's own limit is 131 kB


@dataclass(frozen=True)
class Named:
    """What the tables say of a clip: its source, when it begins there, its caption."""

    source: str
    start_s: float
    caption: str


def find(src: Path, fps: float | None) -> Found:
    """One clip a `cameras/<uid>.pkl`. `metadata.csv` and `uid_mapping.csv` tell its video, where they are there: its
    URL and start, else the name that Panda-70M's clips go by, `<videoID>_<number>.mp4`. fps: of the poses, else 12.
    """
    files = sorted((src / "cameras").glob("*.pkl"))
    named = _tables(src) if files else {}
    return ((path.name, partial(_read, path, named.get(path.stem), fps or RELEASED_FPS)) for path in files)


def _read(path: Path, named: Named | None, fps: float) -> Posed:
    try:
        told = read_pickle(path.read_bytes())
    except OSError as error:
        raise StorageError(f"{path} cannot be read ({error.strerror}).") from error
    try:
        found = checked_poses(np.asarray(told["poses"], float))
        count = len(found)
        cam_from_world = np.concatenate([found, np.tile([[[0.0, 0.0, 0.0, 1.0]]], (count, 1, 1))], axis=1)
        size = tuple(map(int, told["size"])) if "size" in told else RELEASED_SIZE
        times_s = np.asarray(told["times_s"], float) if "times_s" in told else None
        index = np.asarray(told["frame_index"], np.int64) if "frame_index" in told else None
        intrinsics = _intrinsics(np.asarray(told["intrinsics"], float), count, size) if "intrinsics" in told else None
        if any(each is not None and each.shape != (count,) for each in (times_s, index)):
            raise ValueError("times or numbers of frames are not as many as poses")
    except (KeyError, ValueError, TypeError) as error:
        raise StorageError(f"{path} is not laid out as DynPose-100K's cameras ({error}): leave it out.") from error
    named = named or Named(path.stem, 0.0, "")
    poses = invert_rigid(cam_from_world)
    poses[~np.isfinite(found).all(axis=(1, 2))] = np.nan
    return Posed(
        source=named.source,
        times_s=named.start_s + np.arange(count) / fps if times_s is None else times_s,
        world_from_cam=poses,
        intrinsics=intrinsics,
        size=(size[0], size[1]),
        frame_index=index,
        extra={"caption": named.caption} if named.caption else {},
    )


def _intrinsics(told: np.ndarray, count: int, size: tuple[int, ...]) -> np.ndarray:
    """K of each frame, float64 (F, 3, 3), pixel centres at integers. What the release has is told nowhere: one or one a
    frame of 3 x 3, of fx, fy, cx, cy, or of a focal length about the middle; pixels count from the corner, as the tools
    it is made with have it."""
    found = np.zeros((count, 3, 3))
    found[:, 2, 2] = 1.0
    if told.shape in ((3, 3), (count, 3, 3)):
        found[:] = told
    elif told.shape in ((4,), (count, 4)):
        found[:, [0, 1, 0, 1], [0, 1, 2, 2]] = told
    elif told.shape in ((), (1,), (count,)):
        found[:, 0, 0] = found[:, 1, 1] = told
        found[:, :2, 2] = np.array(size) / 2
    else:
        raise ValueError(f"intrinsics of shape {told.shape}")
    found[:, :2, 2] -= COLMAP_OFFSET_PX
    return found


def _tables(src: Path) -> dict[str, Named]:
    """By uid. The i-th line of uid_mapping.csv, behind its heading, are the clips of the i-th video of metadata.csv."""
    if not ((src / "metadata.csv").is_file() and (src / "uid_mapping.csv").is_file()):
        return {}
    csv.field_size_limit(CAPTION_BYTES)
    found = {}
    try:
        with (src / "metadata.csv").open(newline="") as videos, (src / "uid_mapping.csv").open(newline="") as mapping:
            next(mapping, None)
            for video, uids in zip(csv.DictReader(videos), csv.reader(mapping), strict=False):
                found.update({uid: _named(video, number) for number, uid in enumerate(uids)})
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise StorageError(f"the tables in {src} are not those of DynPose-100K ({error}).") from error
    return found


def _named(video: Mapping[str, Any], number: int) -> Named:
    spans, captions = _listed(video.get("timestamp")), _listed(video.get("caption"))
    caption = str(captions[number]) if number < len(captions) else ""
    if video.get("url") and number < len(spans):
        return Named(video["url"], _seconds(spans[number][0]), caption)
    return Named(f"{video['videoID']}_{number:03d}.mp4", 0.0, caption)


def _listed(text: str | None) -> list[Any]:
    """A list as Python writes it."""
    try:
        found = ast.literal_eval(text or "[]")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def _seconds(clock: str) -> float:
    """Of H:MM:SS.mmm."""
    hours, minutes, seconds = str(clock).split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
