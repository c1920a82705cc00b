"""Objects followed as masks: SAM 2."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from factory.construct import Count
from factory.errors import ConfigError
from factory.models.network import Network, Unit
from factory.models.roles import Prompt
from factory.models.sam2_windows import followed
from factory.models.weights import NONE, WeightStore, state_of

MEAN, SD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, as it was trained
FILES = {"tiny": "t", "small": "s", "base_plus": "b+", "large": "l"}
# What the package's own `build_sam2_video_predictor` sets, but for small holes that are filled: that needs an extension
# which is compiled on the spot.
DECODER = {
    "dynamic_multimask_via_stability": True,
    "dynamic_multimask_stability_delta": 0.05,
    "dynamic_multimask_stability_thresh": 0.98,
}


@dataclass
class Sam2(Network):
    """SAM 2.1 (Ravi et al., 2024), as the package `sam2` has it; the role `VideoMasks`.

    side_px: of the square at which it sees pictures; 1024 as it was trained. window: frames whose memory is held at
    once; the next window begins with the masks that this one ended with.
    """

    method: ClassVar[str] = "propagate"
    packages: ClassVar[tuple[str, ...]] = ("torch", "torchvision", "sam2")
    memory_gb: ClassVar[float] = 6.0  # a guess: 80 million weights, and 1 MB a frame and object of a window

    size: Literal["tiny", "small", "base_plus", "large"] = "base_plus"
    weights: str = "sam2.1_base_plus"
    side_px: Count = 1024
    window: Count = 64  # a guess: 5 s at 12 frames a second
    store: WeightStore = field(default_factory=WeightStore, compare=False)

    def propagate(self, frames: np.ndarray, prompts: Sequence[Prompt]) -> np.ndarray:
        return np.asarray(self.answer(frames, tuple(prompts)))

    def units(self, frames: np.ndarray, prompts: Sequence[Prompt]) -> list[Unit]:
        return [(frames, prompts)] if prompts else []

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        self.load()
        return [followed(frames, prompts, self.window, self._run) for frames, prompts in units]

    def joined(self, answers: Sequence[np.ndarray], frames: np.ndarray, prompts: Sequence[Prompt]) -> np.ndarray:
        del prompts
        return answers[0] if answers else np.zeros((0, *frames.shape[:3]), bool)

    def _run(
        self, frames: np.ndarray, prompts: Sequence[Prompt], reverse: bool
    ) -> Iterator[tuple[int, list[int], np.ndarray]]:
        """Of each frame: its number, the objects, and bool (O, H, W)."""
        import torch

        # The package keeps what it remembers in bfloat16, whatever the network's own type.
        with torch.inference_mode(), torch.autocast(self.device.partition(":")[0], torch.bfloat16):
            state = self._state(frames)
            for prompt in prompts:
                self._add(state, prompt)
            start = len(frames) - 1 if reverse else None
            for number, ids, scores in self._network.propagate_in_video(state, start, reverse=reverse):
                yield number, list(ids), (scores[:, 0] > 0).cpu().numpy()
            self._network.reset_state(state)

    def _add(self, state: Any, prompt: Prompt) -> None:
        where = (state, prompt.frame, prompt.object_id)
        if prompt.mask is not None:
            self._network.add_new_mask(*where, prompt.mask)
        else:
            points = None if prompt.points is None else np.asarray(prompt.points, np.float32)
            labels = None if prompt.inside is None else np.asarray(prompt.inside, np.int32)
            box = None if prompt.box is None else np.asarray(prompt.box, np.float32)
            self._network.add_new_points_or_box(*where, points, labels, box=box)

    def _state(self, frames: np.ndarray) -> Any:
        """The package reads videos from files; it is handed frames that are in memory."""
        from sam2 import sam2_video_predictor as theirs

        theirs.tqdm = partial(theirs.tqdm, disable=True)
        theirs.load_video_frames = lambda **_: (_Frames(frames, self.side_px), *frames.shape[1:3])
        return self._network.init_state("")

    def load(self) -> None:
        if not hasattr(self, "_network"):
            self._network = self._loaded()

    def _loaded(self) -> Any:
        import sam2
        import torch
        from hydra.utils import instantiate
        from omegaconf import OmegaConf

        self.check_device()
        described = OmegaConf.load(
            Path(sam2.__path__[0], "configs", "sam2.1", f"sam2.1_hiera_{FILES[self.size]}.yaml")
        ).model
        changes = {"_target_": "sam2.sam2_video_predictor.SAM2VideoPredictor", "image_size": self.side_px}
        changes |= {"sam_mask_decoder_extra_args": DECODER, "binarize_mask_from_pts_for_mem_enc": True}
        torch.manual_seed(0)
        network = instantiate(OmegaConf.merge(described, changes), _recursive_=True)
        if self.weights != NONE:
            with self.store.held(self.weights) as folder:
                try:
                    network.load_state_dict(state_of(folder)["model"])
                except (RuntimeError, KeyError) as error:
                    told = f"weights {self.weights} are not of SAM 2.1 with size={self.size}"
                    raise ConfigError(f"{told}: give those of the same size.") from error
        return network.eval().to(self.device)


@dataclass(frozen=True)
class _Frames:
    """As the network sees them, made when they are asked for."""

    frames: np.ndarray
    side_px: int

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, number: int) -> Any:
        import torch
        from PIL import Image

        small = Image.fromarray(self.frames[number]).resize((self.side_px, self.side_px))
        seen = (np.asarray(small, np.float32) / 255.0 - np.array(MEAN, np.float32)) / np.array(SD, np.float32)
        return torch.from_numpy(seen).permute(2, 0, 1)
