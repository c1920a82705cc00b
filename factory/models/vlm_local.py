"""Language models that see, on a card of one's own: Qwen2.5-VL and Qwen3-VL, by `transformers`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, ClassVar

import numpy as np

from factory.construct import Count, Share
from factory.errors import ConfigError
from factory.models.network import Network, Unit
from factory.models.pretrained import pretrained
from factory.models.roles import Told
from factory.models.vlm_reply import NO, YES, share_of_yes, single
from factory.models.weights import WeightStore
from factory.video import shrink

FAMILIES = ("qwen2_5_vl", "qwen3_vl")  # how they place pictures, and go on from them, is what is tried
# Whatever the weights bring: a penalty for what was said before would speak against what was measured.
GREEDY: dict[str, Any] = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None, "num_beams": 1}
GREEDY |= {"repetition_penalty": 1.0, "no_repeat_ngram_size": 0}


@dataclass
class _Local(Network):
    """What both roles share. A question is a call with all of its words: its answer does not depend on what else is
    asked at the time. A subclass has the method of its role, and `reply`.

    side_px: of the pictures shown, the longer side.
    """

    packages: ClassVar[tuple[str, ...]] = ("torch", "torchvision", "transformers", "jinja2")
    memory_gb: ClassVar[float] = 20.0  # a guess: 8.3 billion weights of two bytes, and 1,000 tokens of pictures
    mixed: ClassVar[bool] = True

    weights: str = "qwen2.5_vl_7b"
    side_px: Count = 512
    store: WeightStore = field(default_factory=WeightStore, compare=False)

    def forward(self, units: Sequence[Unit]) -> list[Any]:
        """One call after the other: the thousand tokens of its pictures keep a card busy."""
        import torch

        self.load()
        with torch.inference_mode():
            return [self.reply(*unit) for unit in units]

    def reply(self, frames: np.ndarray, asked: Any) -> Any:
        """To one call."""
        raise NotImplementedError

    def joined(self, answers: Sequence[Any], *_: Any) -> Any:
        return answers[0] if answers else np.zeros(0, np.float32)  # to no questions

    def load(self) -> None:
        if hasattr(self, "_network"):
            return
        import torch

        kinds = ("AutoModelForImageTextToText", "AutoProcessor")
        kept = torch.bfloat16 if self.on_card else torch.float32  # as they were trained; CPUs are slow with it
        network, processor = pretrained(self, self.weights, self.store, *kinds, dtype=kept)
        if (kind := network.config.model_type) not in FAMILIES:
            raise ConfigError(
                f"weights {self.weights} are of a {kind}, which is not tried: take a Qwen2.5-VL or Qwen3-VL."
            )
        if not processor.chat_template:
            raise ConfigError(f"weights {self.weights} are not of the model {self.name}: they lack a chat template.")
        self._network, self._processor, self._tokenizer = network, processor, processor.tokenizer

    def _around(self, frames: np.ndarray, words: str) -> tuple[str, str]:
        """What the model reads before the words, with a place for each picture, and behind them."""
        said = [*({"type": "image"} for _ in frames), {"type": "text", "text": words}]
        chat = [{"role": "user", "content": said}]
        text = self._processor.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
        begin = text.rindex(words)
        return text[:begin], text[begin + len(words) :]

    def _given(self, text: str, frames: np.ndarray) -> Any:
        pictures = [shrink(frame, self.side_px) for frame in frames]
        return self._processor(text=[text], images=[pictures], return_tensors="pt").to(self.device)


@dataclass
class LocalVlm(_Local):
    """Answers by yes and no; the role `Vlm`: what the words that may come first are worth. Nothing is generated.

    least_said: of yes and no together, under which it abstains; 0.05 is a guess.
    """

    method: ClassVar[str] = "ask"

    least_said: Share = 0.05

    def ask(self, frames: np.ndarray, questions: Sequence[str]) -> np.ndarray:
        return np.asarray(self.answer(frames, tuple(questions)))

    def units(self, frames: np.ndarray, questions: Sequence[str]) -> list[Unit]:
        return [(frames, questions)] if questions else []

    def reply(self, frames: np.ndarray, asked: Sequence[str]) -> np.ndarray:
        """float32 (Q,). The pictures are read once: each question goes on from there."""
        texts = [single(question) for question in asked]
        before, behind = self._around(frames, texts[0])
        read = self._memory()
        self._network(**self._given(before, frames), **{self._remembers: read}, logits_to_keep=1)
        return np.array([self._yes(read, text + behind) for text in texts], np.float32)

    def _yes(self, read: Any, text: str) -> float:
        """Probability of yes behind the text, which is forgotten again. read: what was read before it."""
        import torch

        tokens = self._tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"].to(self.device)
        places = torch.arange(tokens.shape[1], device=self.device)[None] + read.get_seq_length()
        if hasattr(self._network.model, "get_rope_index"):  # Qwen: a picture takes fewer places than it has tokens
            places = (places + self._network.model.rope_deltas).expand(3, 1, -1)
        told = self._network(input_ids=tokens, position_ids=places, **{self._remembers: read}, logits_to_keep=1)
        read.crop(-tokens.shape[1])
        likely = told.logits[0, -1].float().softmax(-1)
        yes, no = (float(likely[numbers].sum()) for numbers in self._words)
        return share_of_yes(yes, no, self.least_said)

    def load(self) -> None:
        if hasattr(self, "_words"):
            return
        super().load()
        from transformers import DynamicCache

        taken = signature(self._network.forward).parameters  # transformers 5.40 drops the older of the two names
        self._memory, self._remembers = DynamicCache, "cache" if "cache" in taken else "past_key_values"
        texts = self._tokenizer.batch_decode([[number] for number in range(len(self._tokenizer))])
        said = [text.strip().lower() for text in texts]  # "Yes", " yes" and others
        words = [[number for number, text in enumerate(said) if text == word] for word in (YES, NO)]
        if not all(words):
            raise ConfigError(f"weights {self.weights} have no single token for yes, or none for no: take others.")
        self._words = words


@dataclass
class LocalTeller(_Local):
    """Tells in its own words, the likeliest; the role `Teller`. Nothing holds it to a form."""

    method: ClassVar[str] = "tell"

    most_tokens: Count = 400  # of a reply; a guess, as for served ones
    # Of served ones, as presets set it for either: weights that are not there end the run all the same.
    required: bool = field(default=True, compare=False)

    def tell(self, frames: np.ndarray, words: str, form: Mapping[str, Any] | None = None) -> Told:
        del form
        found: Told = self.answer(frames, words)
        return found

    def units(self, frames: np.ndarray, words: str) -> list[Unit]:
        return [(frames, words)]

    def reply(self, frames: np.ndarray, asked: str) -> Told:
        words = asked.strip()
        before, behind = self._around(frames, words)
        given = self._given(before + words + behind, frames)
        told = self._network.generate(**given, **GREEDY, max_new_tokens=self.most_tokens)
        read = given["input_ids"].shape[1]
        text = str(self._tokenizer.decode(told[0, read:], skip_special_tokens=True)).strip()
        return Told(text, read, told.shape[1] - read)
