"""The filter against labels whose precision and recall can be counted by hand."""

import json

import pytest

from factory.errors import ConfigError, StorageError
from factory.evaluate.filtering import evaluate_filter
from tests.evaluate.filter_runs import RULES, write_labels, write_output, write_poses

GOOD = {"flow_peak": 0.02, "camera_speed": 0.4, "focal_ratio": 1.0}
LABELS = {
    "a.mp4": ("1", ""),
    "b.mp4": ("1", ""),
    "c.mp4": ("0", "cuts"),
    "d.mp4": ("0", "cuts"),
    "e.mp4": ("0", "static"),
    "f.mp4": ("", "who knows"),
    "g.mp4": ("1", ""),
}


@pytest.fixture
def labels(tmp_path):
    return write_labels(tmp_path / "videos" / "labels.csv", LABELS)


def features(tmp_path, **changes):
    """Two suitable videos kept, one (b) rejected; of the others c is kept wrongly. g never reached the filter."""
    values = {
        "a.mp4": GOOD,
        "b.mp4": {**GOOD, "flow_peak": 0.12},
        "c.mp4": {**GOOD, "camera_speed": 0.3},
        "d.mp4": {**GOOD, "flow_peak": 0.5},
        "e.mp4": {**GOOD, "camera_speed": 0.001, "focal_ratio": None},
        "f.mp4": GOOD,
        **changes,
    }
    return {str(tmp_path / "videos" / name): told for name, told in values.items()}


def test_precision_recall_and_average_precision_by_hand(tmp_path, labels):
    """Ranked by score: a (right), c (wrong), b (right), d, e; g at 0 with no clip: AP = 1/3 + 2/3/3 + 3/6/3."""
    write_output(tmp_path / "out", features(tmp_path))
    report = evaluate_filter(tmp_path / "out", labels, [0.3, 0.6, 1.0])
    assert report.values["precision"] == 0.5
    assert report.values["recall"] == pytest.approx(1 / 3)
    assert report.values["average_precision"] == pytest.approx(1 / 3 + 2 / 9 + 1 / 6)
    assert report.values["precision_at_recall"] == {"0.3": 1.0, "0.6": pytest.approx(2 / 3), "1.0": 0.5}
    assert [video["file"] for video in report.values["videos"]] == [
        "a.mp4",
        "b.mp4",
        "c.mp4",
        "d.mp4",
        "e.mp4",
        "g.mp4",
    ]
    text = report.text()
    assert "g.mp4" in text
    assert "they count as rejected" in text
    (cuts,) = [line for line in text.splitlines() if line.startswith("cuts")]
    assert cuts.split()[1:3] == ["2", "1"]
    assert cuts.endswith("c.mp4")
    (missed,) = [line for line in text.splitlines() if line.startswith("b.mp4")]
    assert missed.endswith("flow_peak (C2)")


def test_what_comes_out_with_poses_is_counted(tmp_path, labels):
    """a (right) and c (wrong); d was posed by itself, the filter of this run wants none of it."""
    videos = features(tmp_path)
    storage = write_output(tmp_path / "out", videos)
    names = dict(zip(LABELS, videos, strict=False))
    write_poses(storage, {names["a.mp4"]: "ok", names["c.mp4"]: "ok", names["d.mp4"]: "ok"})
    report = evaluate_filter(tmp_path / "out", labels)
    (precision, *_), (recall, *_) = report.values["end_to_end_90"]
    assert (precision, recall) == (0.5, pytest.approx(1 / 3, abs=1e-4))
    assert "filter and pose" in report.text()


def test_the_ablation_adds_rules_in_order_and_ends_with_the_filter(tmp_path, labels):
    write_output(tmp_path / "out", features(tmp_path))
    report = evaluate_filter(tmp_path / "out", labels)
    steps = {step["step"]: step for step in report.values["ablation"]}
    assert [step["features"] for step in steps.values()] == [0, 0, 1, 1, 0, 1, 0, 0]
    assert steps["quality"]["precision"] == pytest.approx(2 / 5)  # nothing rejected: a and b of five that came so far
    assert steps["+flow"]["precision"] == pytest.approx(1 / 3)  # a, of a, c and e
    assert steps["+tracking"]["precision"] == 0.5  # e is gone
    last = steps["+the rest"]
    assert (last["AP"], last["precision"], last["recall"]) == (
        pytest.approx(report.values["average_precision"]), report.values["precision"], report.values["recall"],
    )  # fmt: skip


def test_a_cascade_is_not_ablated_and_says_so(tmp_path, labels):
    write_output(tmp_path / "out", features(tmp_path), exhaustive=False)
    report = evaluate_filter(tmp_path / "out", labels)
    assert report.values["ablation"] == []
    assert "filter.exhaustive=true" in report.text()


def test_labels_of_a_rendered_folder(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    told = {
        "a": {"camera": "moving", "object_moves": True, "suitable": True},
        "c": {"camera": "moving", "object_moves": True, "flaw": "cut", "suitable": False},
        "d": {"camera": "static", "object_moves": True, "suitable": False},
    }
    for name, labels in told.items():
        (folder / f"{name}.json").write_text(json.dumps({"labels": labels}))
    write_output(tmp_path / "out", features(tmp_path))
    report = evaluate_filter(tmp_path / "out", folder)
    assert {v["file"]: v["why"] for v in report.values["videos"]} == {
        "a.mp4": "",
        "c.mp4": "cut",
        "d.mp4": "camera static",
    }
    assert report.values["recall"] == 1


def test_a_run_elsewhere_is_found_by_the_end_of_the_path(tmp_path, labels):
    elsewhere = {f"s3://bucket/{name[1:]}": told for name, told in features(tmp_path).items()}
    write_output(tmp_path / "out", elsewhere)
    assert evaluate_filter(tmp_path / "out", labels).values["precision"] == 0.5
    write_output(tmp_path / "two", {**elsewhere, "s3://other/a.mp4": GOOD})
    with pytest.raises(ConfigError, match="name more of its path"):
        evaluate_filter(tmp_path / "two", labels)


def test_what_cannot_be_joined_is_named(tmp_path, labels):
    with pytest.raises(StorageError, match="is not the output of a run"):
        evaluate_filter(tmp_path / "nowhere", labels)
    write_output(tmp_path / "out", {"/x/other.mp4": GOOD}, RULES)
    with pytest.raises(StorageError, match=r"no video of .* is in"):
        evaluate_filter(tmp_path / "out", labels)
    one_sided = write_labels(tmp_path / "one.csv", {"a.mp4": ("1", ""), "b.mp4": ("1", "")})
    with pytest.raises(ConfigError, match="2 of 2"):
        evaluate_filter(tmp_path / "out", one_sided)
    (tmp_path / "bad.csv").write_text("file,suitable\na.mp4,yes\n")
    with pytest.raises(StorageError, match=r"nothing\.csv cannot be read \(no such file or directory\): give labels"):
        evaluate_filter(tmp_path / "out", tmp_path / "nothing.csv")
    with pytest.raises(StorageError, match="suitable"):
        evaluate_filter(tmp_path / "out", tmp_path / "bad.csv")
