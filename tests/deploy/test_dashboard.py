"""The dashboard shows metrics that exist, by labels that they have."""

import json
import re

from ray.dashboard.modules.reporter.reporter_agent import METRICS_GAUGES

from factory.engine.metrics import NAMES
from tests.deploy.conftest import DEPLOY

DASHBOARD = json.loads((DEPLOY / "grafana" / "factory.json").read_text())
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
# As Prometheus sees them: Ray puts `ray_` before, and `_total` behind a counter's name.
OURS = {f"ray_{name}{'_total' if kind == 'counter' else ''}": labels for name, (kind, labels, _) in NAMES.items()}
METRIC = re.compile(r"\bray_\w+")


def test_every_metric_shown_is_exported():
    known = OURS.keys() | {f"ray_{name}" for name in METRICS_GAUGES}
    assert {metric for expression in EXPRESSIONS for metric in METRIC.findall(expression)} <= known


def test_every_metric_exported_is_shown():
    assert {metric for expression in EXPRESSIONS for metric in METRIC.findall(expression)} >= OURS.keys()


def test_metrics_are_selected_and_summed_by_labels_they_have():
    for expression in EXPRESSIONS:
        metrics = METRIC.findall(expression)
        for metric, selectors in re.findall(r"(ray_\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)=", selectors)) <= set(OURS[metric]), expression
        for labels in re.findall(r"\bby \(([^)]*)\)", expression):
            assert set(labels.split(", ")) <= {label for metric in metrics for label in OURS.get(metric, ())}


def test_panels_lie_side_by_side():
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + i, place["y"] + j) for i in range(place["w"]) for j in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_what_we_wanted_to_see_is_there():
    titles = " ".join(panel["title"].lower() for panel in DASHBOARD["panels"])
    for word in (
        "clips per second",
        "funnel",
        "queue",
        "seconds per stage",
        "oldest",
        "cost",
        "cpu and gpu",
        "failures",
    ):
        assert word in titles
