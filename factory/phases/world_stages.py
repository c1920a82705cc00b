"""The world phase's steps on one clip: rectify, measure distances, follow points, place them in the world."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.construct import Count, Positive, Share
from factory.errors import VideoError
from factory.phases.rig_stages import eye_frames
from factory.stage import Rejected
from factory.stereo.depth_file import pack_depth
from factory.stereo.disparity import DenseDisparity, Disparity
from factory.stereo.layout import Layout, eye_lens, split
from factory.stereo.rectify import View, rectified_view
from factory.stereo.void import never_shown
from factory.storage.output import Storage
from factory.video import shrink
from factory.world.artifact import pack_world_tracks
from factory.world.follow import Follow
from factory.world.solve import SolveTracks
from factory.world.tracks import MOVING, WorldTracks


@dataclass(frozen=True)
class Rectified:
    """A clip's rectified left pictures and what the right ones tell of their depth, F frames.

    left: uint8 (H, W) grey. disparities: of each frame. view: how both eyes were rectified. baseline_m: between them.
    world_from_cam: float64 (F, 4, 4) of the rectified left eye, NaN where not placed. times_s, frame_index: in the
    source.
    """

    left: list[np.ndarray]
    disparities: list[Disparity]
    view: View
    baseline_m: float
    world_from_cam: np.ndarray
    times_s: np.ndarray
    frame_index: np.ndarray

    def thrown(self) -> dict[str, float]:
        """By check, the share of all pixels that fail it."""
        counts: Counter[str] = Counter()
        for each in self.disparities:
            counts.update(each.thrown)
        pixels = sum(each.confident.size for each in self.disparities)
        return {name: count / pixels for name, count in counts.items()}

    @property
    def confident_ratio(self) -> float:
        """Of all pixels."""
        return float(np.mean([each.confident.mean() for each in self.disparities]))


@dataclass
class MeasureDepth:
    """Rectifies the frames that the rig phase has placed among, and matches both eyes in each. Gives: rectified, a
    Rectified.

    Memory: a frame of W x H takes 6 W H bytes, at most 3.9 MB.
    """

    needs: ClassVar[tuple[str, ...]] = (
        *("path", "layout", "left_from_right", "baseline_m"),
        *("world_from_cam", "frame_index", "timestamps"),
    )
    gives: ClassVar[tuple[str, ...]] = ("rectified",)
    version: ClassVar[int] = 2

    disparity: DenseDisparity = field(default_factory=DenseDisparity)
    most_fps: Positive = 31.0  # as the rig phase's
    # Of one eye's picture; larger ones are made smaller. Time and memory grow with it: 96 frames of 1280x720 hold 2 GB
    # and take 1.1 CPU seconds each. 200 of so many pixels stay within a worker of 3 GB, of 1280x720 they would not.
    most_px: Count = 640_000

    def __call__(self, record: ClipRecord) -> ClipRecord:
        layout = Layout.read(record["layout"])
        left_from_right = np.array(record["left_from_right"], float).reshape(4, 4)
        eyes = self._eyes(record, layout)
        first = next(eyes)
        size = (first[0].shape[1], first[0].shape[0])
        view = rectified_view(eye_lens(layout, size), size, left_from_right)
        left: list[np.ndarray] = []

        def pairs() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for both in chain([first], eyes):
                pair = view.rectified(*both)
                left.append(cv2.cvtColor(pair[0], cv2.COLOR_RGB2GRAY))
                yield pair

        found = list(self.disparity.many(pairs(), view, record["baseline_m"]))
        black = never_shown(left)
        found = [each.without(black) for each in found]
        placed = [np.full(16, np.nan) if pose is None else pose for pose in record["world_from_cam"]]
        rectified = Rectified(
            left,
            found,
            view,
            record["baseline_m"],
            np.array(placed, float).reshape(-1, 4, 4),
            np.array(record["timestamps"], float),
            np.array(record["frame_index"], np.int64),
        )
        return record.give(rectified=rectified)

    def _eyes(self, record: ClipRecord, layout: Layout) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        wanted = record["frame_index"]
        seen = 0
        for frame in eye_frames(record["path"], record.clip, self.most_fps):
            if seen < len(wanted) and frame.index == wanted[seen]:
                seen += 1
                left, right = split(frame.image, layout)
                height, width = left.shape[:2]
                most_side_px = int(max(width, height) * min(1.0, np.sqrt(self.most_px / (width * height))))
                yield shrink(left, most_side_px), shrink(right, most_side_px)
        if seen < len(wanted):
            raise VideoError(f"only {seen} of the {len(wanted)} frames that have poses are there: run its phase again.")


@dataclass
class TrackWorld:
    """Follows points through the rectified left pictures and places them in the world. Gives: world_tracks, and
    world_seen, how many sightings there were before what slid off was dropped."""

    needs: ClassVar[tuple[str, ...]] = ("rectified",)
    gives: ClassVar[tuple[str, ...]] = ("world_tracks", "world_seen")
    version: ClassVar[int] = 4

    follow: Follow = field(default_factory=Follow)
    # Of wide views, which have few pixels a radian: 0.62 to 0.71 of the true points of four rendered clips of 163
    # px a radian have a track within 0.4 degrees; at 3 and 1.8 px 0.60 to 0.67 for a tenth less time, at 3.5 and 2.1 px
    # 0.50 and 0.54. The window is 11 px: a quarter less time than 13 px for 0.003 less cover, and, on two clips not
    # looked at, points of moving things 3 % worse and 13 % better; at 9 px 12 % worse and 13 % better.
    wide: Follow = field(default_factory=lambda: Follow(stride_px=2.9, apart_px=1.75, window_px=11))
    solve: SolveTracks = field(default_factory=SolveTracks)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        given: Rectified = record["rectified"]
        follow = self.follow if given.view.lens.model == "pinhole" else self.wide
        seeded = follow(given.left, given.times_s, given.frame_index)
        maps = ((each.disparity, each.confident) for each in given.disparities)
        sampled = self.solve.rules.sampled(seeded.tracks, maps)
        found = self.solve(given.view.lens, given.baseline_m, seeded, sampled, given.world_from_cam)
        return record.give(world_tracks=found, world_seen=len(seeded.tracks.track))


@dataclass
class KeepWorld:
    """Writes tracks, and depth of every `depth_every`-th frame, beside the manifests. Gives: artifacts."""

    needs: ClassVar[tuple[str, ...]] = ("storage", "artifact_folder", "rectified", "world_tracks")
    gives: ClassVar[tuple[str, ...]] = ("artifacts",)

    depth_every: Count | None = 5  # 0.2 MB a picture of 640x360, half of it noise; 1: all; null: no depth

    def __call__(self, record: ClipRecord) -> ClipRecord:
        storage: Storage = record["storage"]
        contents = {"world_tracks.npz": pack_world_tracks(record["world_tracks"])}
        if self.depth_every is not None:
            given: Rectified = record["rectified"]
            which = slice(None, None, self.depth_every)
            contents["depth.npz"] = pack_depth(
                given.view, given.baseline_m, given.disparities[which], given.frame_index[which]
            )
        paths = {file: f"{record['artifact_folder']}/{file}" for file in contents}
        for file, content in contents.items():
            storage.write(storage.artifact(paths[file]), content)
        return record.give(artifacts={file.partition(".")[0]: path for file, path in paths.items()})


@dataclass
class AcceptWorld:
    """Rejects clips that teach nothing of motion, or have too few tracks."""

    needs: ClassVar[tuple[str, ...]] = ("world_tracks",)
    gives: ClassVar[tuple[str, ...]] = ()

    least_tracks: Count = 200  # a guess: a picture of 640x360 has thousands
    # Of all sightings those of tracks that move: published sets are blamed for clips in which nothing does. Rendered
    # clips without anything that moves have up to 0.001. 0: static clips are welcome.
    least_moving: Share = 0.005

    def __call__(self, record: ClipRecord) -> ClipRecord | Rejected:
        tracks: WorldTracks = record["world_tracks"]
        reasons = []
        if tracks.count < self.least_tracks:
            reasons.append(
                f"world_tracks: {tracks.count} points could be followed and placed, under {self.least_tracks}"
            )
        elif (share := moving_ratio(tracks)) < self.least_moving:
            reasons.append(
                f"static_scene: {share:.2%} of all sightings are of what moves, under {self.least_moving:.2%}"
            )
        return Rejected(record, tuple(reasons)) if reasons else record


def moving_ratio(tracks: WorldTracks) -> float:
    """Of all sightings those of tracks that move."""
    return float(np.mean(tracks.label[tracks.track] == MOVING)) if len(tracks.track) else 0.0
