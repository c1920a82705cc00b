"""The filter's score: how far inside, in a few groups of features that count alike, a clip is."""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from factory.construct import near
from factory.errors import ConfigError
from factory.filters.features import FEATURES

UNKNOWN = 0.5  # what a group is worth of which nothing could be measured


@dataclass(frozen=True)
class Member:
    """A feature's worth, in [0, 1]: between `points` (value, worth) linear in the logarithm of the value, and level
    beyond the first and the last."""

    feature: str
    points: tuple[tuple[float, float], ...]

    def worth(self, value: float) -> float:
        values, worths = zip(*self.points, strict=True)
        return float(np.interp(math.log(max(value, 1e-9)), np.log(values), worths))


@dataclass(frozen=True)
class Group:
    """Features that tell of one thing. It is worth the mean of what is known of them."""

    name: str
    members: tuple[Member, ...]

    def worth(self, values: Mapping[str, Any]) -> float:
        known = [member.worth(values[member.feature]) for member in self._known(values)]
        return sum(known) / len(known) if known else UNKNOWN

    def most(self, values: Mapping[str, Any]) -> float:
        """What it is worth at the most, when the members that are not in `values` yet have been measured, too."""
        best = [1.0 for member in self.members if member.feature not in values]
        known = [member.worth(values[member.feature]) for member in self._known(values)]
        return sum(best + known) / len(best + known) if best or known else UNKNOWN

    def told(self, values: Mapping[str, Any], worth: float) -> str:
        """`name 0.2 (feature 0.03, ...)`, the members that pull it down first."""
        known = sorted(self._known(values), key=lambda member: member.worth(values[member.feature]))
        low = [f"{m.feature} {values[m.feature]:.3g}" for m in known if m.worth(values[m.feature]) < 1]
        return f"{self.name} {worth:.2f} ({', '.join(low) or 'not measured'})"

    def _known(self, values: Mapping[str, Any]) -> list[Member]:
        return [member for member in self.members if values.get(member.feature) is not None]


@dataclass(frozen=True)
class Score:
    """The mean of the groups, in [0, 1]: 1 where a clip is inside everything. Groups count alike: weights that were
    fitted to labels ranked other clips no better (tried on 278 web videos). least: a clip under it is rejected."""

    groups: tuple[Group, ...]
    least: float

    def of(self, values: Mapping[str, Any]) -> float:
        return sum(group.worth(values) for group in self.groups) / len(self.groups) if self.groups else 1.0

    def most(self, values: Mapping[str, Any]) -> float:
        """As `of`, when what is not in `values` yet turns out as well as it can."""
        return sum(group.most(values) for group in self.groups) / len(self.groups) if self.groups else 1.0

    def complaint(self, values: Mapping[str, Any], score: float, more_to_come: bool) -> str:
        """The three groups that lower it most, each with its lowest features."""
        worths = [(group.most(values) if more_to_come else group.worth(values), group) for group in self.groups]
        low = sorted(worths, key=lambda entry: entry[0])[:3]
        told = "; ".join(group.told(values, worth) for worth, group in low if worth < 1)
        return f"score: {'at most ' * more_to_come}{score:.3f}, under {self.least:.3g}; lowest: {told}"

    def of_features(self, features: Set[str]) -> "Score":
        """With these features alone."""
        kept = [replace(g, members=tuple(m for m in g.members if m.feature in features)) for g in self.groups]
        return replace(self, groups=tuple(group for group in kept if group.members))

    @property
    def features(self) -> set[str]:
        return {member.feature for group in self.groups for member in group.members}


def parse_score(entry: Mapping[str, Any]) -> Score:
    """`groups`: by name, of each feature its points [[value, worth], ...] in order of rising values above 0; `least`: a
    share. Raises ConfigError naming what is wrong."""
    if unknown := sorted(set(entry) - {"least", "groups", "curve"}):
        raise ConfigError(f"filter.score: unknown '{unknown[0]}'.")
    least = entry.get("least", 0.0)
    if isinstance(least, bool) or not isinstance(least, int | float) or not 0 <= least <= 1:
        raise ConfigError(f"filter.score.least must be a number from 0 to 1, it is {least}.")
    groups = entry.get("groups", {})
    if not isinstance(groups, Mapping) or not all(isinstance(g, Mapping) and g for g in groups.values()):
        raise ConfigError("filter.score.groups: give features by group, and points by feature.")
    made = [
        Group(str(name), tuple(_member(f"filter.score.groups.{name}", f, points) for f, points in members.items()))
        for name, members in groups.items()
    ]
    if least and not made:
        raise ConfigError("filter.score has a `least` and no groups: nothing would reach it.")
    return Score(tuple(made), float(least))


def _member(place: str, feature: str, points: Sequence[Sequence[float]]) -> Member:
    if feature not in FEATURES:
        raise ConfigError(f"{place}: there is no feature '{feature}'{near(feature, FEATURES)}")
    try:
        made = tuple((float(value), float(worth)) for value, worth in points)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{place}.{feature}: give points [[value, worth], ...].") from error
    values = [value for value, _ in made]
    if not made or values[0] <= 0 or sorted(set(values)) != values or any(not 0 <= worth <= 1 for _, worth in made):
        raise ConfigError(f"{place}.{feature}: values must rise and be above 0, worths lie from 0 to 1.")
    return Member(feature, made)
