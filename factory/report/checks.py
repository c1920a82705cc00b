"""The bounds that a clip was held against, by the configuration of the run, beside what it measured."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from factory.data.opened import Output
from factory.errors import ConfigError
from factory.filters.aim import aimed
from factory.filters.decide import Rule, parse_rules
from factory.filters.score import Score, parse_score
from factory.manifest.runs import newest_config
from factory.trust.rule import QUALITIES, AcceptRule, Tier

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Check:
    """A value that has a bound. name: as reasons begin. value: None where it was not measured, which breaks nothing."""

    name: str
    column: str
    value: float | None
    bound: float
    at_least: bool
    criterion: str = ""

    @property
    def broken(self) -> bool:
        if self.value is None:
            return False
        return self.value < self.bound if self.at_least else self.value > self.bound

    def told(self) -> dict[str, Any]:
        return {**asdict(self), "broken": self.broken}


@dataclass(frozen=True)
class FilterBounds:
    """What the filter of the output's newest run decided by."""

    rules: tuple[Rule, ...]
    score: Score

    def checks(self, row: Row) -> list[Check]:
        found = [
            Check(rule.name, rule.feature, row.get(rule.feature), rule.bound, rule.at_least, rule.criterion)
            for rule in self.rules
        ]
        if self.score.groups:
            found.append(Check("score", "score", row.get("score"), self.score.least, True))
        return found

    def groups(self, row: Row) -> dict[str, float]:
        """What each group of the score is worth, of what was measured."""
        return {group.name: group.worth(row) for group in self.score.groups}


def filter_bounds(output: Output, phase: str) -> FilterBounds | None:
    """None where the output does not say, or says it as an older release did."""
    told = (newest_config(output.storage, phase) or {}).get(phase, {})
    try:
        return FilterBounds(parse_rules(told["rules"]), parse_score(aimed(told.get("score", {}), told.get("target"))))
    except (KeyError, ConfigError):
        return None


def accept_rule(output: Output, phase: str) -> AcceptRule:
    """The rule of the pose phase: as its newest run had it where that says, else this release's."""
    config = newest_config(output.storage, phase) or {}
    given = stage_of(config, phase, "grade").get("rule") or {}
    values = {field.name: followed(config, given[field.name]) for field in fields(AcceptRule) if field.name in given}
    if "tiers" in values:
        values["tiers"] = {name: Tier(**tier) for name, tier in values["tiers"].items()}
    rule = AcceptRule(**values)
    return rule if rule.min_quality in QUALITIES else AcceptRule()


def stage_of(config: Row, phase: str, stage: str) -> Row:
    """What a configuration says of a stage of a phase; empty where it says nothing."""
    return ((config.get(phase) or {}).get("stages") or {}).get(stage) or {}


def followed(config: Row, value: Any) -> Any:
    """What `${pose.min_quality}` refers to. A configuration is kept as it was written; what asks for more than another
    place in it, as for the environment, stays text."""
    found = re.fullmatch(r"\$\{([\w.]+)\}", value) if isinstance(value, str) else None
    for key in found[1].split(".") if found else ():
        config = config[key]
    return config if found else value


def pose_checks(rule: AcceptRule, row: Row) -> list[Check]:
    """What `AcceptRule.objections` asks, of a row's columns; nothing of a camera that stands still."""
    if row.get("method") == "still" or row.get("ring_win") is None:
        return []
    turning, confirmed = row.get("rotation_only"), (row.get("explained_ratio") or 0.0) >= rule.confirmed_explained
    rival = rule.most_rolling_rival if row.get("readout_s") is not None else rule.most_border_rival
    bounds: list[tuple[str, float, bool]] = [
        ("registered_ratio", rule.least_registered, True),
        ("ring_win", rule.least_ring_win, True),
        ("weakest_win", rule.confirmed_weakest_win if confirmed else rule.least_weakest_win, True),
        ("border_rival", rule.most_turning_rival if turning else rival, False),
        ("lower_rival", rule.most_lower_rival, False),
        *([("explained_ratio", rule.least_turning_explained, True)] if turning else []),
        ("supported_ratio", rule.least_supported, True),
        ("bridge", rule.least_bridge, True),
    ]
    return [Check(name, name, row.get(name), bound, at_least) for name, bound, at_least in bounds]


def tiers(rule: AcceptRule) -> list[dict[str, Any]]:
    """The tiers' bounds on the predicted error, best first, in words, too, and whether a clip of that quality is
    accepted."""
    least = QUALITIES.index(rule.min_quality)
    return [
        {
            "name": name,
            "told": f"predicted error up to {rule.tiers[name].ate_percent:g} % of the path",
            "ate_percent": rule.tiers[name].ate_percent,
            "accepted": place <= least,
        }
        for place, name in enumerate(QUALITIES)
    ]
