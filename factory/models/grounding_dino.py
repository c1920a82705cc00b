"""Objects that words name: Grounding DINO."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from factory.construct import Share
from factory.errors import ModelError
from factory.models.network import Network, Unit
from factory.models.pretrained import pretrained
from factory.models.roles import Boxes
from factory.models.weights import WeightStore

MOST_WORDS = 60  # 256 tokens in all, of which a word of three syllables and its full stop take four


@dataclass
class GroundingDino(Network):
    """Grounding DINO (Liu et al., ECCV 2024); the role `Detector`.

    least_score: of a box; 0.35 is the default of its authors' demonstration. A box is of the word whose tokens it
    suits best.
    """

    method: ClassVar[str] = "boxes"
    packages: ClassVar[tuple[str, ...]] = ("torch", "torchvision", "transformers")
    memory_gb: ClassVar[float] = 3.0  # a guess: 170 million weights, four pictures of 800 pixels

    weights: str = "grounding_dino_tiny"
    least_score: Share = 0.35
    store: WeightStore = field(default_factory=WeightStore, compare=False)

    def boxes(self, frames: np.ndarray, words: Sequence[str]) -> Boxes:
        found: Boxes = self.answer(frames, tuple(words))
        return found

    def units(self, frames: np.ndarray, words: Sequence[str]) -> list[Unit]:
        if len(words) > MOST_WORDS:
            raise ModelError(f"model {self.name} takes {MOST_WORDS} words at once, not {len(words)}.")
        text = ". ".join(word.replace(".", " ").strip().lower() for word in words) + "."
        return [(frame, np.frombuffer(text.encode(), np.uint8)) for frame in frames] if words else []

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        """float32 (N, 6) a picture: x0, y0, x1, y1 in pixels, score, word."""
        import torch

        self.load()
        network, processor, tokenizer = self._loaded
        pictures, texts = [frame for frame, _ in units], [text.tobytes().decode() for _, text in units]
        given = processor(images=pictures, return_tensors="pt")
        told = tokenizer(texts, padding=True, return_tensors="pt", return_offsets_mapping=True)
        offsets = told.pop("offset_mapping").numpy()
        with torch.inference_mode():
            found = network(**given.to(self.device), **told.to(self.device))
        likely = found.logits.float().sigmoid().cpu().numpy()
        centres = found.pred_boxes.float().cpu().numpy()
        return [
            self._of_picture(likely[n], centres[n], _word_tokens(texts[n], offsets[n]), pictures[n].shape)
            for n in range(len(units))
        ]

    def _of_picture(self, likely: np.ndarray, boxes: np.ndarray, tokens: list[np.ndarray], shape: Any) -> np.ndarray:
        scores = np.stack([likely[:, : len(held)][:, held].max(axis=1, initial=0.0) for held in tokens], axis=1)
        best = scores.argmax(axis=1)
        score = scores[np.arange(len(best)), best]
        centre, half = boxes[:, :2], boxes[:, 2:] / 2
        xyxy = np.c_[centre - half, centre + half] * np.tile([shape[1], shape[0]], 2)
        kept = score >= self.least_score
        return np.c_[xyxy, score, best][kept].astype(np.float32)

    def joined(self, answers: Sequence[np.ndarray], frames: np.ndarray, words: Sequence[str]) -> Boxes:
        del frames, words
        rows = np.concatenate([np.zeros((0, 6), np.float32), *answers])
        frame = np.repeat(np.arange(len(answers)), [len(each) for each in answers])
        return Boxes(frame, rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64))

    def load(self) -> None:
        if not hasattr(self, "_loaded"):
            kinds = ("GroundingDinoForObjectDetection", "GroundingDinoImageProcessor", "BertTokenizerFast")
            self._loaded: list[Any] = pretrained(self, self.weights, self.store, *kinds)


def _word_tokens(text: str, offsets: np.ndarray) -> list[np.ndarray]:
    """Of each word between full stops: bool (T,), its tokens. offsets: int (T, 2), where in the text each stands."""
    found, begin = [], 0
    for word in text.rstrip(".").split(". "):
        end = begin + len(word)
        found.append((offsets[:, 0] >= begin) & (offsets[:, 1] <= end) & (offsets[:, 1] > offsets[:, 0]))
        begin = end + 2
    return found
