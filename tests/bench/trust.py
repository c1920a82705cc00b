"""How far `ok` can be trusted: many solves of clips whose cameras are known, right ones and wrong ones on purpose.

    python -m tests.bench.trust FOLDER [FOLDER ...] [--only CLIP ...]

Each clip is solved whole, by halves in time and at half the rate with the labels the pipeline chooses, and whole with
labels falsified: everything static, what moves taken for static, and that with a fifth or half of all tracks. Right:
ATE under 1 % of the path; wrong: over 5 %, or any path where the camera has none.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.geometry.trajectory import pose_errors
from factory.sfm.background import ChooseBackground
from factory.sfm.confidence import assess
from factory.sfm.motion import JudgeMotion
from factory.sfm.solve import solve_clip
from factory.sfm.stages import TrackPoints
from factory.sfm.trajectory import Trajectory
from factory.tracks import Tracks, tracks_from
from tests.bench.pose.clips import TrueClip, true_clips

Case = tuple[str, Tracks, np.ndarray, list[np.ndarray]]


def at_frames(tracks: Tracks, images: Sequence[np.ndarray], frames: range) -> tuple[Tracks, list[np.ndarray]]:
    """Tracks and pictures of some of the sampled frames."""
    place = np.full(tracks.frames, -1)
    place[list(frames)] = np.arange(len(frames))
    seen = place[tracks.frame] >= 0
    part = tracks_from(
        tracks.track[seen],
        place[tracks.frame[seen]],
        tracks.xy[seen],
        tracks.times_s[list(frames)],
        tracks.frame_index[list(frames)],
        (tracks.width, tracks.height),
    )
    return part, [images[f] for f in frames]


def cases(tracks: Tracks, images: list[np.ndarray]) -> Iterator[Case]:
    """Named tracks, labels and pictures; where the camera is judged not to move, none with chosen labels."""
    count, half = tracks.frames, tracks.frames // 2
    spans = {"whole": range(count), "first half": range(half), "second half": range(half, count)}
    spans["half the rate"] = range(0, count, 2)
    for name, frames in spans.items():
        part, pictures = at_frames(tracks, images, frames)
        background = ChooseBackground()(part)
        if JudgeMotion()(part, background).verdict in ("parallax", "unknown"):
            yield name, part, background.is_background, pictures
    background = ChooseBackground()(tracks)
    chance = np.random.default_rng(0).random(tracks.count)
    yield "everything", tracks, np.ones(tracks.count, bool), images
    for name, share in (("what moves", 0.0), ("moves + 20 %", 0.2), ("moves + 50 %", 0.5)):
        yield name, tracks, background.is_dynamic | (chance < share), images


def kind(clip: TrueClip, solved: Trajectory) -> tuple[str, float]:
    """right, between or wrong, and the ATE in %; NaN where the camera has no path."""
    placed = np.flatnonzero(solved.registered)
    if clip.expect != "pose":
        return ("right" if solved.rotation_only else "wrong"), float("nan")
    if solved.rotation_only or len(placed) < 3:
        return "wrong", float("inf")
    truth = clip.world_from_cam[solved.tracks.frame_index[placed]]
    ate = pose_errors(solved.world_from_cam[placed], truth).ate_percent
    if ate is None:
        return "wrong", float("inf")
    return ("right" if ate < 1.0 else "between" if ate <= 5.0 else "wrong"), ate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    cv2.setNumThreads(1)
    counts: Counter[tuple[bool, str, bool]] = Counter()
    for clip in true_clips(options.folders, options.only):
        record = TrackPoints()(ClipRecord(clip.clip(), {"path": clip.video}))
        for name, tracks, label, images in cases(record["tracks"], record["grey_frames"]):
            solved = solve_clip(tracks, label, images)
            confidence = assess(solved)
            accepted, reasons = confidence.accepted, confidence.reasons
            what, ate = kind(clip, solved)
            falsified = name in ("everything", "what moves", "moves + 20 %", "moves + 50 %")
            counts[falsified, what, accepted] += 1
            verdict = "accepted" if accepted else "refused"
            print(f"{clip.name:22}{name:15}{what:8}{ate:9.3f} % {verdict:9}{'; '.join(reasons)[:90]}", flush=True)
    for falsified in (False, True):
        print("labels falsified" if falsified else "labels as chosen")
        for what in ("right", "between", "wrong"):
            yes, no = counts[falsified, what, True], counts[falsified, what, False]
            print(f"  {what:8} {yes:4d} accepted {no:4d} refused")


if __name__ == "__main__":
    main()
