"""How far `ok` can be trusted: many solves of clips whose cameras are known, right ones and wrong ones on purpose.

    python -m tests.bench.trust FOLDER [FOLDER ...] [--only CLIP ...]

Each clip is solved whole, by halves in time and at half the rate with the labels the pipeline chooses, and whole with
labels falsified: everything static, what moves taken for static, and that with a fifth or half of all tracks; and whole
behind digital stabilisers that cut out a window which walks or glides. Right: ATE under 1 % of the path; wrong: over
5 %, or any path where the camera has none. Told besides: focal lengths over 5 % off that are called reliable.
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
MARGIN_PX = 20  # how far a stabiliser's window may move
MOST_FOCAL_OFF = 0.05


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
    for name, window in windows(count):
        part, pictures = stabilised(tracks, images, window)
        labels = ChooseBackground()(part)
        if JudgeMotion()(part, labels).verdict in ("parallax", "unknown"):
            yield name, part, labels.is_background, pictures
    for name, share in (("what moves", 0.0), ("moves + 20 %", 0.2), ("moves + 50 %", 0.5)):
        yield name, tracks, background.is_dynamic | (chance < share), images


def stabilised(tracks: Tracks, images: Sequence[np.ndarray], window: np.ndarray) -> tuple[Tracks, list[np.ndarray]]:
    """Tracks and pictures behind a stabiliser whose window lies `window`, int (F, 2), pixels beside the middle, at most
    `MARGIN_PX`; what it does not show is lost, and the picture smaller."""
    size = np.array([tracks.width, tracks.height]) - 2 * MARGIN_PX
    xy = tracks.xy - MARGIN_PX - window[tracks.frame]
    inside = np.all((xy >= 0) & (xy <= size - 1), axis=1)
    part = tracks_from(
        tracks.track[inside],
        tracks.frame[inside],
        xy[inside],
        tracks.times_s,
        tracks.frame_index,
        (int(size[0]), int(size[1])),
    )
    shown = [
        np.ascontiguousarray(image[MARGIN_PX + y :, MARGIN_PX + x :][: size[1], : size[0]])
        for image, (x, y) in zip(images, window, strict=True)
    ]
    return part, shown


def windows(frames: int) -> Iterator[tuple[str, np.ndarray]]:
    """Ways of a stabiliser's window, int (F, 2)."""
    for step_px in (1.5, 6.0):
        walk = np.cumsum(np.random.default_rng(0).normal(0, step_px, (frames, 2)), axis=0)
        yield f"walk {step_px:g} px", np.clip(walk - walk.mean(axis=0), -MARGIN_PX, MARGIN_PX).round().astype(int)
    time = np.arange(frames)[:, None] / np.array([24.0, 18.5])
    yield "glide", (MARGIN_PX * np.array([1.0, 0.6]) * np.sin(2 * np.pi * time)).round().astype(int)


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
    reliable: Counter[bool] = Counter()
    for clip in true_clips(options.folders, options.only):
        record = TrackPoints()(ClipRecord(clip.clip(), {"path": clip.video}))
        for name, tracks, label, images in cases(record["tracks"], record["grey_frames"]):
            solved = solve_clip(tracks, label, images)
            confidence = assess(solved)
            accepted, reasons = confidence.accepted, confidence.reasons
            what, ate = kind(clip, solved)
            falsified = name in ("everything", "what moves", "moves + 20 %", "moves + 50 %")
            counts[falsified, what, accepted] += 1
            if accepted and confidence.focal_reliable:
                right_px = np.median(clip.focal_px) * record["tracks"].width / clip.clip().width
                off = abs(solved.camera.focal_px / right_px - 1.0) > MOST_FOCAL_OFF
                reliable[bool(off)] += 1
            verdict = "accepted" if accepted else "refused"
            print(f"{clip.name:22}{name:15}{what:8}{ate:9.3f} % {verdict:9}{'; '.join(reasons)[:90]}", flush=True)
    for falsified in (False, True):
        print("labels falsified" if falsified else "labels as chosen")
        for what in ("right", "between", "wrong"):
            yes, no = counts[falsified, what, True], counts[falsified, what, False]
            print(f"  {what:8} {yes:4d} accepted {no:4d} refused")
    print(f"focal length called reliable: {reliable[False]} times right, {reliable[True]} times over 5 % off")


if __name__ == "__main__":
    main()
