"""The pose phase's steps on one clip: track, find the background, judge the camera, solve, mask, keep."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from factory.background.camera_motion import CameraMotion, JudgeMotion
from factory.background.choose import Background, ChooseBackground
from factory.background.relabel import Relabel
from factory.background.solved_labels import SolvedLabels
from factory.clip import Clip, ClipRecord, sampling
from factory.construct import Count, Positive
from factory.frames import Frames, Passing
from factory.masks.motion import MaskDynamics
from factory.models.lk import LucasKanade
from factory.models.roles import Tracker
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.moving_crop import doubted
from factory.sfm.solve import SolveOptions, solve_clip
from factory.sfm.zoom.rotation_only import solve_rotation, turning_camera
from factory.tracks import Tracks
from factory.video import decode_span, exact_image


@dataclass
class DecodeFrames:
    """Decodes the clip, once for all stages. Gives: frames, a Frames, of which nothing is decoded before it is asked
    for: the stage that follows points through it bears what that costs.

    Memory: 0.9 MB a sampled frame of 1280x720, 0.17 MB of its small one in colour; 260 MB for 20 s at 12 a second.
    """

    needs: ClassVar[tuple[str, ...]] = ("path",)
    gives: ClassVar[tuple[str, ...]] = ("frames",)

    fps: Positive = 12.0  # of the sampled frames: DynPose-100K releases its poses at 12
    most_fps: Positive = 31.0  # closer frames between samples are passed over: 60 fps gain nothing over 30
    grey_side_px: Count = 1280
    colour_side_px: Count = 320  # the masks' size

    def __call__(self, record: ClipRecord) -> ClipRecord:
        return record.give(frames=Frames(self._passing(record["path"], record.clip)))

    def _passing(self, path: Path, clip: Clip) -> Iterator[Passing]:
        for found, on_grid in sampling(decode_span(path, clip), self.fps, clip.fps, self.most_fps):
            grey = exact_image(found, clip, self.grey_side_px, grey=True)
            colour = exact_image(found, clip, self.colour_side_px, grey=False) if on_grid else None
            yield Passing(clip.first_frame + found.index, found.time_s, grey, on_grid, colour)


@dataclass
class TrackPoints:
    """Follows points through the clip. Gives: tracks, in pixels of the grey frames."""

    needs: ClassVar[tuple[str, ...]] = ("frames",)
    gives: ClassVar[tuple[str, ...]] = ("tracks",)
    version: ClassVar[int] = 2

    tracker: Tracker = field(default_factory=LucasKanade)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        return record.give(tracks=self.tracker.track(record["frames"]))


@dataclass
class FindBackground:
    """Tells the static world's tracks from those of what moves. Gives: background."""

    needs: ClassVar[tuple[str, ...]] = ("tracks",)
    gives: ClassVar[tuple[str, ...]] = ("background",)
    version: ClassVar[int] = 2

    choose: ChooseBackground = field(default_factory=ChooseBackground)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        return record.give(background=self.choose(record["tracks"]))


@dataclass
class JudgeCamera:
    """Whether the camera stands, only turns, or moves; where it does not move, labels can be sharper.

    Gives: camera_motion, and background anew.
    """

    needs: ClassVar[tuple[str, ...]] = ("tracks", "background")
    gives: ClassVar[tuple[str, ...]] = ("camera_motion", "background")
    version: ClassVar[int] = 4

    judge: JudgeMotion = field(default_factory=JudgeMotion)
    relabel: Relabel = field(default_factory=Relabel)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        tracks, background = record["tracks"], record["background"]
        motion = self.judge(tracks, background)
        return record.give(camera_motion=motion, background=self.relabel(tracks, background, motion))


@dataclass
class SolveCamera:
    """The trajectory: identity for a still camera, rotations for one that only turns, global SfM for the others.

    Gives: trajectory, in pixels of the working frames; solve_options, with which it was found.
    """

    needs: ClassVar[tuple[str, ...]] = ("tracks", "background", "camera_motion", "frames")
    gives: ClassVar[tuple[str, ...]] = ("trajectory", "solve_options")
    version: ClassVar[int] = 7

    options: SolveOptions = field(default_factory=SolveOptions)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        record = record.give(solve_options=self.options)
        tracks: Tracks = record["tracks"]
        background: Background = record["background"]
        motion: CameraMotion = record["camera_motion"]
        if motion.verdict == "still":
            return record.give(trajectory=standing(tracks))
        if motion.verdict == "rotation":
            turning = solve_rotation(tracks, background.is_background, motion.focal_px)
            return record.give(trajectory=doubted(turning, self.options.lens.shift))
        return record.give(trajectory=solve_clip(tracks, background.is_background, record["frames"].grey, self.options))


def standing(tracks: Tracks) -> Trajectory:
    """The trajectory of a camera that stands still: the identity in every frame. Nothing is known of its focal length;
    the longer side stands in for it."""
    turning = turning_camera(tracks, np.tile(np.eye(3), (tracks.frames, 1, 1)), max(tracks.width, tracks.height))
    nothing = turning.model.keep(np.zeros(len(tracks.track), bool))
    return replace(turning, model=nothing, method="still")


@dataclass
class MaskMotion:
    """Which pixels of the sampled frames move on their own, in colour and with what the poses say of the tracks.

    Gives: dynamic_masks, and background anew.
    """

    needs: ClassVar[tuple[str, ...]] = ("frames", "tracks", "background", "trajectory")
    gives: ClassVar[tuple[str, ...]] = ("dynamic_masks", "background")
    version: ClassVar[int] = 4

    labels: SolvedLabels = field(default_factory=SolvedLabels)
    mask: MaskDynamics = field(default_factory=MaskDynamics)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        tracks: Tracks = record["tracks"]
        trajectory: Trajectory = record["trajectory"]
        background = self.labels(trajectory.ideal(tracks), record["background"], trajectory)
        masks = self.mask(record["frames"].colour, tracks, background)
        return record.give(background=background, dynamic_masks=masks)
