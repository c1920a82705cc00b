"""How far `ok` can be trusted: many solves of clips whose cameras are known, right ones and wrong ones on purpose.

    python -m tests.bench.trust FOLDER [FOLDER ...] [--only CLIP ...] [--cases NAME ...] [--keep FILE.jsonl]

Each clip is solved whole, by halves in time and at half the rate with the labels the pipeline chooses, and whole with
labels falsified: everything static, what moves taken for static, and that with a fifth or half of all tracks; and whole
behind digital stabilisers that cut out a window which walks or glides. Right: ATE under 1 % of the path; wrong: over
5 %, or any path where the camera has none. Told besides: focal lengths over 5 % off that are called reliable, how true
the predicted errors are, and the error against the share of solves kept. --cases: some of them ("whole", "first half",
"everything", ...; `falsified` for all that are). --keep: signals and truth of every solve; what stands there is judged
anew by the rule as it is, and not solved again.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from scipy.stats import spearmanr

from factory.background.camera_motion import JudgeMotion
from factory.background.choose import Background, ChooseBackground
from factory.clip import ClipRecord
from factory.geometry.trajectory import pose_errors
from factory.phases.pose_stages import DecodeFrames, TrackPoints
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.options import SolveOptions
from factory.sfm.solve import solve_clip
from factory.tracks import Tracks, tracks_from
from factory.trust.assess import Measure, Signals
from factory.trust.halves import Apart
from factory.trust.predicted import Prediction
from factory.trust.rule import QUALITIES, AcceptRule
from tests.bench.pose.clips import TrueClip, true_clips

Case = tuple[str, Tracks, np.ndarray, list[np.ndarray]]
MARGIN_PX = 20  # how far a stabiliser's window may move
MOST_FOCAL_OFF = 0.05
FALSIFIED = ("everything", "what moves", "moves + 20 %", "moves + 50 %")


@dataclass(frozen=True)
class Solve:
    """ate: % of the path; NaN where the camera has none, inf where the answer has none. focal_off: log of the focal
    length by the true one."""

    clip: str
    case: str
    kind: str
    ate: float
    focal_off: float
    focal_observed: bool
    signals: Signals

    @property
    def falsified(self) -> bool:
        return self.case in FALSIFIED


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


def cases(tracks: Tracks, images: list[np.ndarray], wanted: Callable[[str], bool]) -> Iterator[Case]:
    """Named tracks, labels and pictures; where the camera is judged not to move, none, as in a run."""
    count, half = tracks.frames, tracks.frames // 2
    spans = {"whole": range(count), "first half": range(half), "second half": range(half, count)}
    spans["half the rate"] = range(0, count, 2)
    parts = {name: at_frames(tracks, images, frames) for name, frames in spans.items() if wanted(name)}
    parts |= {name: stabilised(tracks, images, window) for name, window in windows(count) if wanted(name)}
    for name, (part, pictures) in parts.items():
        background = ChooseBackground()(part)
        if moves(part, background):
            yield name, part, background.is_background, pictures
    background = ChooseBackground()(tracks)
    chance = np.random.default_rng(0).random(tracks.count)
    false = {"everything": np.ones(tracks.count, bool), "what moves": background.is_dynamic}
    false |= {f"moves + {share} %": background.is_dynamic | (chance < share / 100) for share in (20, 50)}
    for name, label in false.items():
        if wanted(name) and moves(tracks, replace(background, is_background=label, is_dynamic=~label)):
            yield name, tracks, label, images


def moves(tracks: Tracks, background: Background) -> bool:
    """Whether a run would solve for a path with these labels."""
    return JudgeMotion()(tracks, background).verdict in ("parallax", "unknown")


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


def solves(clip: TrueClip, wanted: Callable[[str], bool]) -> Iterator[Solve]:
    record = TrackPoints()(DecodeFrames()(ClipRecord(clip.clip(), {"path": clip.video})))
    right_px = float(np.median(clip.focal_px)) * record["tracks"].width / clip.clip().width
    for name, tracks, label, images in cases(record["tracks"], record["frames"].grey, wanted):
        solved = solve_clip(tracks, label, images)
        what, ate = kind(clip, solved)
        off = float(np.log(solved.camera.focal_px / right_px))
        signals = Measure()(solved, tracks, SolveOptions())
        yield Solve(clip.name, name, what, ate, off, solved.focal_reliable is not False, signals)


def restored(line: str) -> Solve:
    told = json.loads(line)
    signals = told.pop("signals")
    apart = signals.pop("apart")
    return Solve(**told, signals=Signals(**signals, apart=None if apart is None else Apart(**apart)))


def told(solve: Solve) -> str:
    rule, predicted = AcceptRule(min_quality="bronze"), Prediction()(solve.signals)
    reasons = rule.reasons(solve.signals, predicted)
    verdict = "refused" if reasons else rule.quality(solve.signals, predicted)
    return f"{solve.clip:22}{solve.case:15}{solve.kind:8}{solve.ate:9.3f} % {verdict:9}{'; '.join(reasons)[:90]}"


def summary(found: Sequence[Solve]) -> None:
    rule, predict = AcceptRule(min_quality="bronze"), Prediction()
    counts: Counter[tuple[bool, str, str]] = Counter()
    focal: Counter[bool] = Counter()
    pairs = []
    for solve in found:
        predicted = predict(solve.signals)
        refused = bool(rule.reasons(solve.signals, predicted))
        quality = "refused" if refused else str(rule.quality(solve.signals, predicted))
        counts[solve.falsified, solve.kind, quality] += 1
        if not refused and solve.focal_observed and rule.focal_reliable(solve.signals, predicted):
            focal[abs(solve.focal_off) > np.log(1 + MOST_FOCAL_OFF)] += 1
        if not refused and np.isfinite(solve.ate) and predicted.ate_percent is not None:
            pairs.append((predicted.ate_percent, predicted.ate_percent_bound, solve.ate))
    for falsified in (False, True):
        print("labels falsified" if falsified else "labels as chosen")
        for what in ("right", "between", "wrong"):
            each = ", ".join(f"{counts[falsified, what, q]:4d} {q}" for q in (*QUALITIES, "refused"))
            print(f"  {what:8} {each}")
    print(f"focal length called reliable: {focal[False]} times right, {focal[True]} times over 5 % off")
    if len(pairs) > 2:
        expected, bound, true = np.array(pairs, float).T
        rank = spearmanr(expected, true).statistic
        print(f"{len(pairs)} accepted paths: rank correlation of predicted and true ATE {rank:.2f}, ", end="")
        print(f"true under its bound in {np.mean(true <= bound):.1%}, median true by predicted ", end="")
        print(f"{np.median(true / expected):.2f}")
        order = np.argsort(expected)
        for share in (0.25, 0.5, 0.75, 0.9, 1.0):
            best = true[order[: max(1, round(share * len(order)))]]
            print(f"  best {share:4.0%} by predicted error: mean ATE {best.mean():.3f} %, worst {best.max():.2f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--cases", nargs="*", metavar="NAME")
    parser.add_argument("--keep", type=Path, metavar="FILE.jsonl")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    lines = options.keep.read_text().splitlines() if options.keep and options.keep.exists() else []
    found = [restored(line) for line in lines]
    known = {solve.clip for solve in found}
    names = None if options.cases is None else {*options.cases, *(FALSIFIED if "falsified" in options.cases else ())}
    for solve in found:
        print(told(solve))
    for clip in true_clips(options.folders, options.only):
        if clip.name in known:
            continue
        fresh = list(solves(clip, lambda case: names is None or case in names))
        for solve in fresh:
            print(told(solve), flush=True)
        found += fresh
        if options.keep:
            with options.keep.open("a") as file:
                file.writelines(json.dumps(asdict(solve), default=float) + "\n" for solve in fresh)
    summary(found)


if __name__ == "__main__":
    main()
