"""Features to a decision: rules from a file, reasons for people, one score for ranking."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from factory.clip import ClipRecord
from factory.errors import ConfigError
from factory.filters.features import settled
from factory.filters.fused import parse_fused
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


@dataclass
class Decide:
    """Rejects a clip that breaks a rule, with one reason a rule broken, and gives the score of what is known so far.

    Only rules whose feature is in the record are looked at, so that a Decide may stand after the cheap specialists and
    another after all. A feature that is None (its specialist abstained) rejects nothing and does not enter the score.

    Gives: score, float in [0, 1]: the lowest score of any rule looked at; 1 when there is none. A clip is kept exactly
    when its score is at least 0.5. The weakest link decides because one broken criterion makes a clip useless,
    however good the rest; nothing is learned or weighted. In a cascade the score of a clip rejected early is an upper
    bound: what was not computed could only lower it.

    An entry `score` among the rules (see `factory.filters.fused`) replaces that score by one learned from labels, which
    then decides as well: a clip is rejected when it is under the entry's `least`, or breaks a rule that stands beside
    it.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ("score",)

    rules: Mapping[str, Mapping[str, Any]]

    def __post_init__(self) -> None:
        rules = dict(self.rules)
        fused = rules.pop("score", None)
        self._fused = None if fused is None else parse_fused(fused)
        self._rules = parse_rules(rules)

    def __call__(self, record: ClipRecord) -> ClipRecord | Rejected:
        known = [(rule, record.values.get(rule.feature)) for rule in self._rules]
        values = [(rule, settled(value)) for rule, value in known if value is not None]
        score = min((rule.score(value) for rule, value in values), default=1.0)
        reasons = tuple(rule.complaint(value) for rule, value in values if rule.broken(value))
        if self._fused is not None:
            score = settled(self._fused.score(record.values))
            reasons += (self._fused.complaint(record.values),) if score < self._fused.least else ()
        record = record.give(score=score)
        return Rejected(record, reasons) if reasons else record
