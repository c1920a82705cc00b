"""Measures networks of masks with true weights, which `tests/models/standin_weights.py` makes, against true masks.

    FACTORY_STANDINS=FOLDER python -m tests.bench.mask_networks MEDIA [--only NAME ...]

MEDIA: the development media, of which `masks_gt` is read. Mean J over frames of a clip, seen as `pose_masked` sees it.
classes: people, animals and vehicles of the `Segmenter`, in every so many sampled frames. box: the object whose true
box is given in the first frame, followed through all by the `VideoMasks`; there: the same in the first frame alone.
objects: FollowObjects with both, and motion: SampsonMask on the default flow, of which the stage makes the union.
Halves by origin are those of `tests.bench.real`.

The stage that joins them is measured on what a run makes:

    factory run --config-dir tests/models/standins source=MEDIA/masks_gt output=OUTPUT pipeline=pose device=cpu \\
        phase@pose=pose_masked segmenter=standin video_masks=standin pose.stages.objects.detector=null \\
        'allow_targets=[tests]' engine=inline
    factory export OUTPUT FOLDER --format davis --all
    factory evaluate masks FOLDER MEDIA/masks_gt
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.evaluate.masks import read_mask, region_similarity
from factory.frames import Frames
from factory.masks.objects import FollowObjects
from factory.masks.sampson import SampsonMask
from factory.models.dis import DisFlow
from factory.models.roles import Prompt
from factory.phases.pose_stages import DecodeFrames
from tests.bench.masks import true_masks
from tests.bench.real import RealClip
from tests.models.real_detector import COCO
from tests.models.real_masks import IsNetMasks, NanoDetIsNet
from tests.videos import whole

COLOUR_SIDE_PX = 640  # as in conf/phase/pose_masked.yaml
NAMES = (*COCO[:9], *COCO[14:24])  # people and vehicles, and animals
COLUMNS = ("classes", "box", "there", "objects", "motion")


def seen(video: Path) -> tuple[np.ndarray, np.ndarray]:
    """The sampled frames, uint8 (F, h, w, 3), and their true masks in the same size, bool (F, h, w). Frames without one
    are left out."""
    record = DecodeFrames(colour_side_px=COLOUR_SIDE_PX)(ClipRecord(whole(video), {"path": video}))
    frames: Frames = record["frames"]
    folder = true_masks(video)
    assert folder is not None
    paths = [folder / f"{number:05d}.png" for number in frames.frame_index]
    colour = frames.colour[[path.exists() for path in paths]]
    size = colour.shape[2:0:-1]
    truths = [cv2.resize(read_mask(path).astype(np.uint8), size) > 0 for path in paths if path.exists()]
    return colour, np.stack(truths)


def box_of(mask: np.ndarray) -> np.ndarray:
    """float (4,): what a mask, bool (H, W), spans."""
    y, x = np.nonzero(mask)
    return np.array([x.min(), y.min(), x.max() + 1.0, y.max() + 1.0])


def mean_j(found: Sequence[np.ndarray] | np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean([region_similarity(ours, wanted) for ours, wanted in zip(found, truth, strict=True)]))


def measured(video: Path, every: int) -> tuple[float, ...]:
    """A figure a column."""
    frames, truth = seen(video)
    first = int(truth.any(axis=(1, 2)).argmax())
    classes = NanoDetIsNet().classes(frames[::every], NAMES) > 0
    followed = IsNetMasks().propagate(frames[first:], [Prompt(0, 0, box=box_of(truth[first]))])[0]
    return (
        mean_j(classes, truth[::every]),
        mean_j(followed, truth[first:]),
        mean_j(followed[:1], truth[first : first + 1]),
        mean_j(FollowObjects()(NanoDetIsNet(), IsNetMasks(), None, frames), truth),
        mean_j(SampsonMask()(DisFlow(), frames), truth),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path)
    parser.add_argument("--only", nargs="+", help="names of clips")
    parser.add_argument("--every", type=int, default=5, help="sampled frames, of classes")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    halves: dict[str, list[tuple[float, ...]]] = {"A": [], "B": []}
    print(f"{'clip':24}" + "".join(f"{name:>9}" for name in COLUMNS))
    for video in sorted((options.media / "masks_gt").rglob("*.mp4")):
        if options.only and video.stem not in options.only:
            continue
        half = RealClip(video.stem, video, "masks_gt", video.parent.name).half
        halves[half].append(measured(video, options.every))
        print(f"{half} {video.stem:22}" + "".join(f"{j:9.3f}" for j in halves[half][-1]), flush=True)
    for name, rows in (*halves.items(), ("AB", [*halves["A"], *halves["B"]])):
        if rows:
            print(f"{f'mean of {len(rows)}, {name}':24}" + "".join(f"{j:9.3f}" for j in np.mean(rows, axis=0)))


if __name__ == "__main__":
    main()
