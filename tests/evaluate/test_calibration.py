"""The fused score: what is learned, what stays a rule, that it never falls, and that its preset is a filter."""

import subprocess
import sys

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.clip import Clip, ClipRecord
from factory.errors import ConfigError
from factory.evaluate import calibration
from factory.evaluate.calibration import Samples, calibrate, fit, out_of_fold
from factory.filters.decide import Decide, parse_rules
from factory.filters.fused import Term, parse_fused
from factory.stage import Rejected
from tests.evaluate.filter_runs import RULES, write_labels, write_output


def drawn(count=60, seed=0):
    """Suitable clips are fast (camera_speed); flow_peak tells nothing, focal_ratio is always well inside."""
    rng = np.random.default_rng(seed)
    suitable = np.arange(count) % 3 == 0
    speed = np.where(suitable, 0.3, 0.05) * np.exp(rng.normal(0, 0.5, count))
    values = [
        {"camera_speed": float(v), "flow_peak": float(0.05 * np.exp(rng.normal(0, 0.3))), "focal_ratio": 0.01}
        for v in speed
    ]
    return Samples(values, suitable, np.arange(count) // 2)


def test_what_separates_gets_the_weight_and_the_silent_stay_rules():
    fitted = fit(drawn(), parse_rules(RULES))
    weights = {term.name: term.weight for term in fitted.fused.terms}
    assert weights["camera_speed"] > 1
    assert weights.get("flow_peak", 0) < 0.5
    assert [rule.name for rule in fitted.guards if rule.name == "focal_ratio"] == ["focal_ratio"]


def test_the_fit_is_the_optimum_of_its_loss():
    """Against scikit-learn's logistic regression, where no bound is active."""
    linear = pytest.importorskip("sklearn.linear_model", reason="the extra `evaluate` is not installed")
    samples = drawn(300)
    rules = parse_rules({"camera_speed": RULES["camera_speed"]})
    fitted = fit(samples, rules).fused
    margins = np.array([[fitted.terms[0].margin(v["camera_speed"])] for v in samples.values])
    peer = linear.LogisticRegression(C=1.0, tol=1e-10).fit(margins, samples.suitable)
    assert fitted.terms[0].weight == pytest.approx(peer.coef_[0, 0], abs=2e-3)
    assert fitted.intercept == pytest.approx(peer.intercept_[0], abs=2e-3)


def test_no_weight_says_that_worse_is_better():
    samples = drawn()
    backwards = Samples(samples.values, ~samples.suitable, samples.video)
    fitted = fit(backwards, parse_rules(RULES))
    assert all(term.weight >= 0 for term in fitted.fused.terms)
    assert "camera_speed" not in [term.name for term in fitted.fused.terms]
    without = {name: rule for name, rule in RULES.items() if name != "camera_speed"}
    alone = fit(backwards, parse_rules(without)).fused
    assert fitted.fused.intercept == pytest.approx(alone.intercept, abs=1e-3)
    assert [t.weight for t in fitted.fused.terms] == pytest.approx([t.weight for t in alone.terms], abs=1e-3)


@settings(max_examples=40)
@given(a=st.floats(-1, 100), b=st.floats(-1, 100), at_least=st.booleans())
def test_the_margin_never_falls_as_a_feature_gets_further_inside(a, b, at_least):
    term = Term("x", "x", 0.5, at_least, 1.0)
    low, high = sorted((a, b))
    assert (term.margin(low) <= term.margin(high)) == at_least or term.margin(low) == term.margin(high)
    assert term.margin(0.5) == 0


def test_every_fold_leaves_out_whole_videos_and_each_once(monkeypatch):
    samples = drawn()
    samples = Samples(samples.values, samples.video % 2 == 0, samples.video)
    left_out = []

    def watched(train, rules):
        left_out.append(set(samples.video) - set(train.video))
        return fit(train, rules)

    monkeypatch.setattr(calibration, "fit", watched)
    scores, _, folds = out_of_fold(samples, parse_rules(RULES))
    assert folds == len(left_out) == 5
    assert sorted(video for many in left_out for video in many) == sorted(set(samples.video))
    assert np.all(scores > 0)


def entry(**changes):
    terms = {"camera_speed": {"least": 0.04, "weight": 2.0, "missing": -1.0}}
    return {"least": 0.5, "intercept": -1.0, "provenance": "test", "terms": terms, **changes}


def decided(values, rules):
    return Decide(rules)(ClipRecord(Clip("", "", 0, 1, 1, 1, 1, 0, 1), values))


def test_a_fused_score_ranks_and_decides_beside_the_rules():
    rules = {"score": entry(), "flow_peak": RULES["flow_peak"]}
    kept = decided({"camera_speed": 0.4, "flow_peak": 0.01}, rules)
    assert kept["score"] == pytest.approx(1 / (1 + np.exp(1 - 2 * np.log(10))))
    slow = decided({"camera_speed": 0.04, "flow_peak": 0.01}, rules)
    assert isinstance(slow, Rejected)
    assert slow.reasons == ("score: suitable with probability 0.27, under 0.5",)
    cut = decided({"camera_speed": 0.4, "flow_peak": 0.3}, rules)
    assert isinstance(cut, Rejected)
    assert cut.reasons == ("flow_peak (C2): a cut 0.30",)
    unknown = decided({"camera_speed": None}, rules)
    assert isinstance(unknown, Rejected)
    assert unknown.reasons[0].endswith("camera_speed (-1.0)")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"most": 1}, "unknown 'most'"),
        ({"least": 2}, "probability"),
        ({"terms": {"camera_speed": {"weight": 1}}}, "either"),
        ({"terms": {"camera_speed": {"least": 1}}}, "missing 'weight'"),
        ({"terms": {"camera_sped": {"least": 1, "weight": 1}}}, "no feature 'camera_sped'"),
        ({"terms": {"camera_speed": {"least": 1, "weight": -1}}}, "not below"),
    ],
)
def test_a_mistake_in_the_entry_is_named(changes, named):
    with pytest.raises(ConfigError, match=named):
        parse_fused(entry(**changes))


def test_the_preset_is_a_filter_with_provenance(tmp_path):
    samples = drawn()
    videos = {str(tmp_path / "v" / f"{i}.mp4"): values for i, values in enumerate(samples.values)}
    write_output(tmp_path / "out", videos)
    told = {f"{i}.mp4": (str(int(good)), "x") for i, good in enumerate(samples.suitable)}
    labels = write_labels(tmp_path / "v" / "labels.csv", told)
    preset = tmp_path / "conf" / "filter" / "mine.yaml"
    report = calibrate(tmp_path / "out", labels, preset)
    fused = report.values["figures"]["fused, out of fold"]
    assert fused["AP"] > 0.9
    assert report.values["videos"] == 60
    first = preset.read_bytes()
    calibrate(tmp_path / "out", labels, preset)
    assert preset.read_bytes() == first
    assert b"@package filter.rules" in first
    body = yaml.safe_load(first)
    assert report.values["labels_sha256"] in body["score"]["provenance"]
    decide = Decide(body)
    kept = [not isinstance(decide(ClipRecord(Clip("", "", 0, 1, 1, 1, 1, 0, 1), v)), Rejected) for v in samples.values]
    assert np.mean(np.array(kept) == samples.suitable) > 0.85
    assert composed(preset)["filter"]["rules"]["score"]["least"] == 0.5


def composed(preset):
    """The configuration of `factory run --config-dir DIR filter=NAME`."""
    arguments = ["run", "--config-dir", str(preset.parent.parent), f"filter={preset.stem}", "source=x", "output=y"]
    command = [sys.executable, "-m", "factory.cli", *arguments, "--cfg", "job"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=preset.parent)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def test_a_run_that_cannot_serve_is_refused(tmp_path):
    labels = write_labels(tmp_path / "v" / "labels.csv", {"a.mp4": ("1", ""), "b.mp4": ("0", "x")})
    values = {str(tmp_path / "v" / n): {"camera_speed": 1.0} for n in ("a.mp4", "b.mp4")}
    write_output(tmp_path / "cascade", values, exhaustive=False)
    with pytest.raises(ConfigError, match=r"filter\.exhaustive=true"):
        calibrate(tmp_path / "cascade", labels, tmp_path / "x.yaml")
    write_output(tmp_path / "fused", values, {"score": entry()})
    with pytest.raises(ConfigError, match="filter=dynpose"):
        calibrate(tmp_path / "fused", labels, tmp_path / "x.yaml")
    write_output(tmp_path / "few", values)
    with pytest.raises(ConfigError, match="two suitable and two unsuitable"):
        calibrate(tmp_path / "few", labels, tmp_path / "x.yaml")
    assert not (tmp_path / "x.yaml").exists()
