"""Filter: clips in, features and a verdict out. Cheap specialists first; of a rejected clip the rest is skipped."""

from collections.abc import Mapping, Sequence
from functools import partial

from factory.engine.work import Resources, Row
from factory.fetch import Fetch
from factory.filters.decide import Decide
from factory.filters.features import FEATURES, settled
from factory.manifest.schema import COMMON, FILTER, features_schema, schema
from factory.phases.phase import Phase, clip_record, clips_from, common_row
from factory.stage import Chain, Outcome, Stage


def filter_phase(
    upstream: str,
    specialists: Mapping[str, Stage],
    decide: Decide,
    exhaustive: bool,
    timeout_s: float,
    fetch: Fetch,
    resources: Resources,
) -> Phase:
    """With `exhaustive` every specialist sees every clip, for calibration."""
    asked = tuple(specialists.items()) if exhaustive else cascade(specialists, decide)
    stages: Chain = (("fetch", fetch), *asked, ("decide", decide))
    features = {name: FEATURES[name] for stage in specialists.values() for name in stage.gives if name in FEATURES}
    return Phase(
        name="filter",
        upstream=upstream,
        stages=stages,
        rows=partial(filter_rows, features=tuple(features)),
        schema=schema(*COMMON, *FILTER, *features_schema(features)),
        timeout_s=timeout_s,
        inputs=partial(clips_from, upstream=upstream, stages=stages),
        record=clip_record,
        resources=resources,
    )


def filter_rows(outcome: Outcome, features: Sequence[str]) -> list[Row]:
    """One row: the verdict, the score, and each feature known when the clip left the cascade."""
    values = outcome.record.values
    known = {name: None if values.get(name) is None else settled(values[name]) for name in features}
    return [{**common_row(outcome), "score": values.get("score"), **known}]


def cascade(specialists: Mapping[str, Stage], decide: Decide) -> Chain:
    """Each specialist followed by the rules on what it gives, and by the most that the score can still become."""
    chain: list[tuple[str, Stage]] = []
    for key, stage in specialists.items():
        chain.append((key, stage))
        if any(name in FEATURES for name in stage.gives):
            bearing = {n: rule for n, rule in decide.rules.items() if rule.get("feature", n) in stage.gives}
            chain.append(("decide", Decide(bearing, decide.score, more_to_come=True)))
    return tuple(chain)
