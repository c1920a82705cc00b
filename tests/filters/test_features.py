"""Every number a specialist gives has a column and a meaning; every rule speaks of a feature that exists."""

import yaml
from hydra.utils import get_class

from factory.filters.features import FEATURES
from tests.conftest import ROOT

# What specialists pass to each other.
ARRAYS = {"frames", "stills", "tracks", "view_pairs", "view_steps", "field_pairs"}


def settings(path: str) -> dict:
    return yaml.safe_load((ROOT / "conf" / path).read_text())


def test_every_number_given_has_a_meaning():
    stages = settings("phase/filter.yaml")["stages"] | settings("seen/networks.yaml")["filter"]["stages"]
    classes = [get_class(node["_target_"]) for node in stages.values()]
    given = {name for specialist in classes for name in specialist.gives}
    asked = set(settings("vlm_questions.yaml")["filter"]["stages"]["vlm"]["questions"])
    assert given - ARRAYS == set(FEATURES) - asked
    assert asked == {name for name in FEATURES if name.startswith("vlm_")}


def test_every_rule_speaks_of_a_known_feature():
    preset = settings("filter/dynpose.yaml")
    rules = preset["rules"] | settings("seen/networks.yaml")["filter"]["rules"]
    assert {rule.get("feature", name) for name, rule in rules.items()} <= set(FEATURES)
    groups = preset["score"]["groups"] | settings("vlm_questions.yaml")["filter"]["score"]["groups"]
    assert {name for group in groups.values() for name in group} <= set(FEATURES)
