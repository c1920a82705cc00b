"""Measures dynamic masks against true ones: mean J (intersection over union), precision, recall, CPU time.

    python -m tests.bench.masks FOLDER [FOLDER ...]

Below each folder, videos with true masks are looked for: `masks/NNNNN.png` or `<name>_masks/NNNNN.png` beside the
video, 255 = moving, NNNNN the frame's number. `factory synth` makes such a folder.
"""

import argparse
from pathlib import Path
from time import process_time

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.evaluate.masks import precision_recall, read_mask, region_similarity
from factory.phases.pose_stages import DecodeFrames, FindBackground, JudgeCamera, MaskMotion, SolveCamera, TrackPoints
from tests.videos import whole


def true_masks(video: Path) -> Path | None:
    for folder in (video.parent / f"{video.stem}_masks", video.parent / "masks"):
        if folder.is_dir():
            return folder
    return None


def measured(video: Path, truth: Path) -> tuple[float, float, float, float]:
    """J, precision and recall, means over frames, and CPU seconds of the masks per 100 sampled frames.

    The seconds hold the labels under the poses, not decoding and not the solve.
    """
    record = ClipRecord(whole(video), {"path": video})
    for stage in (DecodeFrames(), TrackPoints(), FindBackground(), JudgeCamera(), SolveCamera()):
        record = stage(record)
    begin = process_time()
    masks = MaskMotion()(record)["dynamic_masks"].masks
    cpu_s = process_time() - begin
    scores = []
    for number, mask in zip(record["tracks"].frame_index, masks, strict=True):
        path = truth / f"{number:05d}.png"
        if not path.exists():
            continue
        wanted = read_mask(path)
        ours = cv2.resize(mask.astype(np.uint8), wanted.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
        scores.append((region_similarity(ours, wanted), *precision_recall(ours, wanted)))
    return (*np.mean(scores, axis=0), 100 * cpu_s / len(masks))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"{'clip':24}{'J':>7}{'P':>7}{'R':>7}{'CPU s':>8}")
    for folder in options.folders:
        found = []
        for video in sorted(folder.rglob("*.mp4")):
            truth = true_masks(video)
            if truth is not None:
                found.append(measured(video, truth))
                print(f"{video.stem:24}{found[-1][0]:7.3f}{found[-1][1]:7.2f}{found[-1][2]:7.2f}{found[-1][3]:8.1f}")
        if found:
            print(f"{f'mean of {len(found)} in {folder.name}':24}{np.mean([f[0] for f in found]):7.3f}")


if __name__ == "__main__":
    main()
