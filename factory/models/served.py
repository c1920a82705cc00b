"""What all language models behind a server share: requests with pictures, a cache of replies, a budget."""

import base64
import hashlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, ClassVar
from uuid import uuid4

import cv2
import numpy as np

from factory.construct import Count, NotNegative, Positive
from factory.errors import ConfigError, GoneError, ModelBudgetError, ModelError, StorageError
from factory.models.foreign import absolute
from factory.models.network import Network, Unit
from factory.storage.open import place_of
from factory.storage.places import normal
from factory.storage.private import own_cache
from factory.video import shrink

NO_KEY = "none"  # a server of one's own wants none
LOOK_AGAIN_S = 60.0  # for a server that could not be used
SPENT = "spent-"  # how the notes of what was paid are called, one a process


@dataclass
class Served(Network):
    """A model behind a server that speaks OpenAI's protocol. A subclass has the method of its role, and `reply`.

    url: of the server, up to /v1. key_from: the environment variable with its key, on the machine that asks; null: it
    wants none. side_px: of the pictures sent. budget_usd: what may be spent in all, by the prices given for a million
    tokens, as the notes beside the replies say; then clips fail that are still to be asked about. Replicas see each
    other's spending when they start. tries: of a request that is refused for the moment (429, 5xx) or not answered in
    time, with growing pauses, as long as the server asks for. cache_at: a folder or s3:// prefix for replies, which are
    asked for once; null: this machine's cache. most_tokens: of a reply. required: false where a server that cannot be
    used is no reason to end the run: then each clip's question fails.
    """

    packages: ClassVar[tuple[str, ...]] = ("openai",)
    memory_gb: ClassVar[float] = 0.0
    mixed: ClassVar[bool] = True

    device: str = field(default="cpu", compare=False, kw_only=True)
    url: str = field(compare=False)
    model: str
    key_from: str | None = field(default=None, compare=False)
    side_px: Count = 512
    timeout_s: Positive = field(default=60.0, compare=False)
    tries: Count = field(default=6, compare=False)
    usd_per_million_in: NotNegative = field(default=0.0, compare=False)
    usd_per_million_out: NotNegative = field(default=0.0, compare=False)
    budget_usd: Positive | None = field(default=None, compare=False)
    cache_at: str | None = field(default=None, compare=False)
    cache_dir: str | None = field(default=None, compare=False)
    most_tokens: Count = 400  # enough for answers to a dozen questions, or for a paragraph; a guess
    required: bool = field(default=True, compare=False)

    def __post_init__(self) -> None:
        self.cache_dir = absolute(self.cache_dir)
        self.cache_at = None if self.cache_at is None else normal(self.cache_at)
        if self.budget_usd is not None and not (self.usd_per_million_in and self.usd_per_million_out):
            raise ValueError("a budget needs the prices of tokens: give usd_per_million_in and usd_per_million_out")

    def forward(self, units: Sequence[Unit]) -> list[Any]:
        self.load()
        if len(units) == 1:
            return [self.reply(*units[0])]
        with ThreadPoolExecutor(len(units)) as threads:
            return list(threads.map(lambda unit: self.reply(*unit), units))

    def reply(self, frames: np.ndarray, asked: Any) -> Any:
        """To one question."""
        raise NotImplementedError

    def load(self) -> None:
        """Raises ConfigError where the server does not answer, refuses the key, or has no such model; if it is not
        `required`, whoever asks then gets that as a ModelError."""
        if hasattr(self, "_client") or hasattr(self, "_unusable"):
            return
        try:
            self._connect()
        except ConfigError as error:
            if self.required:
                raise
            self._unusable, self._looked_s = str(error), monotonic()

    def _connect(self) -> None:
        import openai

        self._lock, self._own_usd, self._note = threading.Lock(), 0.0, f"{SPENT}{uuid4().hex}.json"
        key = os.environ.get(self.key_from or "") or NO_KEY
        client = openai.OpenAI(base_url=self.url, api_key=key, timeout=self.timeout_s, max_retries=self.tries - 1)
        try:
            names = {each.id for each in client.models.list()}
        except openai.OpenAIError as error:
            raise ConfigError(f"the server of the model {self.model} cannot be used: {_cause(error)}.") from None
        if self.model not in names:
            raise ConfigError(f"the server has no model {self.model}: it has {', '.join(sorted(names)[:5]) or 'none'}.")
        self._others_usd = self._noted_usd() if self.budget_usd is not None else 0.0
        self._client: Any = client

    def said(self, frames: np.ndarray, words: str, more: Mapping[str, Any]) -> dict[str, Any]:
        """The reply to words about pictures: `reply`, its text, None where it refuses; `tokens`, [text, [[other, log
        probability], ...]] each; `usage`, tokens in and out, None where the server does not tell. more: of the request.
        Raises ModelError."""
        pictures = [jpeg(shrink(frame, self.side_px)) for frame in frames]
        shown = [hashlib.sha256(picture).hexdigest() for picture in pictures]
        known = [self.model, json.dumps(more, sort_keys=True), str(self.most_tokens), words, *shown]
        name = hashlib.sha256("\n".join(known).encode()).hexdigest()
        kept = self._kept(name)
        if kept is None:
            self._look_again()
            kept = self._requested(pictures, words, more)
            if kept["whole"]:  # what was broken off may be whole another time
                place_of(self._cache).write(f"{self._cache}/{name}.json", json.dumps(kept).encode())
        return kept

    def _look_again(self) -> None:
        """Where the server could not be used, once a minute. Raises ModelError while it cannot."""
        if hasattr(self, "_client"):
            return
        if monotonic() - self._looked_s > LOOK_AGAIN_S:
            with suppress(ConfigError):
                self._connect()
            self._looked_s = monotonic()
        if not hasattr(self, "_client"):
            raise ModelError(self._unusable)

    def _requested(self, pictures: Sequence[bytes], words: str, more: Mapping[str, Any]) -> dict[str, Any]:
        import openai

        with self._lock:
            if self.budget_usd is not None and self._others_usd + self._own_usd >= self.budget_usd:
                told = f"budget_usd={self.budget_usd:g} of the model {self.model} is spent"
                raise ModelBudgetError(f"{told}: raise it, and do these clips again with retry=failed.")
        shown = [
            {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{base64.b64encode(p).decode()}"}}
            for p in pictures
        ]
        content = [*shown, {"type": "text", "text": words}]
        try:
            said = self._client.chat.completions.create(
                model=self.model,
                messages=[{"role": "user", "content": content}],
                temperature=0,
                seed=0,
                max_tokens=self.most_tokens,
                **more,
            )
        except openai.OpenAIError as error:
            raise ModelError(f"model {self.model} does not answer: {_cause(error)}.") from None
        self._paid(said.usage)
        used = None if said.usage is None else [said.usage.prompt_tokens, said.usage.completion_tokens]
        choice = said.choices[0] if said.choices else None
        if choice is None or getattr(choice.message, "refusal", None):
            return {"reply": None, "tokens": [], "usage": used, "whole": choice is not None}
        tokens = (choice.logprobs.content or []) if choice.logprobs else []
        listed = [[t.token, [[other.token, other.logprob] for other in t.top_logprobs]] for t in tokens]
        return {
            "reply": choice.message.content,
            "tokens": listed,
            "usage": used,
            "whole": choice.finish_reason == "stop",
        }

    def _paid(self, usage: Any) -> None:
        """Counts a request, and notes the sum beside the replies, where later processes find it."""
        if self.budget_usd is None:
            return
        if usage is None:
            raise ModelBudgetError("the server does not tell what it costs: without budget_usd it can be asked.")
        with self._lock:
            self._own_usd += self.usd(usage.prompt_tokens, usage.completion_tokens)
            place_of(self._cache).write(f"{self._cache}/{self._note}", json.dumps(self._own_usd).encode())

    def usd(self, tokens_in: int, tokens_out: int) -> float:
        """What they cost by the prices given."""
        return (tokens_in * self.usd_per_million_in + tokens_out * self.usd_per_million_out) / 1e6

    def _noted_usd(self) -> float:
        place = place_of(self._cache)
        notes = [e.uri for e in place.entries(self._cache) if e.uri.rpartition("/")[2].startswith(SPENT)]
        return sum(float(json.loads(place.read(uri))) for uri in notes)

    @property
    def _cache(self) -> str:
        return self.cache_at if self.cache_at is not None else str(own_cache(self.cache_dir) / "vlm")

    def _kept(self, name: str) -> dict[str, Any] | None:
        with suppress(GoneError, ValueError):
            kept: dict[str, Any] = json.loads(place_of(self._cache).read(f"{self._cache}/{name}.json"))
            return kept
        return None


def jpeg(picture: np.ndarray) -> bytes:
    done, coded = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])
    if not done:
        raise StorageError("a picture cannot be written as JPEG.")
    return bytes(coded)


def _cause(error: Exception) -> str:
    """In a few words, without what a server may repeat of the request."""
    import openai

    if isinstance(error, openai.APIStatusError):
        words = {401: "it refuses the key", 403: "it refuses the key", 404: "nothing is there", 429: "it is overloaded"}
        return f"{words.get(error.status_code, 'it fails')} (HTTP {error.status_code})"
    if isinstance(error, openai.APITimeoutError):
        return "it does not answer in time"
    return "it cannot be reached" if isinstance(error, openai.APIConnectionError) else type(error).__name__
