"""Measures disparity of stereo pairs: depth against rendered truth, disparity against Middlebury's, what each check
does, CPU time and memory.

    python -m tests.bench.stereo_depth FOLDER [FOLDER ...] [--cones FOLDER] [--every 12] [--density 1.5]

FOLDER holds what `factory synth FOLDER --preset stereo --truth depth` (or vr180) makes; the true rig is used. AbsRel is
the mean of |estimated - true| / true over confident pixels, of distances along the ray; the share is that of pixels
which the left eye sees (all), and of those whose true distance is one that the checks let through (near).
"""

import argparse
import json
import resource
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from time import process_time

import cv2
import numpy as np

from factory.geometry.lens import Lens
from factory.geometry.remap import pixel_grid
from factory.stereo.checks import Checks
from factory.stereo.disparity import DenseDisparity, judged, matched
from factory.stereo.rectify import View, depth_from_disparity, rectified_view, remapped
from factory.synth.truth import decode_depth
from factory.video import decode

ROUGH = 0.03  # interpolated truth that differs by more from the nearest pixel's is at an edge: the nearest one's counts
Scores = dict[str, list[tuple[float, float, float]]]


def lens_of(told: dict) -> Lens:
    return Lens(**{name: told[name] for name in told if name != "pixel_centres"})


def true_range_m(path: Path, lens: Lens, view: View) -> np.ndarray:
    """Distance along the ray, float (H, W), of each pixel of the rectified left picture."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise SystemExit(f"{path} is not there: render the clips into an empty folder with --truth depth.")
    coded = decode_depth(picture)
    rays = lens.rays(pixel_grid((coded.shape[1], coded.shape[0])))
    distance_m = coded / rays[:, 2].reshape(coded.shape) if lens.model == "pinhole" else coded
    if view.tables is None:
        return distance_m
    near = (1 / distance_m).astype(np.float32)
    smooth = remapped(near, view.tables[0])
    nearest = remapped(near, view.tables[0], cv2.INTER_NEAREST)
    with np.errstate(divide="ignore"):
        return 1 / np.where(np.abs(smooth - nearest) > ROUGH * nearest, nearest, smooth)


def scored(range_m: np.ndarray, true_m: np.ndarray, kept: np.ndarray, seen: np.ndarray) -> tuple[float, float, float]:
    """AbsRel of the kept, their share of what is seen and of what is truly within 20 m."""
    kept = kept & np.isfinite(true_m)
    near = seen & (true_m <= 20.0)
    off = np.abs(range_m[kept] - true_m[kept]) / true_m[kept]
    return float(off.mean()) if len(off) else np.nan, kept.sum() / seen.sum(), (kept & near).sum() / near.sum()


def measured(
    video: Path, dense: DenseDisparity, every: int, middle_deg: float, density: float
) -> tuple[Scores, float, str]:
    """Scores by check, one a frame, CPU seconds a pair, and the view in words."""
    told = json.loads(video.with_suffix(".json").read_text())
    lens, width = lens_of(told["intrinsics"]), told["stereo"]["eye_width"]
    left_from_right = np.array(told["stereo"]["left_from_right"])
    baseline_m = float(np.linalg.norm(left_from_right[:3, 3]))
    view = rectified_view(lens, (width, told["height"]), left_from_right, density=density)
    rays = view.lens.rays(pixel_grid(view.size)).reshape(*view.size[::-1], 3)
    central = np.abs(rays[..., :2]).max(axis=2) <= rays[..., 2] * np.tan(np.radians(middle_deg / 2))
    scores, cpu_s, pairs = defaultdict(list), 0.0, 0
    for frame in decode(video, grey=True):
        if frame.index % every:
            continue
        begin = process_time()
        left, right = view.rectified(frame.image[:, :width], frame.image[:, width:])
        there, back = next(dense.flows([(left, right)], view))
        second = matched(left, right, round(view.lens.focal_px / dense.nearest_baselines))
        failed = dense.checks.failed(view, baseline_m, there, back, second)
        answer = judged(failed, there)
        cpu_s, pairs = cpu_s + process_time() - begin, pairs + 1
        true_m = true_range_m(video.with_name(f"{video.stem}_depth") / f"{frame.index:05d}.png", lens, view)
        range_m = depth_from_disparity(view, answer.disparity, baseline_m)
        base = ~failed["unseen"] & np.isfinite(range_m)
        for area, seen in (("", view.seen[0]), (f" in {middle_deg:g} deg", view.seen[0] & central)):
            if area and view.lens.model == "pinhole":
                continue
            for name in ("none", *failed):
                kept = base if name == "none" else base & ~failed[name]
                scores[name + area].append(scored(range_m, true_m, kept & seen, seen))
            scores["all" + area].append(scored(range_m, true_m, answer.confident & seen, seen))
            without = [pixels for name, pixels in failed.items() if name != "second"]
            scores["all but second" + area].append(scored(range_m, true_m, ~np.any(without, axis=0) & seen, seen))
    return scores, cpu_s / pairs, f"{view.lens.model} {view.size[0]}x{view.size[1]}"


def cones(folder: Path) -> None:
    names = ("left", "right", "gt", "mask")
    left, right, truth, both = (np.asarray(cv2.imread(str(folder / f"{n}.png"), cv2.IMREAD_GRAYSCALE)) for n in names)
    size = left.shape[1], left.shape[0]
    lens = Lens("pinhole", float(size[0]), (size[0] - 1) / 2, (size[1] - 1) / 2)  # no focal length is told: a guess
    rig = np.eye(4)
    rig[0, 3] = 0.16  # the cameras' 160 mm
    view = rectified_view(lens, size, rig)
    known = np.asarray((truth > 0) & (both > 0))
    for apart_px in (None, 1.0, 0.5):
        dense = DenseDisparity(checks=replace(Checks(), most_apart_px=apart_px))
        found = dense(left, right, view, 0.16)
        off = np.abs(found.disparity - truth)[known & found.confident]
        share = (known & found.confident).sum() / known.sum()
        told = f"cones, second opinion within {apart_px} px"
        print(f"{told:44} > 1 px {(off > 1).mean():.3f}   > 2 px {(off > 2).mean():.3f}   share {share:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--cones", type=Path, help="a folder with left.png, right.png, gt.png, mask.png")
    parser.add_argument("--every", type=int, default=12, help="of so many frames one is measured")
    parser.add_argument("--middle-deg", type=float, default=90.0, help="wide views are scored in this part, too")
    parser.add_argument("--density", type=float, default=1.0, help="of wide views, against the eye's own")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    dense = DenseDisparity()
    if options.cones:
        cones(options.cones)
    for folder in options.folders:
        together: Scores = defaultdict(list)
        for video in sorted(folder.rglob("*.mp4")):
            scores, cpu_s, words = measured(video, dense, options.every, options.middle_deg, options.density)
            absrel, share, near = np.nanmean(scores["all"], axis=0)
            told = f"AbsRel {absrel:.4f}  share {share:.3f}  of near {near:.3f}   {100 * cpu_s:.1f} CPU s / 100 pairs"
            print(f"{video.stem:28}{words:24}{told}", flush=True)
            for name, rows in scores.items():
                together[name] += rows
        print(f"  {'check':26}{'AbsRel':>8}{'share':>8}{'near':>8}   {folder}, means over frames")
        for name, rows in together.items():
            absrel, share, near = np.nanmean(rows, axis=0)
            print(f"  {name:26}{absrel:8.4f}{share:8.3f}{near:8.3f}")
    print(f"most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
