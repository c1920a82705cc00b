"""What a language model that sees all would say of a rendered clip, from its truth."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

LEAST_SHOWN = 0.001  # of the picture: what is smaller nobody would name


def instances(video: Path, frame: int) -> np.ndarray:
    """uint8 (H, W): 0 the world, n the n-th object of the clip's description; of a clip with one object its mask."""
    folder = video.with_name(f"{video.stem}_instances")
    if folder.is_dir():
        return cv2.imread(str(folder / f"{frame:05d}.png"), cv2.IMREAD_UNCHANGED)
    masks = video.with_name(f"{video.stem}_masks")
    return (cv2.imread(str(masks / f"{frame:05d}.png"), cv2.IMREAD_UNCHANGED) > 0).astype(np.uint8)


def objects_of(video: Path, frames: Sequence[int]) -> list[dict]:
    """An entry an object, as the prompt asks for it: of the pictures shown the one where it is largest without touching
    the border (largest, where it always does), its box there in thousandths. frames: numbers of the pictures shown."""
    described = json.loads(video.with_suffix(".json").read_text())["objects"]
    seen = [instances(video, frame) for frame in frames]
    entries = []
    for number, told in enumerate(described, 1):
        shown = [each == number for each in seen]
        area = np.array([mask.mean() for mask in shown])
        border = np.array([mask[[0, -1]].any() or mask[:, [0, -1]].any() for mask in shown])
        whole = np.where(border, 0.0, area)
        best = int(np.argmax(whole if whole.any() else area))
        if area[best] < LEAST_SHOWN:
            continue
        y, x = np.nonzero(shown[best])
        height, width = shown[best].shape
        box = 1000 * np.array([x.min() / width, y.min() / height, (x.max() + 1) / width, (y.max() + 1) / height])
        entry = {"object_index": number, "name": told["name"], "keyframe": best + 1, "box": np.rint(box).tolist()}
        entries.append(entry)
    return entries


def answer(video: Path, frames: Sequence[int]) -> str:
    """The reply, in the fences and the prose that models like."""
    return f"Here is what moves:\n```json\n{json.dumps({'objects': objects_of(video, frames)})}\n```"
