"""Tracks of known error: shares by bound, survival, occlusion, and worlds of another gauge."""

import json

import numpy as np
import pytest

from factory.errors import StorageError
from factory.evaluate.tracks import BOUNDS_PX, evaluate_tracks, scores_2d, scores_3d
from tests.evaluate.truths import curved, moved, write

SIZE = (256, 256)
COUNT, FRAMES = 30, 40


@pytest.fixture
def truth():
    rng = np.random.default_rng(0)
    return rng.uniform(50, 200, (COUNT, 1, 2)) + np.arange(FRAMES)[None, :, None], np.ones((COUNT, FRAMES), bool)


def test_the_truth_is_perfect(truth):
    xy, visible = truth
    assert scores_2d(xy, visible, xy, visible, SIZE) == {"AJ": 1, "APD": 1, "OA": 1, "survival": 1}


def test_an_offset_of_three_pixels_is_within_three_of_five_bounds(truth):
    xy, visible = truth
    found = scores_2d(xy + np.array([3, 0]), visible, xy, visible, SIZE)
    assert found["APD"] == pytest.approx(np.mean(BOUNDS_PX > 3)) == 0.6
    assert found["AJ"] == pytest.approx(0.6)  # at 1 and 2 px every claim is false and every point missed: 0
    assert scores_2d(xy + np.array([3, 0]), visible, xy, visible, (512, 256))["APD"] == 0.8  # 1.5 px at 256


def test_a_wrong_claim_counts_against_the_jaccard_twice(truth):
    """Half of the tracks off by 3 px: at 1 and 2 px they are missed and falsely claimed, 0.5 / (1 + 0.5)."""
    xy, visible = truth
    wrong = xy.copy()
    wrong[::2] += np.array([3, 0])
    found = scores_2d(wrong, visible, xy, visible, SIZE)
    assert found["AJ"] == pytest.approx((2 / 3 + 3) / 5)
    assert found["APD"] == pytest.approx((2 * 0.5 + 3) / 5)


def test_claiming_to_see_what_is_hidden_is_a_false_positive(truth):
    xy, visible = truth
    hidden = visible.copy()
    hidden[:, 20:] = False
    found = scores_2d(xy, visible, xy, hidden, SIZE)
    assert found["OA"] == pytest.approx(19 / 39)
    assert found["AJ"] == pytest.approx(19 / 39)
    assert found["APD"] == 1


def test_only_frames_after_the_query_count(truth):
    xy, visible = truth
    late = visible.copy()
    late[:, :10] = False
    wrong = xy.copy()
    wrong[:, :11] += 100
    assert scores_2d(wrong, late, xy, late, SIZE)["AJ"] == 1


def test_a_track_lost_half_way_survives_half_and_a_nan_is_a_loss(truth):
    xy, visible = truth
    for lost in (60.0, np.nan):
        wrong = xy.copy()
        wrong[:, 21:] += lost
        found = scores_2d(wrong, visible, xy, visible, SIZE)
        assert found["survival"] == pytest.approx(20 / 39)
        assert found["APD"] == pytest.approx(20 / 39)


def test_world_errors_of_four_and_seven_centimetres():
    rng = np.random.default_rng(1)
    truth = rng.uniform(-1, 1, (COUNT, 1, 3)) + np.linspace(0, 1, FRAMES)[None, :, None]
    off = np.where(np.arange(COUNT) < COUNT // 2, 0.04, 0.07)[:, None, None] * np.array([1.0, 0, 0])
    visible = np.ones((COUNT, FRAMES), bool)
    found = scores_3d(truth + off, truth, visible, np.full((COUNT, FRAMES), 0.011))
    assert found["EPE3D"] == pytest.approx(0.055)
    assert (found["<5 cm"], found["<10 cm"]) == (0.5, 1.0)
    assert found["motion EPE3D"] == pytest.approx(0, abs=1e-12)
    assert found["APD-3D"] == pytest.approx((3 / 5 + 2 / 5) / 2)  # off by 3.6 and by 6.4 px


def files(tmp_path, align_world=lambda xyz: xyz, name="a"):
    rng = np.random.default_rng(2)
    poses = curved(FRAMES)
    world = np.repeat(rng.uniform([-1, -1, 5], [1, 1, 8], (COUNT, 1, 3)), FRAMES, axis=1)
    world[:5] += np.linspace(0, 1, FRAMES)[:, None]
    xy, visible = rng.uniform(0, 200, (COUNT, FRAMES, 2)), np.ones((COUNT, FRAMES), bool)
    for folder, xyz in (("truth", world), ("ours", align_world(world))):
        (tmp_path / folder).mkdir(exist_ok=True)
        np.savez(tmp_path / folder / f"{name}_tracks.npz", world_xyz=xyz, xy=xy, visible=visible)
    told = {"width": 256, "height": 256, "intrinsics": {"focal_px": 300.0}}
    (tmp_path / "truth" / f"{name}.json").write_text(json.dumps(told))
    write(tmp_path / "truth" / f"{name}.tum.txt", poses)
    return world


def in_another_world(xyz):
    points = np.tile(np.eye(4), (xyz.shape[0] * xyz.shape[1], 1, 1))
    points[:, :3, 3] = xyz.reshape(-1, 3)
    return moved(points)[:, :3, 3].reshape(xyz.shape)


def test_another_world_is_brought_home_and_no_further_than_asked(tmp_path):
    files(tmp_path, in_another_world)
    home = evaluate_tracks(tmp_path / "ours", tmp_path / "truth", "sim3").values["mean"]
    assert home["EPE3D"] < 1e-9
    assert home["APD-3D"] == home["AJ"] == 1
    assert evaluate_tracks(tmp_path / "ours", tmp_path / "truth", "none").values["mean"]["EPE3D"] > 1


def test_the_median_scale_takes_up_a_scale(tmp_path):
    files(tmp_path, lambda xyz: 2.5 * xyz)
    assert evaluate_tracks(tmp_path / "ours", tmp_path / "truth", "scale").values["mean"]["EPE3D"] < 1e-9


def test_a_missing_clip_counts_zero_and_other_shapes_are_refused(tmp_path):
    files(tmp_path)
    files(tmp_path, name="b")
    (tmp_path / "ours" / "b_tracks.npz").unlink()
    report = evaluate_tracks(tmp_path / "ours", tmp_path / "truth")
    assert report.values["mean"]["AJ"] == report.values["mean"]["<10 cm"] == report.values["mean"]["APD-3D"] == 0.5
    assert "every point missed" in report.text()
    np.savez(tmp_path / "ours" / "b_tracks.npz", xy=np.zeros((3, FRAMES, 2)), visible=np.ones((3, FRAMES), bool))
    with pytest.raises(StorageError, match="track the truth's own points"):
        evaluate_tracks(tmp_path / "ours", tmp_path / "truth")
