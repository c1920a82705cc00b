"""The stereo phase's steps on one clip: which eye is where, both eyes' pictures, points, the rig and its way."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import ClassVar

import numpy as np

from factory.clip import Clip, ClipRecord, sampling
from factory.construct import Count, Positive
from factory.preview.make import Preview, preview
from factory.stage import Rejected
from factory.stereo.eyes import working_eyes
from factory.stereo.layout import Layout, eye_lens, found_lens, split
from factory.stereo.metadata import declared
from factory.stereo.pair import Eyes, StereoPath, StereoTracks
from factory.stereo.pose import pose_eyes
from factory.stereo.recognise import RecogniseLayout
from factory.stereo.shot import TrackableShot
from factory.stereo.sightings import StereoTracker
from factory.stereo.solve import RigOptions
from factory.stereo.tracks_file import pack_stereo_tracks
from factory.storage.output import Storage
from factory.tracks import Tracks
from factory.video import Frame, decode_span, exact_image, shrink


@dataclass
class FindLayout:
    """Which half of the picture is which eye, and how eyes see; rejects what is not stereo. Gives: recognised,
    and layout."""

    needs: ClassVar[tuple[str, ...]] = ("path",)
    gives: ClassVar[tuple[str, ...]] = ("recognised", "layout")

    recognise: RecogniseLayout = field(default_factory=RecogniseLayout)
    looks: Count = 5  # pictures of the clip

    def __call__(self, record: ClipRecord) -> ClipRecord | Rejected:
        clip = record.clip
        every = max(1, clip.frame_count // self.looks)
        some = islice(decode_span(record["path"], clip, rough=True), every // 2, None, every)
        pictures = [exact_image(found, clip, None, grey=True) for found in some]
        found = self.recognise(pictures, declared(record["path"]))
        record = record.give(recognised=found)
        if found.layout is None:
            return Rejected(record, (found.why,))
        return record.give(layout=found.layout)


@dataclass
class DecodeEyes:
    """Decodes the clip as both eyes see it. Gives: eyes, and left_rgb, small pictures of the left eye, uint8
    (F, h, w, 3), for people.

    Memory: two pictures a frame, see `stereo.eyes`, at most 1.6 MB, of at most `most_fps` frames a second.
    """

    needs: ClassVar[tuple[str, ...]] = ("path", "layout")
    gives: ClassVar[tuple[str, ...]] = ("eyes", "left_rgb")

    most_fps: Positive = 31.0  # 60 fps gain nothing over 30; half of it loses close walkers
    colour_side_px: Count = 320

    def __call__(self, record: ClipRecord) -> ClipRecord:
        layout: Layout = record["layout"]
        times_s: list[float] = []
        index: list[int] = []
        colours: list[np.ndarray] = []

        def pairs() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for found in eye_frames(record["path"], record.clip, self.most_fps):
                left, right = split(found.image, layout)
                colours.append(shrink(left, self.colour_side_px))
                times_s.append(found.time_s)
                index.append(found.index)
                yield left, right

        waiting = pairs()
        first = next(waiting)
        lens = eye_lens(layout, (first[0].shape[1], first[0].shape[0]))
        eyes = working_eyes(chain([first], waiting), lens, times_s, index)
        return record.give(eyes=eyes, left_rgb=np.stack(colours))


def eye_frames(path: Path, clip: Clip, most_fps: float) -> Iterator[Frame]:
    """A clip's whole pictures, uint8 (H, W, 3) RGB, both eyes in one; index: number in the source."""
    for found, _ in sampling(decode_span(path, clip), most_fps, clip.fps, most_fps):
        yield Frame(clip.first_frame + found.index, found.time_s, exact_image(found, clip, None, grey=False))


@dataclass
class TrackEyes:
    """Follows points in the left eye and finds each in the right one; keeps what part of the shot they can be followed
    through. Gives: stereo_tracks, and eyes and left_rgb of that part."""

    needs: ClassVar[tuple[str, ...]] = ("eyes", "left_rgb")
    gives: ClassVar[tuple[str, ...]] = ("stereo_tracks", "eyes", "left_rgb")

    tracker: StereoTracker = field(default_factory=StereoTracker)
    shot: TrackableShot = field(default_factory=TrackableShot)
    least_frames: Count = 15  # half a second of 30 fps: two eyes need less than one, a track of use more. A guess

    def __call__(self, record: ClipRecord) -> ClipRecord | Rejected:
        eyes: Eyes = record["eyes"]
        found = self.tracker(eyes)
        first, end = self.shot(found.tracks, eyes.left)
        record = record.give(stereo_tracks=found)
        if end - first < self.least_frames:
            told = f"{end - first} of {len(eyes.left)} frames, under {self.least_frames}"
            return Rejected(record, (f"untrackable: points can be followed through {told} in a row",))
        if (first, end) == (0, len(eyes.left)):
            return record
        part = slice(first, end)
        return record.give(
            stereo_tracks=within(found, first, end),
            eyes=replace(
                eyes,
                left=eyes.left[part],
                right=eyes.right[part],
                times_s=eyes.times_s[part],
                frame_index=eyes.frame_index[part],
            ),
            left_rgb=record["left_rgb"][part],
        )


def within(found: StereoTracks, first: int, end: int) -> StereoTracks:
    """What is seen in frames first..end - 1, which become all there are."""
    tracks = found.tracks
    rows = (tracks.frame >= first) & (tracks.frame < end)
    rows &= np.bincount(tracks.track[rows], minlength=tracks.count)[tracks.track] >= 2
    kept = tracks.observations(rows)
    kept = replace(kept, frame=kept.frame - np.int32(first), times_s=kept.times_s[first:end])
    return StereoTracks(replace(kept, frame_index=tracks.frame_index[first:end]), found.right_xy[rows])


@dataclass
class SolveRig:
    """How the eyes are held and where they go, in metres. Where what both see lies behind them, they are the other way
    round than was thought, and are followed anew. How wide rectified eyes see is asked of the clip where nobody said.

    Gives: rig_solve, rig_options with which it was found; layout, eyes and stereo_tracks anew.
    """

    needs: ClassVar[tuple[str, ...]] = ("stereo_tracks", "eyes", "layout")
    gives: ClassVar[tuple[str, ...]] = ("rig_solve", "rig_options", "layout", "eyes", "stereo_tracks")

    options: RigOptions = field(default_factory=RigOptions)
    tracker: StereoTracker = field(default_factory=StereoTracker)  # of eyes that have changed places

    def __call__(self, record: ClipRecord) -> ClipRecord:
        layout: Layout = record["layout"]
        known = layout.projection != "rectified" or layout.across_deg is not None
        found = pose_eyes(record["eyes"], record["stereo_tracks"], known, self.tracker, self.options)
        layout = replace(layout, swapped=layout.swapped != found.swapped)
        if not known:
            layout = found_lens(layout, found.focal_factor)
        given = {"layout": layout, "eyes": found.eyes, "stereo_tracks": found.solve.seen.stereo}
        return record.give(rig_solve=found.solve, rig_options=self.options, **given)


@dataclass
class KeepRig:
    """Writes the tracks of both eyes beside the manifests and, where wanted, what people look at first. Without a path
    nothing is kept. Gives: artifacts, their paths by the column that names them."""

    needs: ClassVar[tuple[str, ...]] = (
        *("storage", "artifact_folder", "stereo_tracks", "eyes", "left_rgb", "rig_solve"),
    )
    gives: ClassVar[tuple[str, ...]] = ("artifacts",)

    previews: bool = True  # a small video and a still

    def __call__(self, record: ClipRecord) -> ClipRecord:
        path: StereoPath | None = record["rig_solve"].path
        if path is None:
            return record.give(artifacts={})
        storage: Storage = record["storage"]
        stereo: StereoTracks = record["stereo_tracks"]
        contents = {"stereo_tracks.npz": pack_stereo_tracks(stereo, path, record["eyes"].lens)}
        if self.previews:
            seen = rig_preview(record["left_rgb"], stereo.tracks, path)
            contents |= {"preview.mp4": seen.video, "poster.webp": seen.poster}
        paths = {file: f"{record['artifact_folder']}/{file}" for file in contents}
        for file, content in contents.items():
            storage.write(storage.artifact(paths[file]), content)
        return record.give(artifacts={file.partition(".")[0]: path for file, path in paths.items()})


def rig_preview(left_rgb: np.ndarray, tracks: Tracks, path: StereoPath) -> Preview:
    """The left eye's pictures as they were filmed, uint8 (F, h, w, 3), beside its way from above. The points were
    followed in other ones and are not drawn: nothing is masked."""
    nothing = np.zeros((len(left_rgb), 1, 1), bool)
    none = np.zeros(tracks.count, bool)
    still = path.points[np.isfinite(path.points[:, 0])]
    return preview(left_rgb, nothing, tracks, none, none, path.world_from_left, still)
