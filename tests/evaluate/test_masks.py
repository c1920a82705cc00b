"""Masks of known overlap, contours of known distance, and frames that are not there."""

import cv2
import numpy as np
import pytest

from factory.errors import ConfigError
from factory.evaluate.masks import contour, contour_accuracy, evaluate_masks, precision_recall, region_similarity


def square(x=40, y=40, side=40, size=(120, 160)):
    mask = np.zeros(size, bool)
    mask[y : y + side, x : x + side] = True
    return mask


def write(folder, masks):
    folder.mkdir(parents=True)
    for number, mask in masks.items():
        cv2.imwrite(str(folder / f"{number:05d}.png"), mask.astype(np.uint8) * 255)


def test_a_square_shifted_by_a_quarter_has_a_j_of_three_fifths():
    assert region_similarity(square(x=50), square()) == pytest.approx(0.6)
    assert precision_recall(square(x=50), square()) == (0.75, 0.75)
    assert precision_recall(square(side=20), square()) == (1.0, 0.25)


def test_empty_masks():
    nothing = np.zeros((120, 160), bool)
    assert region_similarity(nothing, nothing) == contour_accuracy(nothing, nothing) == 1
    assert region_similarity(nothing, square()) == contour_accuracy(nothing, square()) == 0
    assert precision_recall(nothing, square()) == (1.0, 0.0)


def test_a_contour_within_the_tolerance_is_right_and_beyond_it_is_wrong():
    assert contour_accuracy(square(), square()) == 1
    # the diagonal is 200 px, so 0.008 of it is 1.6, rounded up to 2
    assert contour_accuracy(square(x=42), square()) == 1
    assert contour_accuracy(square(x=43), square()) < 1


def test_the_contour_of_a_square_moved_far_sideways_keeps_two_sides():
    """Shifted by 20 of 40: of the upper and lower sides 22 px each are within 2 px, of the upright ones 3 px a
    corner."""
    edge = int(contour(square()).sum())
    assert edge == pytest.approx(4 * 40, abs=4)
    assert contour_accuracy(square(x=60), square()) == pytest.approx(2 * (22 + 3) / edge, abs=0.02)


def test_a_whole_frame_has_no_contour():
    assert not contour(np.ones((5, 6), bool)).any()


def test_frames_the_sampling_leaves_out_are_free_and_lost_ones_cost(tmp_path):
    write(tmp_path / "truth" / "a_masks", {n: square() for n in range(24)})
    write(tmp_path / "truth" / "b_masks", {n: square() for n in range(24)})
    write(tmp_path / "truth" / "c_masks", {n: square() for n in range(24)})
    write(tmp_path / "ours" / "a", {n: square() for n in range(0, 24, 2)})
    write(tmp_path / "ours" / "b-00", {n: square() for n in range(0, 8, 2)})
    write(tmp_path / "ours" / "b-01", {n: square() for n in range(16, 24, 2)})
    report = evaluate_masks(tmp_path / "ours", tmp_path / "truth")
    found = {clip["clip"]: clip for clip in report.values["clips"]}
    assert found["a"]["j"] == 1
    assert (found["b"]["frames"], found["b"]["expected"]) == (8, 12)
    assert found["b"]["j"] == found["b"]["f"] == pytest.approx(8 / 12)
    assert found["c"]["j"] == 0
    assert report.values["mean"]["J"] == pytest.approx((1 + 8 / 12) / 3)
    assert "no masks for c" in report.text()


def test_masks_of_another_size_and_in_a_subfolder(tmp_path):
    write(tmp_path / "truth" / "v" / "masks", {n: square() for n in range(3)})
    (tmp_path / "truth" / "v" / "film.mp4").write_bytes(b"")
    write(tmp_path / "ours" / "film", {n: square(20, 20, 20, (60, 80)) for n in range(3)})
    report = evaluate_masks(tmp_path / "ours", tmp_path / "truth")
    assert report.values["mean"]["J"] == 1
    assert report.values["by_size"] == [{"moving": "5 to 20 %", "frames": 3, "J": 1.0}]
    write(tmp_path / "ours" / "v", {0: square()})
    with pytest.raises(ConfigError, match="both estimates of v"):
        evaluate_masks(tmp_path / "ours", tmp_path / "truth")
