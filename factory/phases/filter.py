"""Filter: clips in, features and a verdict out. Cheap specialists first; of a rejected clip the rest is skipped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from factory.construct import near
from factory.declared import ClipPhase
from factory.engine.work import Row
from factory.errors import ConfigError
from factory.filters.aim import aimed
from factory.filters.decide import Decide
from factory.filters.features import FEATURES, settled
from factory.manifest.schema import FILTER, features_schema
from factory.phases.phase import common_row
from factory.stage import Chain, Outcome, Stage


@dataclass(frozen=True, kw_only=True)
class Filter(ClipPhase):
    """score: see `factory.filters.score`; target: where it is cut, see `factory.filters.aim`. With `exhaustive` every
    specialist sees every clip, for calibration."""

    exhaustive: bool
    target: str | None
    rules: Mapping[str, Mapping[str, Any]]
    score: Mapping[str, Any] = field(default_factory=dict)  # a preset may hold rules alone

    def __post_init__(self) -> None:
        super().__post_init__()
        self._decide()
        known = {*FEATURES, *(name for stage in self.stages.values() for name in stage.gives)}
        for name, rule in self.rules.items():
            if (feature := str(rule.get("feature", name))) not in known:
                raise ConfigError(f"filter.rules.{name}: no stage gives '{feature}'{near(feature, known)}")

    def chain(self) -> Chain:
        asked = super().chain() if self.exhaustive else cascade(self.stages, self._decide())
        return (*asked, ("decide", self._decide()))

    def columns(self) -> tuple[pa.Field, ...]:
        return (*FILTER, *features_schema({name: FEATURES[name] for name in self._features()}))

    def rows(self, outcome: Outcome) -> list[Row]:
        """One row: the verdict, the score, and each feature known when the clip left the cascade."""
        values = outcome.record.values
        known = {name: None if values.get(name) is None else settled(values[name]) for name in self._features()}
        return [{**common_row(outcome), "score": values.get("score"), **known}]

    def _decide(self) -> Decide:
        return Decide(self.rules, aimed(self.score, self.target))

    def _features(self) -> dict[str, None]:
        """Names, each once, in the order in which they are given."""
        return {name: None for stage in self.stages.values() for name in stage.gives if name in FEATURES}


def cascade(specialists: Mapping[str, Stage], decide: Decide) -> Chain:
    """Each specialist followed by the rules on what it gives, and by the most that the score can still become."""
    chain: list[tuple[str, Stage]] = []
    for key, stage in specialists.items():
        chain.append((key, stage))
        if any(name in FEATURES for name in stage.gives):
            bearing = {n: rule for n, rule in decide.rules.items() if rule.get("feature", n) in stage.gives}
            chain.append(("decide", Decide(bearing, decide.score, more_to_come=True)))
    return tuple(chain)
