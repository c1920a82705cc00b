"""Points followed through a clip: CoTracker."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from factory.errors import ConfigError
from factory.models.foreign import absolute, foreign
from factory.models.joining import followed
from factory.models.network import Network, Unit
from factory.models.roles import Followed
from factory.models.weights import NONE, WeightStore, state_of


@dataclass
class CoTracker(Network):
    """CoTracker 3, offline (Karaev et al., ICCV 2025); the role `Follower`.

    Its code is github.com/facebookresearch/co-tracker, whose licence and that of its weights (CC BY-NC 4.0) forbid
    commercial use. It sees pictures at 384x512 and follows points both ways from where they are given.
    """

    method: ClassVar[str] = "follow"
    packages: ClassVar[tuple[str, ...]] = ("torch",)
    code: ClassVar[str] = "cotracker.predictor"
    code_from: ClassVar[str] = "install what github.com/facebookresearch/co-tracker says"
    memory_gb: ClassVar[float] = 10.0  # a guess: 60 frames, 1,000 points

    weights: str = "cotracker3_offline"
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
        import torch

        self.load()
        found = []
        for frames, queries in units:
            video = torch.from_numpy(frames).to(self.device).permute(0, 3, 1, 2)[None].float()
            asked = torch.from_numpy(queries).to(self.device)[None]
            with torch.inference_mode():
                xy, seen = self._network(video, queries=asked, backward_tracking=True)
            told = torch.cat([xy[0].float(), seen[0][..., None].float()], dim=-1)
            found.append(told.permute(1, 0, 2).cpu().numpy())
        return found

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
        network = theirs.CoTrackerPredictor(checkpoint=None)
        if self.weights != NONE:
            with self.store.held(self.weights) as folder:
                state = state_of(folder)
                try:
                    network.model.load_state_dict(state.get("model", state))
                except RuntimeError as error:
                    raise ConfigError(f"weights {self.weights} are not of CoTracker 3, offline.") from error
        return network.eval().to(self.device)
