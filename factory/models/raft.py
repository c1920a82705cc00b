"""Dense optical flow on a GPU: RAFT."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import cv2
import numpy as np

from factory.construct import Count
from factory.models.network import Network, Unit
from factory.models.warps import warped
from factory.models.weights import NONE, WeightStore, state_of

LEAST_SIDE_PX = 128  # RAFT works at an eighth of the size and looks four levels up


@dataclass
class RaftFlow(Network):
    """RAFT (Teed and Deng, ECCV 2020), as torchvision has it; the role `Flow`.

    size: of the network. weights: a set of `conf/weights.yaml` that is of this size, or "none".
    """

    method: ClassVar[str] = "pairs"
    packages: ClassVar[tuple[str, ...]] = ("torch", "torchvision")
    memory_gb: ClassVar[float] = 2.0  # a guess: 5 million weights, and at 640x360 some 0.1 GB a pair
    version: ClassVar[int] = 3  # 2: sees colour; 3: sets of weights have other names

    size: Literal["large", "small"] = "large"
    weights: str = "raft_large"  # trained on chairs, things, Sintel, KITTI and HD1K: torchvision's best on real video
    updates: Count = 12  # torchvision's default; the paper evaluates with 12 to 32
    store: WeightStore = field(default_factory=WeightStore, compare=False)

    def pairs(self, frames: np.ndarray, pairs: np.ndarray, warps: np.ndarray | None = None) -> np.ndarray:
        """float16 (P, H, W, 2); see `Flow`."""
        return np.asarray(self.answer(frames, pairs, warps))

    def units(self, frames: np.ndarray, pairs: np.ndarray, warps: np.ndarray | None = None) -> list[Unit]:
        """Frames i and j, and how j is seen: nothing is copied before its batch."""
        return [(frames[i], frames[j], None if warps is None else warps[n]) for n, (i, j) in enumerate(pairs)]

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        import torch

        self.load()
        first = np.stack([_padded(one) for one, _, _ in units])
        second = np.stack([_padded(other if warp is None else warped(other, warp)) for _, other, warp in units])
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
        from torchvision.models import optical_flow

        self.check_device()
        torch.manual_seed(0)
        network = (optical_flow.raft_large if self.size == "large" else optical_flow.raft_small)()
        if self.weights != NONE:
            with self.store.held(self.weights) as folder:
                network.load_state_dict(state_of(folder))
        return network.eval().to(self.device)


def _padded(image: np.ndarray) -> np.ndarray:
    """Sides multiples of eight and large enough, edges repeated below and to the right."""
    below, right = (max(LEAST_SIDE_PX - side, -side % 8) for side in image.shape[:2])
    return np.asarray(cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE))
