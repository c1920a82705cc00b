"""Language models that see, behind any server that speaks OpenAI's protocol: vLLM, Ray Serve LLM, hosted ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from factory.models.network import Unit
from factory.models.roles import Told
from factory.models.served import Served
from factory.models.vlm_reply import Token, probabilities, schema, task


@dataclass
class ServedVlm(Served):
    """Answers by yes and no; the role `Vlm`. All questions about a clip are one request.

    weighed: whether the server gives probabilities of tokens; without, an answer is 0 or 1.
    """

    method: ClassVar[str] = "ask"

    weighed: bool = True

    def ask(self, frames: np.ndarray, questions: Sequence[str]) -> np.ndarray:
        return np.asarray(self.answer(frames, tuple(questions)))

    def units(self, frames: np.ndarray, questions: Sequence[str]) -> list[Unit]:
        return [(frames, questions)] if questions else []

    def reply(self, frames: np.ndarray, asked: Sequence[str]) -> np.ndarray:
        form = {"name": "answers", "strict": True, "schema": schema(len(asked))}
        more: dict[str, Any] = {"response_format": {"type": "json_schema", "json_schema": form}}
        more |= {"logprobs": True, "top_logprobs": 5} if self.weighed else {}
        said = self.said(frames, task(asked), more)
        tokens = [Token(text, [(other, weight) for other, weight in others]) for text, others in said["tokens"]]
        return probabilities(said["reply"], tokens, len(asked))

    def joined(self, answers: Sequence[np.ndarray], frames: np.ndarray, questions: Sequence[str]) -> np.ndarray:
        del frames, questions
        return answers[0] if answers else np.zeros(0, np.float32)


@dataclass
class ServedTeller(Served):
    """Tells in its own words; the role `Teller`."""

    method: ClassVar[str] = "tell"

    def tell(self, frames: np.ndarray, words: str, form: Mapping[str, Any] | None = None) -> Told:
        found: Told = self.answer(frames, words, form)
        return found

    def units(self, frames: np.ndarray, words: str, form: Mapping[str, Any] | None = None) -> list[Unit]:
        return [(frames, (words, form))]

    def reply(self, frames: np.ndarray, asked: tuple[str, Mapping[str, Any] | None]) -> Told:
        words, form = asked
        held = {"name": "answer", "strict": True, "schema": form}
        more = {} if form is None else {"response_format": {"type": "json_schema", "json_schema": held}}
        said = self.said(frames, words, more)
        text, used = (said["reply"] or "").strip(), said.get("usage")  # replies that an older release kept have none
        if used is None:
            return Told(text)
        tokens_in, tokens_out = used
        return Told(text, tokens_in, tokens_out, self.usd(tokens_in, tokens_out))

    def joined(
        self, answers: Sequence[Any], frames: np.ndarray, words: str, form: Mapping[str, Any] | None = None
    ) -> Told:
        del frames, words, form
        found: Told = answers[0]
        return found
