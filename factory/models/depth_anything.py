"""Depth of single pictures: Depth Anything v2."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from factory.models.joining import depth_maps
from factory.models.network import Network, Unit
from factory.models.pretrained import pretrained
from factory.models.roles import DepthMaps
from factory.models.weights import WeightStore


@dataclass
class DepthAnything(Network):
    """Depth Anything v2 (Yang et al., NeurIPS 2024); the role `Depth`.

    Its own checkpoints answer a disparity up to scale and shift a frame, those that were tuned for it metres.
    """

    method: ClassVar[str] = "depth"
    packages: ClassVar[tuple[str, ...]] = ("torch", "torchvision", "transformers")
    memory_gb: ClassVar[float] = 3.0  # a guess: 25 million weights, pictures of 518 pixels

    weights: str = "depth_anything_v2_small"
    store: WeightStore = field(default_factory=WeightStore, compare=False)

    def depth(self, frames: np.ndarray, focal_px: np.ndarray | None = None) -> DepthMaps:
        found: DepthMaps = self.answer(frames, focal_px)
        return found

    def units(self, frames: np.ndarray, focal_px: np.ndarray | None = None) -> list[Unit]:
        del focal_px  # nothing of it enters
        return [(frame,) for frame in frames]

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        import torch

        self.load()
        network, processor = self._loaded
        pictures = [frame for (frame,) in units]
        given = processor(images=pictures, return_tensors="pt").to(self.device)
        with torch.inference_mode():
            sizes = [frame.shape[:2] for frame in pictures]
            found = processor.post_process_depth_estimation(network(**given), target_sizes=sizes)
        return [each["predicted_depth"].half().cpu().numpy() for each in found]

    def joined(
        self, answers: Sequence[np.ndarray], frames: np.ndarray, focal_px: np.ndarray | None = None
    ) -> DepthMaps:
        del focal_px
        self.load()
        metric = self._loaded[0].config.depth_estimation_type == "metric"
        return depth_maps(answers, frames, "metric" if metric else "affine_disparity")

    def load(self) -> None:
        if not hasattr(self, "_loaded"):
            kinds = ("DepthAnythingForDepthEstimation", "DPTImageProcessor")
            self._loaded: list[Any] = pretrained(self, self.weights, self.store, *kinds)
