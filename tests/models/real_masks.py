"""Masks with true weights, in place of OneFormer's and SAM 2's: what stands out in boxes that NanoDet finds, or that
are given. The weights: `standin_weights.py`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import cv2
import numpy as np

from factory.construct import Count, Share
from factory.errors import ModelError
from factory.evaluate.masks import region_similarity
from factory.models.dis import DisFlow
from factory.models.network import Network, Unit
from factory.models.roles import Prompt
from tests.models.real_detector import COCO, PLACE, NanoDet
from tests.models.real_isnet import IsNet, wider


@dataclass
class NanoDetIsNet(NanoDet):
    """What stands out in the surest boxes of a picture; the role `Segmenter`, for COCO's names. A pixel that two boxes
    claim is of the surer one's class."""

    method: ClassVar[str] = "classes"

    most_boxes: Count = 4  # a picture

    def classes(self, frames: np.ndarray, names: Sequence[str]) -> np.ndarray:
        return np.asarray(self.answer(frames, tuple(names)))

    def units(self, frames: np.ndarray, names: Sequence[str]) -> list[Unit]:
        if unknown := [name for name in names if name not in COCO]:
            raise ModelError(f"model {self.name} knows no class {unknown[0]!r}.")
        places = np.array([names.index(name) + 1 if name in names else 0 for name in COCO], np.uint8)
        return [(frame, places) for frame in frames]

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        self.load()
        return [self._of_picture(frame, places) for frame, places in units]

    def joined(self, answers: Sequence[np.ndarray], frames: np.ndarray, names: Sequence[str]) -> Any:
        del names
        return np.stack(answers) if answers else np.zeros(frames.shape[:3], np.uint8)

    def load(self) -> None:
        super().load()
        if not hasattr(self, "_isnet"):
            self._isnet = IsNet(self.folder)

    def _of_picture(self, frame: np.ndarray, places: np.ndarray) -> np.ndarray:
        found = np.zeros(frame.shape[:2], np.uint8)
        boxes = [row for row in self.seen(frame) if places[int(row[5])]]
        for row in reversed(boxes[: self.most_boxes]):
            found[self._isnet.inside(frame, row[:4])] = places[int(row[5])]
        return found


@dataclass
class IsNetMasks(Network):
    """Objects followed; the role `VideoMasks`. Each frame's mask comes from the nearest frame that has a prompt, and is
    carried from frame to frame by the median of the flow in it. Every so many frames what stands out in the box around
    it takes its place; where the two differ, the object is lost.

    agree: J of the two at the least; a guess.
    """

    method: ClassVar[str] = "propagate"
    packages: ClassVar[tuple[str, ...]] = ("onnxruntime",)

    device: str = field(default="cpu", compare=False, kw_only=True)
    folder: str = field(default_factory=lambda: os.environ.get(PLACE, ""), compare=False)
    every: Count = 4
    agree: Share = 0.3

    def propagate(self, frames: np.ndarray, prompts: Sequence[Prompt]) -> np.ndarray:
        return np.asarray(self.answer(frames, tuple(prompts)))

    def units(self, frames: np.ndarray, prompts: Sequence[Prompt]) -> list[Unit]:
        return [(frames, [p for p in prompts if p.object_id == n]) for n in sorted({p.object_id for p in prompts})]

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        self.load()
        return [self._followed(frames, prompts) for frames, prompts in units]

    def joined(self, answers: Sequence[np.ndarray], frames: np.ndarray, prompts: Sequence[Prompt]) -> Any:
        del prompts
        return np.stack(answers) if answers else np.zeros((0, *frames.shape[:3]), bool)

    def load(self) -> None:
        if not hasattr(self, "_isnet"):
            self._isnet = IsNet(self.folder)

    @cached_property
    def _flow(self) -> DisFlow:
        return DisFlow("fast")

    def _followed(self, frames: np.ndarray, prompts: Sequence[Prompt]) -> np.ndarray:
        """bool (F, H, W), one object."""
        masks = np.zeros(frames.shape[:3], bool)
        asked = np.array(sorted({prompt.frame for prompt in prompts}))
        for prompt in prompts:
            masks[prompt.frame] |= self._prompted(frames[prompt.frame], prompt)
        nearest = asked[np.abs(np.arange(len(frames))[:, None] - asked).argmin(axis=1)]
        for start in asked:
            for step in (1, -1):
                frame = start + step
                while 0 <= frame < len(frames) and nearest[frame] == start:
                    mask = self._carried(frames, frame - step, frame, masks[frame - step])
                    masks[frame] = mask if (frame - start) % self.every else self._renewed(frames[frame], mask)
                    frame += step
        return masks

    def _prompted(self, frame: np.ndarray, prompt: Prompt) -> np.ndarray:
        if prompt.mask is not None:
            return np.asarray(prompt.mask)
        height, width = frame.shape[:2]
        if prompt.box is not None:
            return self._isnet.inside(frame, prompt.box)
        assert prompt.points is not None
        assert prompt.inside is not None
        return self._piece(self._isnet.inside(frame, np.array([0.0, 0, width, height])), prompt.points[prompt.inside])

    def _piece(self, mask: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Of what stands out in a picture, the pieces under the points, float (K, 2)."""
        _, pieces = cv2.connectedComponents(mask.astype(np.uint8))
        x, y = np.clip(np.rint(points).astype(int), 0, np.array(mask.shape[::-1]) - 1).T
        return np.isin(pieces, pieces[y, x]) & mask

    def _carried(self, frames: np.ndarray, old: int, new: int, mask: np.ndarray) -> np.ndarray:
        """As a whole: carried pixel by pixel, a mask that has slipped to what is behind is torn over the picture."""
        if not mask.any():
            return mask
        flow = self._flow.pairs(frames, np.array([[old, new]]))[0]
        away = np.eye(2, 3)
        away[:, 2] = np.median(flow[mask], axis=0)
        return np.asarray(cv2.warpAffine(mask.astype(np.uint8), away, mask.shape[::-1], flags=cv2.INTER_NEAREST) > 0)

    def _renewed(self, frame: np.ndarray, mask: np.ndarray) -> np.ndarray:
        if not mask.any():
            return mask
        y, x = np.nonzero(mask)
        found = self._isnet.inside(frame, wider(np.array([x.min(), y.min(), x.max() + 1.0, y.max() + 1.0])))
        return found & (region_similarity(found, mask) >= self.agree)
