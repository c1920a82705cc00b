"""Measures camera poses against ground truth: COLMAP, COLMAP with our masks, GLOMAP (all on SIFT) and this package.

    python -m tests.bench.pose FOLDER [FOLDER ...] [--methods ours glomap ...] [--only CLIP ...] [--cache FOLDER]

FOLDER: what `factory synth` wrote, or a folder a clip with `groundtruth_tum.txt` and `intrinsics.json`. Every method
gets the same frames, 12 a second. ATE is the root mean square position error after Sim(3) in % of the true path over
placed frames; RPE the root mean square rotation error between successive placed frames in degrees; focal the median
error in %; CPU is process time per 100 sampled frames, one core. With --cache, results of COLMAP and GLOMAP are read
where they are, and every method's poses are left there for `factory evaluate pose`.
"""

import argparse
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from factory.geometry.trajectory import pose_errors
from factory.tum import tum_text
from factory.video import Frame
from tests.bench.pose.clips import TrueClip, true_clips
from tests.bench.pose.ours import ours, pose_stages
from tests.bench.pose.peers import PEERS, Result, peers, restored, stored


@dataclass(frozen=True)
class Score:
    """One method on one clip; NaN where a number does not exist. ate is in % of the path."""

    clip: str
    method: str
    expect: str
    ate: float
    rpe_deg: float
    registered: float
    focal: float
    cpu_s: float
    verdict: str
    note: str


def scored(clip: TrueClip, method: str, result: Result, frames: Sequence[Frame]) -> Score:
    places, nan = sorted(result.world_from_cam), float("nan")
    cpu_s = 100.0 * result.cpu_s / len(frames)
    if len(places) < 3:
        return Score(clip.name, method, clip.expect, nan, nan, 0.0, nan, cpu_s, result.verdict, result.note)
    numbers = [frames[p].index for p in places]
    errors = pose_errors(np.stack([result.world_from_cam[p] for p in places]), clip.world_from_cam[numbers])
    ate = nan if errors.ate_percent is None or clip.expect != "pose" else errors.ate_percent
    scale = frames[0].image.shape[1] / clip.clip().width
    ratio = np.array([result.focal_px[p] for p in places]) / (scale * clip.focal_px[numbers])
    focal = 100.0 * float(np.median(ratio) - 1.0)
    share = len(places) / len(frames)
    return Score(
        clip.name, method, clip.expect, ate, errors.rpe_rotation_deg, share, focal, cpu_s, result.verdict, result.note
    )


def line(score: Score) -> str:
    return (
        f"{score.clip:24s} {score.method:13s}{score.ate:9.4f}{score.rpe_deg:9.4f}{100 * score.registered:6.0f}"
        f"{score.focal:+8.2f}{score.cpu_s:7.1f}  {score.verdict} {score.note}"
    )


def left(folder: Path, clip: TrueClip, method: str, result: Result, frames: Sequence[Frame]) -> None:
    """Writes a method's poses as TUM text, times in seconds of the video."""
    places = sorted(result.world_from_cam)
    if places and result.verdict != "rejected":
        times_s = np.array([frames[p].time_s for p in places])
        (folder / method).mkdir(parents=True, exist_ok=True)
        text = tum_text(times_s, np.stack([result.world_from_cam[p] for p in places]))
        (folder / method / f"{clip.name}.txt").write_text(text)


def summary(scores: Sequence[Score]) -> None:
    """Ours over the best peer that placed four fifths of the frames, where there is a path to be wrong about."""
    ours_by = {s.clip: s for s in scores if s.method == "ours" and s.expect == "pose"}
    ratios = []
    for name, own in ours_by.items():
        others = [s.ate for s in scores if s.clip == name and s.method in PEERS and s.registered >= 0.8]
        if others and own.verdict == "ok":
            ratios.append(own.ate / min(others))
    accepted = [s for s in ours_by.values() if s.verdict == "ok"]
    if ratios:
        print(f"ATE over the best peer's, {len(ratios)} clips: median {np.median(ratios):.2f}, worst {max(ratios):.2f}")
    if accepted:
        ate, rpe = np.median([s.ate for s in accepted]), np.median([s.rpe_deg for s in accepted])
        worst = max(s.ate for s in accepted)
        print(f"ours, {len(accepted)} of {len(ours_by)} accepted: median ATE {ate:.4f} %, worst {worst:.3f} %,", end="")
        print(f" median RPE {rpe:.4f} deg, mean CPU {np.mean([s.cpu_s for s in accepted]):.1f} s per 100 frames")


def from_peers(
    clip: TrueClip, frames: Sequence[Frame], masks: Sequence[np.ndarray] | None, options: argparse.Namespace
) -> dict[str, Result]:
    """Results of the peers asked for, read from the cache where they are there."""
    results: dict[str, Result] = {}
    wanted = [method for method in options.methods if method != "ours"]

    def place(method: str) -> Path:
        return Path(options.cache) / "results" / f"{clip.name}-{method}.json"

    if options.cache is not None:
        results = {method: restored(place(method)) for method in wanted if place(method).exists()}
    missing = [method for method in wanted if method not in results]
    if any("+" in method for method in missing) and masks is None:
        masks = ours(clip, pose_stages(options.set))[2]["dynamic_masks"].masks
    for method, result in peers(missing, frames, masks).items():
        results[method] = result
        if options.cache is not None:
            stored(result, place(method))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--methods", nargs="*", default=["ours", *PEERS], choices=["ours", *PEERS])
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--stages", action="store_true", help="CPU seconds of each stage per 100 frames, peak memory")
    parser.add_argument("--set", nargs="*", default=[], help="overrides of the configuration for ours")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    stages = pose_stages(options.set)
    scores = []
    print(f"{'clip':24s} {'method':13s}{'ATE %':>9s}{'RPE deg':>9s}{'reg %':>6s}{'focal %':>8s}{'CPU s':>7s}")
    for clip in true_clips(options.folders, options.only):
        frames = clip.frames()
        results, masks = {}, None
        if "ours" in options.methods:
            results["ours"], cost, record = ours(clip, stages)
            masks = record["dynamic_masks"].masks if "dynamic_masks" in record.values else None
        results |= from_peers(clip, frames, masks, options)
        for method in options.methods:
            if options.cache is not None:
                left(options.cache, clip, method, results[method], frames)
            scores.append(scored(clip, method, results[method], frames))
            print(line(scores[-1]), flush=True)
        if "ours" in options.methods and options.stages:
            each = ", ".join(f"{k} {100 * v / len(frames):.1f}" for k, v in cost.items())
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"    {each}; this process has needed {peak_mb:.0f} MB", flush=True)
    summary(scores)


if __name__ == "__main__":
    main()
