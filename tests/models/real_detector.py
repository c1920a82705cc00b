"""NanoDet with true weights, which `standin_weights.py` takes from a package: boxes of COCO's 80 classes."""

import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np

from factory.construct import Share
from factory.models.network import Network, Unit
from factory.models.roles import Boxes

PLACE = "FACTORY_STANDINS"  # names the folder with nanodet.onnx and isnet.onnx
SIDE_PX = 416
MEAN, SD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)  # of blue, green and red, as it was trained
MOST_OVERLAP = 0.6  # of two boxes of a class, as its authors have it
COCO = (
    *("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light"),
    *("fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow"),
    *("elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee"),
    *("skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard"),
    *("tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple"),
    *("sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch"),
    *("potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone"),
    *("microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear"),
    *("hair drier", "toothbrush"),
)


def session(folder: str, name: str) -> Any:
    """A network on one core, as workers are given them."""
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return runtime.InferenceSession(str(Path(folder, name)), options, providers=["CPUExecutionProvider"])


@dataclass
class NanoDet(Network):
    """NanoDet-m (RangiLyu, 2020) at 416 pixels; the role `Detector`. A word is one of COCO's names, with "a" or "an"
    before it or not; it finds nothing of another."""

    method: ClassVar[str] = "boxes"
    packages: ClassVar[tuple[str, ...]] = ("onnxruntime",)
    mixed: ClassVar[bool] = True

    device: str = field(default="cpu", compare=False, kw_only=True)
    folder: str = field(default_factory=lambda: os.environ.get(PLACE, ""), compare=False)
    least_score: Share = 0.35

    def boxes(self, frames: np.ndarray, words: Sequence[str]) -> Boxes:
        found: Boxes = self.answer(frames, tuple(words))
        return found

    def units(self, frames: np.ndarray, words: Sequence[str]) -> list[Unit]:
        return [(frame,) for frame in frames] if words else []

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        self.load()
        return [self.seen(frame) for (frame,) in units]

    def joined(self, answers: Sequence[np.ndarray], frames: np.ndarray, words: Sequence[str]) -> Boxes:
        del frames
        names = [word.lower().removeprefix("a ").removeprefix("an ").strip() for word in words]
        place = {COCO.index(name): n for n, name in reversed(list(enumerate(names))) if name in COCO}
        rows = [(f, *row[:5], place[int(row[5])]) for f, each in enumerate(answers) for row in each if row[5] in place]
        told = np.array(rows, np.float32).reshape(-1, 7)
        return Boxes(told[:, 0].astype(np.int64), told[:, 1:5], told[:, 5], told[:, 6].astype(np.int64))

    def load(self) -> None:
        if not hasattr(self, "_nanodet"):
            self._nanodet = session(self.folder, "nanodet.onnx")

    def seen(self, frame: np.ndarray) -> np.ndarray:
        """float32 (N, 6), the best first: x0, y0, x1, y1 in pixels of the frame, score, class. frame: uint8 (H, W, 3)
        RGB, which the network sees in a corner of a square: stretched to one, as others do it, it misses goat and
        motorcycle."""
        height, width = frame.shape[:2]
        side = max(height, width)
        whole = cv2.copyMakeBorder(frame[..., ::-1], 0, side - height, 0, side - width, cv2.BORDER_CONSTANT)
        square = cv2.resize(whole, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
        given = ((square - np.float32(MEAN)) / np.float32(SD)).transpose(2, 0, 1)[None]
        told = self._nanodet.run([f"Identity{n}:0" for n in ("", "_1", "_2", "_3", "_4", "_5")], {"input_1:0": given})
        rows = [_decoded(told[n][0], told[n + 3][0], stride) for n, stride in enumerate((8, 16, 32))]
        xyxy, score, label = (np.concatenate(part) for part in zip(*rows, strict=True))
        xyxy = np.clip(xyxy * (side / SIDE_PX), 0, [width, height] * 2)
        sides = np.c_[xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]]
        kept = cv2.dnn.NMSBoxesBatched(sides.tolist(), score.tolist(), label.tolist(), self.least_score, MOST_OVERLAP)
        best = sorted(np.asarray(kept, int).tolist(), key=lambda n: -score[n])
        return np.c_[xyxy, score, label][best].astype(np.float32).reshape(-1, 6)


def _decoded(scores: np.ndarray, sides: np.ndarray, stride: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes (N, 4) in pixels of the square, scores (N,) and classes (N,). scores: (N, 80), of cells row by row. sides:
    (N, 44), of each the logits of how far left, up, right and down it reaches: 0 to 10 strides."""
    cells = SIDE_PX // stride
    y, x = (np.mgrid[:cells, :cells].reshape(2, -1) + 0.5) * stride
    likely = np.exp(sides.reshape(-1, 4, 11) - sides.reshape(-1, 4, 11).max(axis=2, keepdims=True))
    reach = (likely @ np.arange(11)) / likely.sum(axis=2) * stride
    xyxy = np.stack([x, y, x, y], axis=1) + reach * [-1, -1, 1, 1]
    return xyxy, scores.max(axis=1), scores.argmax(axis=1)
