"""Dense optical flow on a GPU: RAFT, as torchvision has it."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np

from factory.construct import Count
from factory.errors import ConfigError
from factory.models.weights import hold_weights

LEAST_SIDE_PX = 128  # RAFT works at an eighth of the size and looks four levels up


@dataclass
class RaftFlow:
    """RAFT (Teed and Deng, ECCV 2020), the large model of torchvision.

    weights: name of a set of torchvision's `Raft_Large_Weights`, fetched once and kept in torch's cache; "none" leaves
    the network random, for tests of everything but the answer. weights_at: a copy of that set's file, local or s3://,
    to be taken instead of torchvision's site.
    """

    weights: str = (
        "C_T_SKHT_V2"  # trained on chairs, things, Sintel, KITTI and HD1K: the best on real video of the sets
    )
    updates: Count = 12  # torchvision's default; the paper evaluates with 12 to 32
    device: str = field(default="cuda", compare=False)
    weights_at: str | None = field(default=None, compare=False)
    cache_dir: str | None = field(default=None, compare=False)

    def flow(self, first: np.ndarray, second: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
        """Where each pixel of `first` went: float32 (H, W, 2) pixels, (x, y), so that first[p] ~ second[p + flow[p]].

        first, second: uint8 (H, W) grey or (H, W, 3) RGB. start is not used: RAFT begins at rest.
        """
        import torch

        del start
        network = self._network
        height, width = first.shape[:2]
        pictures = [torch.from_numpy(_padded(image)).permute(2, 0, 1)[None] for image in (first, second)]
        batch = [(picture.float() / 127.5 - 1.0).to(self.device) for picture in pictures]
        with torch.inference_mode():
            found = network(*batch, num_flow_updates=self.updates)[-1][0]
        return found.permute(1, 2, 0).cpu().numpy()[:height, :width]

    def setup(self) -> None:
        """Loads the network. Raises ConfigError when there is no GPU for it."""
        _ = self._network

    @cached_property
    def _network(self) -> Any:
        import torch
        from torchvision.models.optical_flow import Raft_Large_Weights, raft_large

        if self.device.startswith("cuda") and not torch.cuda.is_available():
            raise ConfigError("the flow model wants a GPU and torch sees none: take profile=cpu, or flow.device=cpu.")
        weights = None if self.weights == "none" else Raft_Large_Weights[self.weights]
        torch.manual_seed(0)
        if weights is None or self.weights_at is None:
            return raft_large(weights=weights, progress=False).eval().to(self.device)
        sha256 = weights.url.rpartition("-")[2].removesuffix(".pth")  # torchvision names its files so
        network = raft_large(weights=None, progress=False)
        copy = hold_weights(self.weights_at, sha256, self.cache_dir)
        network.load_state_dict(torch.load(copy.path, map_location="cpu", weights_only=True))
        copy.release()
        return network.eval().to(self.device)


def _padded(image: np.ndarray) -> np.ndarray:
    """Three channels, sides multiples of eight and large enough, edges repeated below and to the right."""
    colour = image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    below, right = (max(LEAST_SIDE_PX - side, -side % 8) for side in image.shape[:2])
    return np.asarray(cv2.copyMakeBorder(colour, 0, below, 0, right, cv2.BORDER_REPLICATE))
