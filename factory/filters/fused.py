"""A score learned from labels: how far a clip is inside each bound, weighted. Written by `factory calibrate`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from factory.errors import ConfigError
from factory.filters.features import FEATURES

CLIP = 3.0  # a margin beyond e^3, twenty times the bound, tells no more


@dataclass(frozen=True)
class Term:
    """One feature against one bound. weight: of its margin; missing: what an abstaining specialist adds instead."""

    name: str
    feature: str
    bound: float
    at_least: bool
    weight: float
    missing: float = 0.0

    def margin(self, value: float) -> float:
        """Logarithm of value / bound (`least`) or bound / value (`most`), held in [-3, 3]: 0 at the bound, above
        inside."""
        ratio = value / self.bound if value > 0 else 0.0
        log = math.log(ratio) if ratio > 0 else -math.inf
        return max(-CLIP, min(CLIP, log if self.at_least else -log))

    def adds(self, value: float | None) -> float:
        return self.missing if value is None else self.weight * self.margin(value)


@dataclass(frozen=True)
class Fused:
    """score = 1 / (1 + exp(-(intercept + sum of terms))), the probability that a clip is suitable among clips like
    those it was learned from. No weight of a margin is negative: the score never falls as a feature gets further
    inside."""

    least: float
    intercept: float
    terms: tuple[Term, ...]

    def score(self, values: Mapping[str, Any]) -> float:
        total = self.intercept + sum(term.adds(values.get(term.feature)) for term in self.terms)
        return 1 / (1 + math.exp(-max(-500.0, min(500.0, total))))

    def complaint(self, values: Mapping[str, Any]) -> str:
        """The probability, and the three terms that lowered it most."""
        added = sorted((term.adds(values.get(term.feature)), term.name) for term in self.terms)
        low = ", ".join(f"{name} ({value:+.1f})" for value, name in added[:3] if value < 0)
        text = f"score: suitable with probability {self.score(values):.2f}, under {self.least:g}"
        return f"{text}: {low}" if low else text


def parse_fused(entry: Mapping[str, Any]) -> Fused:
    """The entry `score` of a file of rules: least, intercept, provenance, and terms by name, each with feature (the
    name itself where absent), least or most, weight, missing (0 where absent). Raises ConfigError naming what is
    wrong."""
    _only(entry, "score", {"least", "intercept", "provenance", "terms"}, {"least", "intercept", "provenance", "terms"})
    terms = []
    for name, told in entry["terms"].items():
        _only(told, f"score.terms.{name}", {"feature", "least", "most", "weight", "missing"}, {"weight"})
        if ("least" in told) == ("most" in told):
            raise ConfigError(f"filter rule 'score.terms.{name}': give either 'least' or 'most'.")
        at_least = "least" in told
        bound, weight = float(told["least" if at_least else "most"]), float(told["weight"])
        if str(told.get("feature", name)) not in FEATURES:
            raise ConfigError(f"filter rule 'score.terms.{name}': there is no feature '{told.get('feature', name)}'.")
        if bound <= 0 or weight < 0:
            raise ConfigError(f"filter rule 'score.terms.{name}': the bound must be above 0 and the weight not below.")
        terms.append(
            Term(name, str(told.get("feature", name)), bound, at_least, weight, float(told.get("missing", 0.0)))
        )
    least = float(entry["least"])
    if not 0 <= least <= 1:
        raise ConfigError(f"filter rule 'score': least is a probability, it is {least:g}.")
    return Fused(least, float(entry["intercept"]), tuple(terms))


def _only(entry: Mapping[str, Any], name: str, known: set[str], needed: set[str]) -> None:
    if wrong := sorted(set(entry) - known) or sorted(needed - set(entry)):
        what = "unknown" if set(entry) - known else "missing"
        raise ConfigError(f"filter rule '{name}': {what} '{wrong[0]}'.")
