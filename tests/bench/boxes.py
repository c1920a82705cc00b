"""Measures what one true box in one frame makes of the masks: mean J beside that of the masks by motion.

    python -m tests.bench.boxes FOLDER [FOLDER ...]

Below each folder, videos with true masks are looked for, as in `tests.bench.masks`. The box is that of all that truly
moves: in the first frame where it shows at 30 % of its largest area, and in two later ones, each by itself.
"""

import argparse
from pathlib import Path
from time import process_time

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.evaluate.masks import read_mask, region_similarity
from factory.models.roles import Prompt
from factory.phases.pose_stages import DecodeFrames
from factory.prior.boxed import BoxMasks
from factory.prior.merge import mask_box
from tests.bench.dynapo import MOTION
from tests.bench.masks import true_masks
from tests.videos import whole

PLACES = (0.0, 0.5, 0.85)  # of the boxes, among the frames where enough shows
LEAST_SHOWN = 0.3


def measured(video: Path, folder: Path) -> tuple[float, list[float], float]:
    """J of the masks by motion, J with each box, and CPU seconds a frame and box."""
    record = ClipRecord(whole(video), {"path": video})
    for stage in (DecodeFrames(), *MOTION):
        record = stage(record)
    motion, tracks = record["dynamic_masks"], record["tracks"]
    height, width = motion.masks.shape[1:]
    truth: dict[int, np.ndarray] = {}
    for frame, number in enumerate(tracks.frame_index.tolist()):
        if (path := folder / f"{number:05d}.png").exists():
            mask = read_mask(path).astype(np.uint8)
            truth[frame] = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST) > 0
    area = {frame: int(mask.sum()) for frame, mask in truth.items()}
    shown = [frame for frame, size in area.items() if size >= LEAST_SHOWN * max(area.values())]

    def mean_j(masks: np.ndarray) -> float:
        return float(np.mean([region_similarity(masks[frame], mask) for frame, mask in truth.items()]))

    rgb, begin, found = record["frames"].colour, process_time(), []
    for place in PLACES:
        frame = shown[int(place * (len(shown) - 1))]
        box = mask_box(truth[frame])
        assert box is not None
        prompt = Prompt(0, frame, box=(box * (rgb.shape[2] / width)).astype(float) - 0.5)
        (masks,) = BoxMasks()(rgb, tracks, record["background"], motion, [[prompt]], bool(record["trust"].reasons))
        found.append(mean_j(masks))
    return mean_j(motion.masks), found, (process_time() - begin) / len(PLACES) / len(rgb)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"{'clip':24}{'motion':>8}{'first':>8}{'second':>8}{'third':>8}{'CPU s':>8}")
    rows = []
    for video in (video for folder in options.folders for video in sorted(folder.rglob("*.mp4"))):
        if (folder := true_masks(video)) is not None:
            base, found, cpu_s = measured(video, folder)
            rows.append([base, *found])
            print(f"{video.stem:24}{base:8.3f}" + "".join(f"{j:8.3f}" for j in found) + f"{cpu_s:8.3f}", flush=True)
    print(f"{f'mean of {len(rows)}':24}" + "".join(f"{j:8.3f}" for j in np.mean(rows, axis=0)))


if __name__ == "__main__":
    main()
