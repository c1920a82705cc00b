"""Points followed through a clip: TAPIR and BootsTAP."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from factory.construct import Count, Share
from factory.errors import ConfigError
from factory.models.foreign import absolute, foreign
from factory.models.joining import followed
from factory.models.network import Network, Unit
from factory.models.roles import Followed
from factory.models.weights import NONE, WeightStore, state_of


@dataclass
class Tapir(Network):
    """TAPIR (Doersch et al., ICCV 2023), by default with the weights of BootsTAP (ACCV 2024); the role `Follower`.

    Its code is `tapnet.torch` of github.com/google-deepmind/tapnet (Apache-2.0), which needs dm-tree and einshape.
    side_px: of the square at which it sees pictures; 512 in Stereo4D, 256 as it was trained. least_visible: of the
    probability that a point is seen and right, 0.5 in its authors' demonstration.
    """

    method: ClassVar[str] = "follow"
    packages: ClassVar[tuple[str, ...]] = ("torch",)
    code: ClassVar[str] = "tapnet.torch.tapir_model"
    code_from: ClassVar[str] = "install what github.com/google-deepmind/tapnet says"
    memory_gb: ClassVar[float] = 6.0  # a guess: 48 frames of 512 pixels are 0.6 GB of features

    weights: str = "bootstapir"
    side_px: Count = 512
    least_visible: Share = 0.5
    points_at_once: Count = field(default=64, compare=False)  # its own default
    code_at: str | None = field(default=None, compare=False)
    store: WeightStore = field(default_factory=WeightStore, compare=False)

    def __post_init__(self) -> None:
        self.code_at = absolute(self.code_at)

    def follow(self, frames: np.ndarray, queries: np.ndarray) -> Followed:
        found: Followed = self.answer(frames, queries)
        return found

    def units(self, frames: np.ndarray, queries: np.ndarray) -> list[Unit]:
        return [(frames, np.asarray(queries, np.float32))] if len(queries) else []

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        """float32 (N, F, 3): x, y, visible."""
        self.load()
        return [self._followed(frames, queries) for frames, queries in units]

    def _followed(self, frames: np.ndarray, queries: np.ndarray) -> np.ndarray:
        import torch
        from torch.nn.functional import interpolate

        # It counts pixels from corners: centres lie at halves.
        scale = self.side_px / np.array(frames.shape[1:3], np.float32)
        asked = np.c_[queries[:, 0], (queries[:, 2] + 0.5) * scale[0], (queries[:, 1] + 0.5) * scale[1]]
        with torch.inference_mode():
            video = torch.from_numpy(frames).to(self.device).permute(0, 3, 1, 2).float()
            video = interpolate(video, (self.side_px, self.side_px), mode="bilinear", antialias=True)
            video = video.permute(0, 2, 3, 1)[None] / 127.5 - 1.0
            points = torch.from_numpy(asked.astype(np.float32)).to(self.device)[None]
            told = self._network(video, points, query_chunk_size=self.points_at_once)
            seen = (1 - told["occlusion"].sigmoid()) * (1 - told["expected_dist"].sigmoid()) > self.least_visible
            xy, seen = told["tracks"][0].float().cpu().numpy(), seen[0].cpu().numpy()
        xy = xy / scale[::-1] - 0.5
        at = (np.arange(len(queries)), queries[:, 0].astype(int))
        xy[at], seen[at] = queries[:, 1:], True  # what was pointed at
        return np.concatenate([xy, seen[..., None]], axis=-1).astype(np.float32)

    def joined(self, answers: Sequence[np.ndarray], frames: np.ndarray, queries: np.ndarray) -> Followed:
        del queries
        return followed(answers, frames)

    def load(self) -> None:
        if not hasattr(self, "_network"):
            self._network = self._loaded()

    def _loaded(self) -> Any:
        import torch

        self.check_device()
        theirs = foreign(self.code, self.code_from, self.code_at)
        torch.manual_seed(0)
        network = theirs.TAPIR(pyramid_level=1)
        if self.weights != NONE:
            with self.store.held(self.weights) as folder:
                try:
                    network.load_state_dict(state_of(folder))
                except RuntimeError as error:
                    raise ConfigError(f"weights {self.weights} are not of TAPIR: take bootstapir.") from error
        return network.eval().to(self.device)
