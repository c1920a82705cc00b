"""The curve: figures by hand, intervals that hold, how many labels, and a preset that is a filter."""

import subprocess
import sys

import numpy as np
import pytest
import yaml

from factory.errors import ConfigError
from factory.evaluate.calibration import calibrate, figures, labels_needed
from factory.evaluate.intervals import Interval, bootstrap
from tests.evaluate.filter_runs import write_labels, write_output


def test_precision_and_recall_by_hand_also_for_another_mix():
    suitable = np.repeat([True, False], [10, 40])
    kept = np.zeros(50, bool)
    kept[:8] = kept[10:14] = True  # 0.8 of the suitable, 0.1 of the others
    precision, recall = figures(suitable, kept, 0.2)
    assert (precision.value, recall.value) == pytest.approx((8 / 12, 0.8))
    precision, _ = figures(suitable, kept, 0.1)
    assert precision.value == pytest.approx(0.08 / (0.08 + 0.09))
    assert precision.low < precision.value < precision.high


def test_nine_of_ten_intervals_hold_the_truth():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(100):
        drawn = rng.random(80) < 0.7
        interval = bootstrap(lambda i, drawn=drawn: float(drawn[i].mean()), 80)
        held += interval.low <= 0.7 <= interval.high
    assert 82 <= held <= 97


def test_as_many_labels_as_are_said_to_be_needed_are_enough():
    """Also where the labelled videos are another mix than those that precision is told for."""
    rng = np.random.default_rng(0)

    def drawn(count):
        suitable = rng.random(count) < 0.5
        return suitable, np.where(suitable, rng.random(count) < 0.7, rng.random(count) < 0.05)

    precision, _ = figures(*drawn(200), 0.15)
    needed = labels_needed(precision, 200)
    assert needed > 400
    halves = [(found.high - found.low) / 2 for found, _ in (figures(*drawn(needed), 0.15) for _ in range(5))]
    assert np.mean(halves) == pytest.approx(0.05, abs=0.02)


def test_a_few_labels_that_are_all_right_are_no_certainty():
    assert labels_needed(Interval(1.0, 1.0, 1.0), 6) > 50


def written(tmp_path, count=60):
    """Suitable clips are fast: every third; one in ten is the other way round."""
    rng = np.random.default_rng(0)
    suitable = np.arange(count) % 3 == 0
    fast = suitable ^ (rng.random(count) < 0.1)
    speed = np.where(fast, 0.3, 0.06) * np.exp(rng.normal(0, 0.1, count))
    values = {
        str(tmp_path / "v" / f"{i}.mp4"): {"camera_speed": float(v), "flow_peak": 0.05, "focal_ratio": 1.0}
        for i, v in enumerate(speed)
    }
    write_output(tmp_path / "out", values)
    told = {f"{i}.mp4": (str(int(good)), "x") for i, good in enumerate(suitable)}
    return write_labels(tmp_path / "v" / "labels.csv", told), suitable, fast


def test_the_preset_is_a_filter_with_a_curve(tmp_path):
    labels, suitable, fast = written(tmp_path)
    preset = tmp_path / "conf" / "filter" / "mine.yaml"
    report = calibrate(tmp_path / "out", labels, preset)
    assert (report.values["videos"], report.values["suitable"]) == (60, 20)
    text = report.text()
    assert "labels for +-0.05" in text
    assert report.values["cuts"]
    first = preset.read_bytes()
    calibrate(tmp_path / "out", labels, preset)
    assert preset.read_bytes() == first
    body = yaml.safe_load(first)
    assert report.values["labels_sha256"] in body["score"]["curve"]["provenance"]
    (cut,) = [row for row in body["score"]["curve"]["cuts"] if row["least"] == 0.5]
    assert cut["precision"][0] == pytest.approx((suitable & fast).sum() / fast.sum(), abs=1e-4)
    assert cut["recall"][0] == pytest.approx((suitable & fast).sum() / suitable.sum(), abs=1e-4)
    told = composed(preset, "filter.target=recall:0.5")
    assert told["filter"]["target"] == "recall:0.5"
    assert told["filter"]["score"]["groups"] == body["score"]["groups"]


def test_another_mix_lowers_precision_and_leaves_recall(tmp_path):
    labels, _, _ = written(tmp_path)
    cuts = []
    for share in (None, 0.1):
        preset = tmp_path / f"{share}.yaml"
        calibrate(tmp_path / "out", labels, preset, share)
        cuts.append({row["least"]: row for row in yaml.safe_load(preset.read_text())["score"]["curve"]["cuts"]})
    assert cuts[1][0.5]["precision"][0] < cuts[0][0.5]["precision"][0]
    assert cuts[1][0.5]["recall"] == cuts[0][0.5]["recall"]
    with pytest.raises(ConfigError, match="between 0 and 1"):
        calibrate(tmp_path / "out", labels, tmp_path / "x.yaml", 10)


def composed(preset, *settings):
    """The configuration of `factory run --config-dir DIR filter=NAME`."""
    place = str(preset.parent.parent)
    arguments = ["run", "--config-dir", place, f"filter={preset.stem}", "source=x", "output=y", *settings]
    command = [sys.executable, "-m", "factory", *arguments, "--cfg", "job"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=preset.parent)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def test_a_run_that_cannot_serve_is_refused(tmp_path):
    labels = write_labels(tmp_path / "v" / "labels.csv", {"a.mp4": ("1", ""), "b.mp4": ("0", "x")})
    values = {str(tmp_path / "v" / n): {"camera_speed": 1.0} for n in ("a.mp4", "b.mp4")}
    write_output(tmp_path / "cascade", values, exhaustive=False)
    with pytest.raises(ConfigError, match=r"filter\.exhaustive=true"):
        calibrate(tmp_path / "cascade", labels, tmp_path / "x.yaml")
    write_output(tmp_path / "few", values)
    with pytest.raises(ConfigError, match="two suitable and two unsuitable"):
        calibrate(tmp_path / "few", labels, tmp_path / "x.yaml")
    many = {str(tmp_path / "v" / f"{n}.mp4"): {"camera_speed": 1.0, "flow_peak": 0.5} for n in range(4)}
    write_output(tmp_path / "none", many)
    four = write_labels(tmp_path / "v" / "four.csv", {f"{n}.mp4": (str(n % 2), "x") for n in range(4)})
    with pytest.raises(ConfigError, match="breaks a rule"):
        calibrate(tmp_path / "none", four, tmp_path / "x.yaml")
    assert not (tmp_path / "x.yaml").exists()
