"""Features to a decision: rules for what is certain, a score for the rest, reasons for people."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from factory.clip import ClipRecord
from factory.errors import ConfigError
from factory.filters.features import settled
from factory.filters.score import Score, parse_score
from factory.stage import Rejected


@dataclass(frozen=True)
class Rule:
    """A bound on one feature. `reason` may hold {value} and {bound}; `criterion` is DynPose-100K's C1, C2 or C3."""

    name: str
    feature: str
    bound: float
    at_least: bool
    criterion: str
    reason: str

    def score(self, value: float) -> float:
        """1 / (1 + ratio^2), ratio = value / bound for `most`, bound / value for `least`: 1 far inside, 0.5 at the
        bound, towards 0 outside. Monotone in the value, in [0, 1]."""
        if self.at_least:
            return value**2 / (value**2 + self.bound**2) if value > 0 else 0.0
        return self.bound**2 / (max(value, 0.0) ** 2 + self.bound**2)

    def broken(self, value: float) -> bool:
        return value < self.bound if self.at_least else value > self.bound

    def complaint(self, value: float) -> str:
        return f"{self.name} ({self.criterion}): " + self.reason.format(value=value, bound=self.bound)


def parse_rules(entries: Mapping[str, Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Rules of a file's entries, by name: `feature` (the name itself where absent), `least` or `most`, `criterion`,
    `reason`, `provenance`. Raises ConfigError naming the entry that is wrong."""
    known = {"feature", "least", "most", "criterion", "reason", "provenance"}
    rules = []
    for name, entry in entries.items():
        unknown = sorted(set(entry) - known)
        missing = sorted({"criterion", "reason", "provenance"} - set(entry))
        if unknown or missing:
            raise ConfigError(
                f"filter rule '{name}': {'unknown' if unknown else 'missing'} '{(unknown or missing)[0]}'."
            )
        if ("least" in entry) == ("most" in entry):
            raise ConfigError(f"filter rule '{name}': give either 'least' or 'most'.")
        at_least = "least" in entry
        bound = entry["least" if at_least else "most"]
        if isinstance(bound, bool) or not isinstance(bound, int | float) or not 0 < bound < math.inf:
            raise ConfigError(f"filter rule '{name}': the bound must be a number above 0, it is {bound}.")
        if entry["criterion"] not in ("C1", "C2", "C3"):
            raise ConfigError(f"filter rule '{name}': criterion must be C1, C2 or C3, it is '{entry['criterion']}'.")
        feature = str(entry.get("feature", name))
        rule = Rule(name, feature, float(bound), at_least, str(entry["criterion"]), str(entry["reason"]))
        try:
            rule.complaint(bound)
        except (KeyError, IndexError, ValueError) as error:
            raise ConfigError(f"filter rule '{name}': the reason cannot be filled in ({error!r}).") from error
        rules.append(rule)
    return tuple(rules)


def verdict(
    rules: Sequence[Rule], score: Score | None, values: Mapping[str, Any], more_to_come: bool = False
) -> tuple[float, tuple[str, ...]]:
    """A clip's score in [0, 1] and its reasons to reject, none where it is kept. more_to_come: features that are not in
    `values` will be measured, so the score is the most that it can become.

    The score is that of the groups. Each broken rule lowers it further, by as much as the value is outside, so that
    what is rejected for certain ranks behind what is doubtful; at the bound itself by nothing.
    """
    values = {name: value for name, value in values.items() if not _is_nan(value)}
    known = [(rule, settled(value)) for rule in rules if (value := values.get(rule.feature)) is not None]
    reasons = tuple(rule.complaint(value) for rule, value in known if rule.broken(value))
    outside = min((2 * rule.score(value) for rule, value in known if rule.broken(value)), default=1.0)
    groups = 1.0 if score is None else score.most(values) if more_to_come else score.of(values)
    total = settled(outside * groups)
    if score is not None and not reasons and total < score.least:
        reasons = (score.complaint(values, total, more_to_come),)
    return total, reasons


def _is_nan(value: Any) -> bool:
    """A number that is none was not measured."""
    return isinstance(value, float) and math.isnan(value)


@dataclass
class Decide:
    """Rejects a clip that breaks a rule, with one reason a rule broken, or whose score is too low, and gives the score
    of what is known so far.

    Rules are for what is certain: their bounds have wide margins. What they leave is judged by the score. Only rules
    whose feature is in the record are looked at, so that a Decide may stand after the cheap specialists and another
    after all. Of the score a Decide with `more_to_come` takes the most that it can become: what it rejects for that,
    the last one would reject, too. A feature that is None (its specialist abstained) breaks no rule.

    Gives: score, float in [0, 1], see `verdict`. In a cascade the score of a clip rejected early is an upper bound.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ("score",)
    version: ClassVar[int] = 2

    rules: Mapping[str, Mapping[str, Any]]
    score: Mapping[str, Any] | None = None
    more_to_come: bool = False

    def __post_init__(self) -> None:
        self._rules = parse_rules(self.rules)
        self._score = None if self.score is None else parse_score(self.score)

    def __call__(self, record: ClipRecord) -> ClipRecord | Rejected:
        score, reasons = verdict(self._rules, self._score, record.values, self.more_to_come)
        record = record.give(score=score)
        return Rejected(record, reasons) if reasons else record
