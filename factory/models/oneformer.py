"""Classes of pixels: OneFormer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from factory.errors import ModelError
from factory.models.network import Network, Unit
from factory.models.pretrained import pretrained
from factory.models.weights import WeightStore

TASK, TOKENS = "the task is semantic", 77  # as the network was trained


@dataclass
class OneFormer(Network):
    """OneFormer (Jain et al., CVPR 2023), trained on COCO or ADE20k, as the weights say; the role `Segmenter`.

    A name is one of the classes of its set, or one of the words that the set has for a class ("person, individual, ..."
    is `person`).
    """

    method: ClassVar[str] = "classes"
    packages: ClassVar[tuple[str, ...]] = ("torch", "torchvision", "transformers")
    memory_gb: ClassVar[float] = 6.0  # a guess: 220 million weights (Swin-L), pictures of 640 pixels and more

    weights: str = "oneformer_coco_swin_large"
    store: WeightStore = field(default_factory=WeightStore, compare=False)

    def classes(self, frames: np.ndarray, names: Sequence[str]) -> np.ndarray:
        return np.asarray(self.answer(frames, tuple(names)))

    def units(self, frames: np.ndarray, names: Sequence[str]) -> list[Unit]:
        self.load()
        places = np.array([0, *self._places(names)], np.uint8)
        return [(frame, places) for frame in frames]

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        """Whose places of classes differ may still be asked together."""
        import torch

        self.load()
        network, processor, _ = self._loaded
        pictures = [frame for frame, _ in units]
        given = processor(images=pictures, return_tensors="pt").to(self.device)
        task = self._task.expand(len(units), -1)
        with torch.inference_mode():
            told = network(pixel_values=given["pixel_values"], pixel_mask=given["pixel_mask"], task_inputs=task)
            found = processor.post_process_semantic_segmentation(told, [frame.shape[:2] for frame in pictures])
        return [places[1:][labels.cpu().numpy()] for labels, (_, places) in zip(found, units, strict=True)]

    def joined(self, answers: Sequence[np.ndarray], frames: np.ndarray, names: Sequence[str]) -> np.ndarray:
        del names
        return np.stack(answers) if answers else np.zeros(frames.shape[:3], np.uint8)

    def load(self) -> None:
        if hasattr(self, "_loaded"):
            return
        import torch

        # MaskFormer's preparation of pictures is OneFormer's, without a table of classes that is fetched elsewhere, and
        # but for sides that it makes multiples of 32.
        kinds = ("OneFormerForUniversalSegmentation", "MaskFormerImageProcessor", "CLIPTokenizer")
        self._loaded: list[Any] = pretrained(self, self.weights, self.store, *kinds)
        self._loaded[1].size_divisor = 0
        told = self._loaded[2](TASK, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt")
        self._task = torch.as_tensor(told["input_ids"] * told["attention_mask"]).to(self.device)

    def _places(self, names: Sequence[str]) -> list[int]:
        """Of each class of the network: 1 + its place in `names`, or 0. Raises ModelError where a name is no class."""
        known = self._loaded[0].config.id2label
        words = [{word.strip() for word in known[number].split(",")} | {known[number]} for number in sorted(known)]
        unknown = [name for name in names if not any(name in each for each in words)]
        if unknown:
            raise ModelError(f"model {self.name} knows no class {unknown[0]!r} with weights={self.weights}.")
        return [next((1 + i for i, name in enumerate(names) if name in each), 0) for each in words]
