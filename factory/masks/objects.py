"""Objects of classes that move, found in key frames and followed through the clip."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from factory.construct import Count, Share
from factory.models.roles import Boxes, Detector, Prompt, Segmenter, VideoMasks

# Of COCO, what moves by itself, is carried, ridden, worn or thrown: RoDynRF's choice (person, vehicle, animal,
# accessory and sports classes).
MOVERS = (
    *("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"),
    *("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"),
    *("backpack", "umbrella", "handbag", "tie", "suitcase"),
    *("frisbee", "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove"),
    *("skateboard", "surfboard", "tennis racket"),
)


@dataclass
class FollowObjects:
    """Pixels of the named classes in every so many frames, and what is held in hands; what is not covered yet is
    followed both ways from there.

    One object a class and frame: where two dogs are seen they are followed as one, as masks of what moves are wanted,
    not of who. Rounds end where all that key frames show is covered. held: words for a detector, where one is given;
    DynPose-100K has a network of its own for hands and what they hold (Hands23), whose weights need a request.
    """

    names: tuple[str, ...] = MOVERS
    held: tuple[str, ...] = ("hand", "object held in a hand")
    every: Count = 12  # frames; a guess: a second
    least_share: Share = 0.001  # of the picture: less is noise of the classes; a guess
    covered: Share = 0.5  # of an object in a key frame, by what is followed already; a guess
    covered_box: Share = 0.2  # the same of a box, which holds more than its object; a guess
    most_rounds: Count = 4  # of following: each costs as much as the clip is long

    def __call__(
        self, segmenter: Segmenter, video_masks: VideoMasks, detector: Detector | None, frames: np.ndarray
    ) -> np.ndarray:
        """bool (F, H, W). frames: uint8 (F, H, W, 3) RGB. Raises ModelError."""
        keys = np.arange(0, len(frames), self.every)
        classes = segmenter.classes(frames[keys], self.names)
        boxes = None if detector is None else detector.boxes(frames[keys], self.held)
        found = np.zeros(frames.shape[:3], bool)
        found[keys] = classes > 0
        covered = np.zeros_like(classes, bool)  # in the key frames: what is followed, or was asked for in vain
        for _ in range(self.most_rounds):
            left = self._left(classes, boxes, covered)
            if not left:
                break
            prompts = [replace(p, object_id=n, frame=int(keys[p.frame])) for n, p in enumerate(left)]
            followed = np.asarray(video_masks.propagate(frames, prompts).any(axis=0))
            found |= followed
            covered |= followed[keys]
            for prompt in left:
                covered[prompt.frame] |= _inside(prompt, frames.shape[1:3]) if prompt.mask is None else prompt.mask
        return found

    def _left(self, classes: np.ndarray, boxes: Boxes | None, covered: np.ndarray) -> list[Prompt]:
        """Prompts of the first key frame that shows anything that is not covered, a mask a class and each box."""
        least = self.least_share * classes[0].size if len(classes) else 0
        for key, seen in enumerate(classes):
            masks = [_without_specks(seen == name, least) for name in np.unique(seen[seen > 0])]
            left = [
                Prompt(0, key, mask=m) for m in masks if m.any() and (m & covered[key]).sum() < self.covered * m.sum()
            ]
            for box in () if boxes is None else boxes.xyxy[boxes.frame == key]:
                prompt = Prompt(0, key, box=box.astype(float))
                inside = _inside(prompt, seen.shape)
                if inside.any() and (inside & covered[key]).sum() < self.covered_box * inside.sum():
                    left.append(prompt)
            if left:
                return left
        return []


def _inside(prompt: Prompt, shape: tuple[int, ...]) -> np.ndarray:
    """The pixels of a prompt's box: bool (H, W)."""
    assert prompt.box is not None
    x0, y0, x1, y1 = np.clip(np.rint(prompt.box), 0, [shape[1], shape[0]] * 2).astype(int)
    inside = np.zeros(shape, bool)
    inside[y0:y1, x0:x1] = True
    return inside


def _without_specks(mask: np.ndarray, least_px: float) -> np.ndarray:
    count, parts, told, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    large = np.array([False, *(told[1:count, cv2.CC_STAT_AREA] >= least_px)])
    return np.asarray(large[parts])
