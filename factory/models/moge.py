"""Depth in metres and focal lengths of single pictures: MoGe."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from factory.errors import ConfigError
from factory.models.foreign import absolute, foreign
from factory.models.joining import depth_maps, focals
from factory.models.network import Network, Unit
from factory.models.roles import DepthMaps, Focals
from factory.models.weights import WeightStore, state_of


@dataclass
class _MoGe(Network):
    """MoGe-2 (Wang et al., NeurIPS 2025). Its code is github.com/microsoft/MoGe (MIT); `dlr-moge` on the index is a
    copy of it."""

    packages: ClassVar[tuple[str, ...]] = ("torch",)
    code: ClassVar[str] = "moge.model.v2"
    code_from: ClassVar[str] = "pip install dlr-moge"
    memory_gb: ClassVar[float] = 3.0  # a guess: 35 million weights (ViT-S), 3,600 tokens a picture

    weights: str = "moge_2_vits_normal"
    code_at: str | None = field(default=None, compare=False)
    store: WeightStore = field(default_factory=WeightStore, compare=False)

    def __post_init__(self) -> None:
        self.code_at = absolute(self.code_at)

    def load(self) -> None:
        if hasattr(self, "_network"):
            return
        self.check_device()
        theirs = foreign(self.code, self.code_from, self.code_at)
        with self.store.held(self.weights) as folder:
            state = state_of(folder)
            try:
                network = theirs.MoGeModel(**state["model_config"])
                network.load_state_dict(state["model"])
            except (KeyError, TypeError, RuntimeError) as error:
                raise ConfigError(f"weights {self.weights} are not of MoGe-2: take moge_2_vits_normal.") from error
        self._network = network.eval().to(self.device)

    def _asked(self, pictures: Sequence[np.ndarray], fov_deg: np.ndarray | None = None) -> dict[str, Any]:
        import torch

        self.load()
        images = torch.from_numpy(np.stack(pictures)).to(self.device).permute(0, 3, 1, 2).float() / 255.0
        fov = None if fov_deg is None else torch.from_numpy(fov_deg.astype(np.float32)).to(self.device)
        told: dict[str, Any] = self._network.infer(images, fov_x=fov, use_fp16=self.on_card)
        return told


@dataclass
class MoGeDepth(_MoGe):
    """The role `Depth`; infinite where it sees no surface, as in the sky."""

    method: ClassVar[str] = "depth"

    def depth(self, frames: np.ndarray, focal_px: np.ndarray | None = None) -> DepthMaps:
        found: DepthMaps = self.answer(frames, focal_px)
        return found

    def units(self, frames: np.ndarray, focal_px: np.ndarray | None = None) -> list[Unit]:
        if focal_px is None:
            return [(frame,) for frame in frames]
        fov_deg = np.degrees(2 * np.arctan(0.5 * frames.shape[2] / np.asarray(focal_px, float)))
        known = zip(frames, fov_deg.reshape(-1, 1), strict=True)
        return [(frame,) if np.isnan(fov[0]) else (frame, fov) for frame, fov in known]

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        given = np.concatenate([unit[1] for unit in units]) if len(units[0]) > 1 else None
        return list(self._asked([unit[0] for unit in units], given)["depth"].half().cpu().numpy())

    def joined(
        self, answers: Sequence[np.ndarray], frames: np.ndarray, focal_px: np.ndarray | None = None
    ) -> DepthMaps:
        del focal_px
        return depth_maps(answers, frames, "metric")


@dataclass
class MoGeIntrinsics(_MoGe):
    """The role `Intrinsics`: of each frame by itself, without a doubt of its own."""

    method: ClassVar[str] = "focals"

    def focals(self, frames: np.ndarray) -> Focals:
        found: Focals = self.answer(frames)
        return found

    def units(self, frames: np.ndarray) -> list[Unit]:
        return [(frame,) for frame in frames]

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        width = units[0][0].shape[1]
        return list(self._asked([frame for (frame,) in units])["intrinsics"][:, 0, 0].float().cpu().numpy() * width)

    def joined(self, answers: Sequence[np.ndarray], frames: np.ndarray) -> Focals:
        return focals(answers, frames)
