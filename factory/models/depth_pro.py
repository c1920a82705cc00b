"""Depth and focal lengths of single pictures: Depth Pro."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from factory.models.joining import depth_maps, focals
from factory.models.network import Network, Unit
from factory.models.pretrained import pretrained
from factory.models.roles import DepthMaps, Focals
from factory.models.weights import WeightStore


@dataclass
class _DepthPro(Network):
    """Depth Pro (Bochkovskii et al., ICLR 2025). It sees each picture at 1536 x 1536 pixels."""

    packages: ClassVar[tuple[str, ...]] = ("torch", "torchvision", "transformers")
    memory_gb: ClassVar[float] = 8.0  # a guess: 950 million weights

    weights: str = "depth_pro"
    store: WeightStore = field(default_factory=WeightStore, compare=False)

    def load(self) -> None:
        if not hasattr(self, "_loaded"):
            kinds = ("DepthProForDepthEstimation", "DepthProImageProcessor")
            self._loaded: list[Any] = pretrained(self, self.weights, self.store, *kinds)

    def _asked(self, pictures: Sequence[np.ndarray]) -> Any:
        import torch

        self.load()
        network, processor = self._loaded
        with torch.inference_mode():
            return network(**processor(images=list(pictures), return_tensors="pt").to(self.device))


@dataclass
class DepthProDepth(_DepthPro):
    """The role `Depth`, in metres: of the focal length that is given, or of its own guess."""

    method: ClassVar[str] = "depth"

    def depth(self, frames: np.ndarray, focal_px: np.ndarray | None = None) -> DepthMaps:
        found: DepthMaps = self.answer(frames, focal_px)
        return found

    def units(self, frames: np.ndarray, focal_px: np.ndarray | None = None) -> list[Unit]:
        given = np.full(len(frames), np.nan) if focal_px is None else np.asarray(focal_px, float)
        return [(frame, focal) for frame, focal in zip(frames, given.reshape(-1, 1), strict=True)]

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        import torch

        pictures, given = [unit[0] for unit in units], np.concatenate([unit[1] for unit in units])
        told, width = self._asked(pictures), pictures[0].shape[1]
        known = torch.tensor(np.degrees(2 * np.arctan(0.5 * width / given)), dtype=torch.float32, device=self.device)
        own = told.field_of_view.reshape(-1).float()
        told.field_of_view = torch.where(torch.isnan(known), own, known)
        found = self._loaded[1].post_process_depth_estimation(told, [picture.shape[:2] for picture in pictures])
        return [each["predicted_depth"].half().cpu().numpy() for each in found]

    def joined(
        self, answers: Sequence[np.ndarray], frames: np.ndarray, focal_px: np.ndarray | None = None
    ) -> DepthMaps:
        del focal_px
        return depth_maps(answers, frames, "metric")


@dataclass
class DepthProIntrinsics(_DepthPro):
    """The role `Intrinsics`: of each frame by itself, without a doubt of its own."""

    method: ClassVar[str] = "focals"

    def focals(self, frames: np.ndarray) -> Focals:
        found: Focals = self.answer(frames)
        return found

    def units(self, frames: np.ndarray) -> list[Unit]:
        return [(frame,) for frame in frames]

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        fov_deg = self._asked([frame for (frame,) in units]).field_of_view.reshape(-1).float().cpu().numpy()
        return list(0.5 * units[0][0].shape[1] / np.tan(0.5 * np.radians(fov_deg)))

    def joined(self, answers: Sequence[np.ndarray], frames: np.ndarray) -> Focals:
        return focals(answers, frames)
