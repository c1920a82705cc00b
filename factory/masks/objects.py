"""Objects of classes that move, found in key frames and followed through the clip."""

from dataclasses import dataclass

import cv2
import numpy as np

from factory.construct import Count, Share
from factory.models.roles import Prompt, Segmenter, VideoMasks

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
    """Pixels of the named classes in every so many frames; what is not covered yet is followed both ways from there.

    One object a class and frame: where two dogs are seen they are followed as one, as masks of what moves are wanted,
    not of who. Rounds end where all that key frames show is covered.
    """

    names: tuple[str, ...] = MOVERS
    every: Count = 12  # frames; a guess: a second
    least_share: Share = 0.001  # of the picture: less is noise of the classes; a guess
    covered: Share = 0.5  # of an object in a key frame, by what is followed already; a guess
    most_rounds: Count = 4  # of following: each costs as much as the clip is long

    def __call__(self, segmenter: Segmenter, video_masks: VideoMasks, frames: np.ndarray) -> np.ndarray:
        """bool (F, H, W). frames: uint8 (F, H, W, 3) RGB. Raises ModelError."""
        keys = np.arange(0, len(frames), self.every)
        classes = segmenter.classes(frames[keys], self.names)
        found = np.zeros(frames.shape[:3], bool)
        found[keys] = classes > 0
        followed = np.zeros_like(found)
        for _ in range(self.most_rounds):
            left = self._left(classes, followed[keys])
            if not left:
                break
            prompts = [Prompt(number, int(keys[key]), mask=mask) for number, (key, mask) in enumerate(left)]
            followed |= video_masks.propagate(frames, prompts).any(axis=0)
            for key, mask in left:
                followed[keys[key]] |= mask  # however it was followed, it is not asked for again
        return found | followed

    def _left(self, classes: np.ndarray, followed: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """Of the first key frame that shows anything that is not covered: its number and a mask a class."""
        least = self.least_share * classes[0].size if len(classes) else 0
        for key, seen in enumerate(classes):
            masks = [_without_specks(seen == name, least) for name in np.unique(seen[seen > 0])]
            left = [m for m in masks if m.any() and (m & followed[key]).sum() < self.covered * m.sum()]
            if left:
                return [(key, mask) for mask in left]
        return []


def _without_specks(mask: np.ndarray, least_px: float) -> np.ndarray:
    count, parts, told, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    large = np.array([False, *(told[1:count, cv2.CC_STAT_AREA] >= least_px)])
    return np.asarray(large[parts])
