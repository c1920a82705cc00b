"""Depth of known error under each alignment, the codings of PNG files, and what is missing."""

import cv2
import numpy as np
import pytest

from factory.errors import ConfigError
from factory.evaluate.depth import evaluate_depth, read_depth

TRUE = np.random.default_rng(0).uniform(1, 10, (6, 30, 40))


def write(folder, frames):
    folder.mkdir(parents=True)
    for number, depth in frames.items():
        np.savez(folder / f"{number:05d}.npz", depth=depth)


def measured(tmp_path, estimate, align="none", **options):
    write(tmp_path / "truth" / "a_depth", dict(enumerate(TRUE)))
    write(tmp_path / "ours" / "a", dict(enumerate(estimate)))
    return evaluate_depth(tmp_path / "ours", tmp_path / "truth", align, **options)


def test_ten_percent_too_far_is_an_absrel_of_a_tenth(tmp_path):
    found = measured(tmp_path, 1.1 * TRUE).values["mean"]
    assert found["AbsRel"] == pytest.approx(0.1)
    assert found["RMSE"] == pytest.approx(0.1 * np.sqrt(np.mean(TRUE**2)))
    assert found["log RMSE"] == pytest.approx(np.log(1.1))
    assert found["d<1.25"] == 1


def test_a_factor_between_the_bounds_of_delta(tmp_path):
    found = measured(tmp_path, 1.4 * TRUE).values["mean"]
    assert (found["d<1.25"], found["d<1.25^2"], found["d<1.25^3"]) == (0, 1, 1)


@pytest.mark.parametrize(("align", "right"), [("none", False), ("median", False), ("scale-shift", True)])
def test_scale_and_shift(tmp_path, align, right):
    assert (measured(tmp_path, 0.5 * TRUE + 1, align).values["mean"]["AbsRel"] < 1e-9) == right


def test_one_scale_for_the_whole_clip(tmp_path):
    """A drift of scale from frame to frame is an error that the alignment must not hide."""
    drift = np.linspace(1, 2, 6)[:, None, None]
    assert measured(tmp_path, 3 * TRUE, "median").values["mean"]["AbsRel"] < 1e-9
    other = tmp_path / "other"
    assert measured(other, drift * TRUE, "median").values["mean"]["AbsRel"] > 0.1


def test_what_is_missing_is_told_and_not_averaged_away(tmp_path):
    estimate = TRUE.copy()
    estimate[:, :15] = np.nan
    write(tmp_path / "truth" / "b_depth", dict(enumerate(TRUE)))
    report = measured(tmp_path, estimate)
    covered = {clip["clip"]: clip["covered"] for clip in report.values["clips"]}
    assert covered == {"a": 0.5, "b": 0.0}
    assert report.values["scored"] == 1
    assert "mean of 1 of 2" in report.text()
    assert "no depth for b" in report.text()


def test_frames_left_out_lower_the_coverage(tmp_path):
    write(tmp_path / "truth" / "a_depth", dict(enumerate(np.concatenate([TRUE, TRUE]))))
    write(tmp_path / "ours" / "a", {n: TRUE[n // 2] for n in (0, 2, 4)})
    (clip,) = evaluate_depth(tmp_path / "ours", tmp_path / "truth", "none").values["clips"]
    assert (clip["frames"], clip["expected"], clip["covered"]) == (3, 6, 0.5)


def test_depth_outside_the_range_does_not_count(tmp_path):
    far = np.where(TRUE > 5, 3 * TRUE, TRUE)
    assert measured(tmp_path, far, range_m=(0.1, 5.0)).values["mean"]["AbsRel"] == 0


def test_png_codings_must_be_stated(tmp_path):
    path = tmp_path / "00000.png"
    cv2.imwrite(str(path), np.array([[0, 2000, 65535]], np.uint16))
    np.testing.assert_allclose(read_depth(path, "mm"), [[np.nan, 2.0, np.nan]])
    np.testing.assert_allclose(read_depth(path, "inverse"), [[np.nan, 3.27675, 0.1]])
    with pytest.raises(ConfigError, match="--truth-png"):
        read_depth(path, None)
