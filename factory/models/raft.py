"""Dense optical flow on a GPU: RAFT, as torchvision has it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np

from factory.construct import Count, Positive
from factory.errors import ConfigError
from factory.models.network import Network, Unit
from factory.models.warps import seen_through
from factory.models.weights import hold_weights

LEAST_SIDE_PX = 128  # RAFT works at an eighth of the size and looks four levels up


@dataclass
class RaftFlow(Network):
    """RAFT (Teed and Deng, ECCV 2020), the large model of torchvision; the role `Flow`.

    weights: name of a set of torchvision's `Raft_Large_Weights`, fetched once and kept in torch's cache; "none" leaves
    the network random, for tests of everything but the answer. weights_at: a copy of that set's file, local or s3://,
    to be taken instead of torchvision's site.
    """

    method: ClassVar[str] = "pairs"
    packages: ClassVar[tuple[str, ...]] = ("torch", "torchvision")
    memory_gb: ClassVar[float] = 2.0  # a guess: 5 million weights, and at 640x360 some 0.1 GB a pair
    version: ClassVar[int] = 2  # 2: sees colour

    weights: str = (
        "C_T_SKHT_V2"  # trained on chairs, things, Sintel, KITTI and HD1K: the best on real video of the sets
    )
    updates: Count = 12  # torchvision's default; the paper evaluates with 12 to 32
    weights_at: str | None = field(default=None, compare=False)
    cache_dir: str | None = field(default=None, compare=False)
    cache_gb: Positive = field(default=50.0, compare=False)

    def __post_init__(self) -> None:
        if self.cache_dir is not None:  # replicas have other working directories
            self.cache_dir = str(Path(self.cache_dir).expanduser().absolute())

    def pairs(self, frames: np.ndarray, pairs: np.ndarray, warps: np.ndarray | None = None) -> np.ndarray:
        """float16 (P, H, W, 2); see `Flow`."""
        return np.asarray(self.answer(frames, pairs, warps))

    def units(self, frames: np.ndarray, pairs: np.ndarray, warps: np.ndarray | None = None) -> list[Unit]:
        seen = seen_through(frames, pairs, warps)
        return [(_padded(frames[i]), _padded(other)) for (i, _), other in zip(pairs, seen, strict=True)]

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        import torch

        self.load()
        first, second = (np.stack(side) for side in zip(*units, strict=True))
        batch = [torch.from_numpy(side).permute(0, 3, 1, 2).to(self.device).float() for side in (first, second)]
        with torch.inference_mode():
            found = self._network(*(side / 127.5 - 1.0 for side in batch), num_flow_updates=self.updates)[-1]
        return list(found.permute(0, 2, 3, 1).half().cpu().numpy())

    def joined(
        self, answers: Sequence[np.ndarray], frames: np.ndarray, pairs: np.ndarray, warps: np.ndarray | None = None
    ) -> np.ndarray:
        del pairs, warps
        height, width = frames.shape[1:3]
        if not answers:
            return np.zeros((0, height, width, 2), np.float16)
        return np.stack([answer[:height, :width] for answer in answers])

    def load(self) -> None:
        if not hasattr(self, "_network"):
            self._network = self._loaded()

    def _loaded(self) -> Any:
        import torch
        from torchvision.models.optical_flow import Raft_Large_Weights, raft_large

        if self.on_card and not torch.cuda.is_available():
            raise ConfigError("the flow model wants a GPU and torch sees none: take profile=cpu, or flow.device=cpu.")
        weights = None if self.weights == "none" else Raft_Large_Weights[self.weights]
        torch.manual_seed(0)
        if weights is None or self.weights_at is None:
            return raft_large(weights=weights, progress=False).eval().to(self.device)
        sha256 = weights.url.rpartition("-")[2].removesuffix(".pth")  # torchvision names its files so
        network = raft_large(weights=None, progress=False)
        copy = hold_weights(self.weights_at, sha256, self.cache_dir, self.cache_gb)
        network.load_state_dict(torch.load(copy.path, map_location="cpu", weights_only=True))
        copy.release()
        return network.eval().to(self.device)


def _padded(image: np.ndarray) -> np.ndarray:
    """Sides multiples of eight and large enough, edges repeated below and to the right."""
    below, right = (max(LEAST_SIDE_PX - side, -side % 8) for side in image.shape[:2])
    return np.asarray(cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE))
