"""Measures how well metres are found from a network whose depth is metric, on rendered clips, whose world is in metres.

    python -m tests.bench.depth_scale FOLDER [FOLDER ...] [--cache]

FOLDER is as `tests.bench.mono_depth` wants it, rendered. Poses and points are the product's. Three networks are
simulated: the truth; and two that are 10 % off, above and below, with 5 % of noise a frame and a smooth distortion of
10 %, half of it the clip's and half the frame's own, and blurred. Of each: by how much `scale_m` is off the true metres
a unit of the poses, and off the network's own, in %; and `scale_spread`.
"""

import argparse
import zlib
from pathlib import Path

import cv2
import numpy as np

from factory.depth.metric import MetricScale
from factory.depth.posed import anchors
from factory.geometry.trajectory import align_similarity
from factory.models.roles import DepthMaps
from tests.bench.mono_depth import Truth, posed_of, solved, truth_of, without_holes

BIASES = (1.0, 1.1, 0.9)  # of the networks; the first is the truth
FRAME_SD, DISTORTION, BLUR_PX = 0.05, 0.1, 3.0  # of the others; pixels of 320


def true_scale_m(poses: np.ndarray, truth: Truth) -> float:
    """Metres a unit of the poses."""
    both = np.isfinite(poses).all(axis=(1, 2)) & np.isfinite(truth.world_from_cam).all(axis=(1, 2))
    return align_similarity(poses[both, :3, 3], truth.world_from_cam[both, :3, 3]).scale


def network(truth: Truth, bias: float, seed: list[int]) -> DepthMaps:
    inverse = np.stack([without_holes(each) for each in truth.inverse])
    rng, (height, width) = np.random.default_rng(seed), inverse.shape[1:]

    def distortion() -> np.ndarray:
        wide = cv2.resize(rng.normal(size=(4, 6)), (width, height), interpolation=cv2.INTER_CUBIC)
        return np.asarray(DISTORTION * np.sqrt(0.5) * wide)

    if bias != BIASES[0]:
        common = distortion()
        for place, each in enumerate(inverse):
            off = common + distortion() + rng.normal(0, FRAME_SD)
            inverse[place] = cv2.GaussianBlur(each, (0, 0), BLUR_PX * width / 320) * np.exp(-off) / bias
    with np.errstate(divide="ignore"):
        return DepthMaps((1.0 / inverse).astype(np.float32), "metric")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--cache", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows = []
    for video in sorted(path for folder in options.folders for path in folder.glob("*.mp4")):
        found = solved(video, options.cache)
        truth, posed = truth_of(video, found), posed_of(found, None)
        seen, true_m, words = anchors(posed, posed.moving), true_scale_m(posed.world_from_cam, truth), []
        for bias in BIASES:
            told = MetricScale()(seen, network(truth, bias, [zlib.crc32(video.stem.encode()), round(10 * bias)]))
            if told is None:
                words.append("none")
                continue
            off = [100 * (told.scale_m / true_m / by - 1) for by in (1.0, bias)]
            rows.append((bias, *off))
            words.append(f"{off[0]:+.2f} {off[1]:+.2f} {told.spread:.3f}")
        print(f"{video.stem:28}{true_m:8.3f} m a unit  {'  |  '.join(words)}", flush=True)
    for bias in BIASES:
        of = np.abs([row[1:] for row in rows if row[0] == bias])
        if len(of):
            median, worst = np.median(of, axis=0), of.max(axis=0)
            own = f"off its own {median[1]:.2f} % in the median, {worst[1]:.2f} % at worst"
            print(f"network of {bias}: off the truth {median[0]:.2f} %, {worst[0]:.2f} %; {own}; {len(of)} clips")


if __name__ == "__main__":
    main()
