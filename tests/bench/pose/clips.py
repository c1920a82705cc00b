"""Videos with known cameras: as `factory synth` writes them, or a folder a clip with `groundtruth_tum.txt`."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from factory.clip import Clip
from factory.tum import read_tum
from factory.video import Frame, clip_frames
from tests.videos import whole

FPS = 12.0
MAX_SIDE_PX = 1280


@dataclass(frozen=True)
class TrueClip:
    """world_from_cam: float64 (F, 4, 4), row i = video frame i. focal_px: float64 (F,) of the video's own frames.
    expect: what a right answer is: pose, rotation or still."""

    name: str
    video: Path
    world_from_cam: np.ndarray
    focal_px: np.ndarray
    expect: str = "pose"

    def clip(self) -> Clip:
        """The whole video as one clip."""
        return whole(self.video, name=self.name)

    def frames(self) -> list[Frame]:
        """The sampled frames that every method gets, grey."""
        return list(clip_frames(self.video, self.clip(), FPS, MAX_SIDE_PX, grey=True))


def true_clips(folders: Sequence[Path], only: Sequence[str] = ()) -> Iterator[TrueClip]:
    """All clips below the folders that have one trajectory, by name."""
    for folder in folders:
        for video in sorted(folder.rglob("*.mp4")):
            found = _rendered(video) or _measured(video)
            if found is not None and (not only or found.name in only):
                yield found


def _rendered(video: Path) -> TrueClip | None:
    tum, description = video.with_suffix(".tum.txt"), video.with_suffix(".json")
    if not (tum.exists() and description.exists()):
        return None
    told = json.loads(description.read_text())
    _, poses = read_tum(tum)
    focal = np.broadcast_to(np.asarray(told["intrinsics"]["focal_px"], float), len(poses))
    expect = {"static": "still", "rotating": "rotation"}.get(told["labels"]["camera"], "pose")
    return TrueClip(video.stem, video, poses, focal, expect)


def _measured(video: Path) -> TrueClip | None:
    tum, intrinsics = video.parent / "groundtruth_tum.txt", video.parent / "intrinsics.json"
    if not tum.exists() or "stereo" in video.name:
        return None
    (_, poses), told = read_tum(tum), json.loads(intrinsics.read_text())
    return TrueClip(video.parent.name, video, poses, np.full(len(poses), told["fx"]))
