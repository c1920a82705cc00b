"""What a language model is asked, and what its reply is worth: probabilities of yes, or nothing."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

YES, NO, UNSURE = "yes", "no", "unsure"
SHOWN = "These pictures are frames of one video clip, in their order."


@dataclass(frozen=True)
class Token:
    """One of the reply: its text, and what else could have stood there, with the logarithm of its probability."""

    text: str
    others: Sequence[tuple[str, float]]


def task(questions: Sequence[str]) -> str:
    """The words beside the pictures. Part of what a cached reply is known by."""
    listed = "\n".join(f"{number}. {question.strip()}" for number, question in enumerate(questions, 1))
    return (
        f"{SHOWN} Answer each question about the clip as a whole "
        f'with "{YES}", "{NO}" or "{UNSURE}".\n{listed}\n'
        'Reply with JSON alone, an answer a number: {"1": "yes", "2": "no"}'
    )


def single(question: str) -> str:
    """The words beside the pictures where one question is asked, and the first word of its answer is weighed."""
    return f"{SHOWN} Answer the question about the clip as a whole.\n{question.strip()}\nAnswer {YES} or {NO}."


def share_of_yes(yes: float, no: float, least: float) -> float:
    """Of what both words are worth as the answer; NaN where that is less than `least`: it would say something else."""
    return yes / (yes + no) if yes + no >= max(least, 1e-9) else math.nan


def schema(count: int) -> dict[str, Any]:
    """Of the reply, for servers that hold a model to it."""
    names = [str(number) for number in range(1, count + 1)]
    answer = {"type": "string", "enum": [YES, NO, UNSURE]}
    properties = dict.fromkeys(names, answer)
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


def probabilities(reply: str | None, tokens: Sequence[Token], count: int) -> np.ndarray:
    """float32 (count,) of yes; NaN where the reply is none, is no such JSON, or unsure.

    With tokens: what yes is worth against yes and no together where the answer begins; else 1 or 0.
    """
    found = np.full(count, np.nan, np.float32)
    told = _told(reply)
    for number in range(count):
        answer = told.get(str(number + 1))
        if isinstance(answer, str) and answer.strip().lower() in (YES, NO):
            sure = float(answer.strip().lower() == YES)
            weighed = _weighed(tokens, number + 1)
            found[number] = sure if weighed is None else weighed
    return found


def _told(reply: str | None) -> dict[str, Any]:
    """The JSON of the reply, also between the fences that some models put round it."""
    text = reply or ""
    begin, end = text.find("{"), text.rfind("}")
    try:
        told = json.loads(text[begin : end + 1])
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _weighed(tokens: Sequence[Token], number: int) -> float | None:
    """Probability of yes at the token where the answer to a question begins; None where the tokens do not tell."""
    text, begins = "", []
    for token in tokens:
        begins.append(len(text))
        text += token.text
    at = text.find(f'"{number}"')
    at = text.find(":", at) if at >= 0 else -1
    at = text.find('"', at) + 1 if at >= 0 else 0
    if at <= 0 or at >= len(text):
        return None
    place = max(n for n, begin in enumerate(begins) if begin <= at)
    worth = {YES: 0.0, NO: 0.0}
    for other, log_probability in tokens[place].others:
        word = other.strip('" :,}\n').lower()
        for answer in worth:
            if word and answer.startswith(word):
                worth[answer] += math.exp(log_probability)
    total = worth[YES] + worth[NO]
    return worth[YES] / total if total > 0 else None
