"""Trajectories of known error, failed sequences, sampling, and which estimate belongs to which truth."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from factory.cli import main
from factory.errors import ConfigError, StorageError
from factory.evaluate.pose import trajectory_errors
from factory.evaluate.pose_table import BASELINE, evaluate_poses
from factory.evaluate.sampling import associate, expected_frames, sampling_interval
from factory.geometry.trajectory import path_length, pose_errors
from factory.tum import read_tum
from tests.evaluate.truths import FPS, curved, moved, write


def errors(estimate, truth, align="sim3"):
    return trajectory_errors(estimate, truth, np.arange(len(truth)) / FPS, align=align)


def noisy(poses, sigma, seed):
    rng = np.random.default_rng(seed)
    other = poses.copy()
    other[:, :3, 3] += rng.normal(0, sigma, (len(poses), 3))
    turns = Rotation.from_rotvec(rng.normal(0, 0.01, (len(poses), 3))).as_matrix()
    other[:, :3, :3] = poses[:, :3, :3] @ turns
    return other


def test_a_similarity_is_no_error():
    found = errors(moved(curved()), curved())
    assert max(found["ate"], found["rpe_translation"], found["rpe_rotation_deg"]) < 1e-5


def test_noise_of_sigma_an_axis_is_an_ate_of_sigma_root_three():
    truth = curved(2000)
    found = errors(moved(noisy(truth, 0.01, seed=1)), truth)
    assert found["ate"] == pytest.approx(0.01 * np.sqrt(3), rel=0.03)
    assert found["ate_percent"] == pytest.approx(100 * found["ate"] / path_length(truth))


def test_an_offset_no_similarity_can_take_up_is_the_ate_exactly():
    """Positions on a square, two opposite corners lifted and two lowered by 1: orthogonal to every similarity."""
    truth = np.tile(np.eye(4), (4, 1, 1))
    truth[:, :3, 3] = [[1, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0]]
    estimate = truth.copy()
    estimate[:, 2, 3] = [0.1, -0.1, 0.1, -0.1]
    scale = 2 / 2.01  # least squares shrinks the estimate by its own size
    expected = np.sqrt(2 * (1 - scale) ** 2 + (0.1 * scale) ** 2)
    assert errors(estimate, truth)["ate"] == pytest.approx(expected, rel=1e-9)


def test_turning_every_other_frame_by_two_degrees_is_an_rpe_of_two_degrees():
    truth = curved()
    estimate = truth.copy()
    estimate[1::2, :3, :3] = truth[1::2, :3, :3] @ Rotation.from_euler("z", 2, degrees=True).as_matrix()
    assert errors(estimate, truth)["rpe_rotation_deg"] == pytest.approx(2.0, rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(sigma=st.floats(1e-3, 0.3), seed=st.integers(0, 99), scale=st.floats(0.1, 10))
def test_evo_and_our_own_geometry_agree(sigma, seed, scale):
    truth = curved(20)
    estimate = moved(noisy(truth, sigma, seed), scale)
    ours, evo = pose_errors(estimate, truth), errors(estimate, truth)
    told = (ours.ate, ours.ate_percent, ours.rpe_translation, ours.rpe_rotation_deg)
    assert tuple(evo.values()) == pytest.approx(told, rel=1e-6)


def test_a_straight_line_and_a_point_are_scored_too():
    truth = np.tile(np.eye(4), (10, 1, 1))
    truth[:, 0, 3] = np.arange(10)
    assert errors(moved(truth), truth)["ate"] < 1e-9
    point = np.tile(np.eye(4), (10, 1, 1))
    assert errors(point, truth)["ate"] == pytest.approx(np.std(np.arange(10)))
    assert errors(point, truth)["rpe_translation"] == pytest.approx(1)


def test_without_a_scale_to_fit_a_wrong_scale_is_an_error_of_its_size():
    """About their mean, positions of 3 % more than the truth's are 3 % of the truth's spread off."""
    truth = curved()
    spread = np.sqrt(np.sum((truth[:, :3, 3] - truth[:, :3, 3].mean(axis=0)) ** 2, axis=1).mean())
    estimate = moved(truth, 1.03)
    assert errors(estimate, truth)["ate"] < 1e-6
    found = errors(estimate, truth, "se3")
    assert found["ate"] == pytest.approx(0.03 * spread, rel=1e-6)
    assert found["rpe_rotation_deg"] < 1e-5
    steps = np.linalg.norm(np.diff(truth[:, :3, 3], axis=0), axis=1)
    assert found["rpe_translation"] == pytest.approx(0.03 * np.sqrt(np.mean(steps**2)), rel=1e-6)


def test_not_aligned_another_world_is_an_error():
    truth = curved()
    estimate = truth.copy()
    estimate[:, :3, 3] += (0.3, 0.0, 0.4)
    assert errors(estimate, truth, "se3")["ate"] < 1e-6
    assert errors(estimate, truth, "none")["ate"] == pytest.approx(0.5, rel=1e-9)


@pytest.fixture
def truth(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / "truth" / f"{name}.tum.txt", curved())
    return tmp_path / "truth"


def clips(report, method):
    return {clip["clip"]: clip for clip in report.values["methods"][method]["clips"]}


def test_half_the_rate_is_not_punished_and_gaps_are(truth, tmp_path):
    write(tmp_path / "ours" / "a.txt", moved(curved()), step=2)
    write(tmp_path / "ours" / "b.txt", moved(curved()), step=2)
    lines = (tmp_path / "ours" / "b.txt").read_text().splitlines()
    (tmp_path / "ours" / "b.txt").write_text("\n".join(lines[:20]))
    found = clips(evaluate_poses({"ours": tmp_path / "ours"}, truth), "ours")
    assert (found["a"]["posed"], found["a"]["expected"], found["a"]["solved"]) == (36, 36, True)
    assert (found["b"]["posed"], found["b"]["expected"], found["b"]["solved"]) == (19, 36, False)


def test_a_regular_loss_shows_when_the_rate_is_given(truth, tmp_path):
    for name in ("a", "b"):
        write(tmp_path / "ours" / f"{name}.txt", moved(curved()), step=4)
    assert evaluate_poses({"ours": tmp_path / "ours"}, truth).values["methods"]["ours"]["reg_percent"] == 100
    told = evaluate_poses({"ours": tmp_path / "ours"}, truth, fps=12).values["methods"]["ours"]
    assert told["reg_percent"] == 0


@pytest.mark.parametrize(
    ("align", "said", "off"), [("sim3", "after Sim(3)", 0.0), ("se3", "after SE(3)", 1.0), ("none", "not aligned", 1.0)]
)
def test_the_table_says_how_it_aligned(align, said, off, truth, tmp_path, capsys):
    for name in ("a", "b"):
        write(tmp_path / "ours" / f"{name}.txt", moved(curved()))
    assert main(["evaluate", "pose", str(tmp_path / "ours"), str(truth), "--align", align]) == 0
    shown = capsys.readouterr().out
    assert said in shown
    assert (float(next(line for line in shown.splitlines() if line.startswith("ours")).split()[2]) > 1.0) == off


def test_a_missing_estimate_is_a_failure_with_the_baselines_error(truth, tmp_path):
    write(tmp_path / "one" / "a.txt", moved(curved()))
    for name in ("a", "b"):
        write(tmp_path / "two" / f"{name}.txt", moved(curved()))
    report = evaluate_poses({"one": tmp_path / "one", "two": tmp_path / "two"}, truth)
    methods = report.values["methods"]
    assert methods["one"]["reg_percent"] == 50
    failed, random = clips(report, "one")["b"], clips(report, BASELINE)["b"]
    assert not failed["solved"]
    assert failed["ate"] == random["ate"] > 0.3
    assert methods["one"]["all"]["ate"] == pytest.approx(failed["ate"] / 2, rel=1e-6)
    assert methods["one"]["common"] == {**methods["two"]["common"]}
    assert methods["two"]["common"]["clips"] == 1
    again = evaluate_poses({"one": tmp_path / "one", "two": tmp_path / "two"}, truth)
    assert again.values == report.values
    assert evaluate_poses({"one": tmp_path / "one"}, truth, seed=1).values != report.values


def test_turning_cameras_are_scored_on_rotation_apart(truth, tmp_path):
    turning = curved()
    turning[:, :3, 3] = 0
    write(truth / "turn.tum.txt", turning)
    (truth / "told.json").write_text(json.dumps({"labels": {"camera": "rotating"}}))
    write(truth / "told.tum.txt", curved())
    for name in ("a", "b", "turn", "told"):
        write(tmp_path / "ours" / f"{name}.txt", moved(curved()))
    report = evaluate_poses({"ours": tmp_path / "ours"}, truth)
    assert report.values["methods"]["ours"]["all"]["clips"] == 2
    found = clips(report, "ours")
    assert found["turn"]["ate"] is None is found["told"]["ate"]
    assert found["turn"]["rpe_rotation_deg"] == pytest.approx(0, abs=1e-5)
    assert "2 sequences without a path" in report.text()


def test_shots_of_one_video_find_their_seconds(tmp_path):
    poses = curved()
    for shot, start_s in ((0, 0.0), (1, 3.0)):
        write(tmp_path / "truth" / f"v-{shot:02d}.tum.txt", poses[:: 1 - 2 * shot], start_s=start_s)
    shots = [{"trajectory": "v-00.tum.txt"}, {"trajectory": "v-01.tum.txt"}]
    (tmp_path / "truth" / "v.json").write_text(json.dumps({"shots": shots}))
    write(tmp_path / "ours" / "v.txt", moved(poses[::-1]), start_s=3.0)  # only the second was solved
    found = clips(evaluate_poses({"ours": tmp_path / "ours"}, tmp_path / "truth"), "ours")
    assert not found["v-00"]["solved"]
    assert found["v-01"]["solved"]
    assert found["v-01"]["ate"] < 1e-5


def test_truth_in_a_folder_goes_by_the_folder_or_its_video(tmp_path):
    write(tmp_path / "truth" / "walk" / "groundtruth_tum.txt", curved())
    (tmp_path / "truth" / "walk" / "walk_left.mp4").write_bytes(b"")
    write(tmp_path / "ours" / "walk_left.txt", moved(curved()))
    report = evaluate_poses({"ours": tmp_path / "ours"}, tmp_path / "truth")
    assert clips(report, "ours")["walk"]["solved"]
    write(tmp_path / "ours" / "walk.txt", moved(curved()))
    with pytest.raises(ConfigError, match="both estimates of walk"):
        evaluate_poses({"ours": tmp_path / "ours"}, tmp_path / "truth")


def test_estimates_nobody_asked_for_and_unlike_rates_are_told(truth, tmp_path):
    write(tmp_path / "ours" / "a.txt", curved(), step=2)
    write(tmp_path / "ours" / "z.txt", curved(), step=2)
    write(tmp_path / "fast" / "a.txt", curved())
    notes = evaluate_poses({"ours": tmp_path / "ours", "fast": tmp_path / "fast"}, truth).notes
    assert any("1 estimates have no truth and are not scored (z)" in note for note in notes)
    assert any("different rates (ours 12 fps, fast 24 fps)" in note for note in notes)


@pytest.mark.parametrize("text", ["0 1 2 3\n", "0 0 0 0 0 0 0 0\n", "0 nan 0 0 0 0 0 1\n", "hello\n"])
def test_what_is_no_trajectory_is_named(tmp_path, text):
    (tmp_path / "x.txt").write_text(text)
    with pytest.raises(StorageError, match=r"x\.txt"):
        read_tum(tmp_path / "x.txt")


def test_sampling_of_twelve_of_thirty_frames():
    times_s = np.arange(90) / 30
    chosen = expected_frames(times_s, 1 / 12)
    assert len(chosen) == 36
    assert sampling_interval(times_s[chosen]) == pytest.approx(1 / 12, rel=0.02)
    gap = np.delete(chosen, np.s_[10:14])
    assert sampling_interval(times_s[gap]) == pytest.approx(1 / 12, rel=0.03)


def test_times_pair_once_and_within_half_a_frame():
    ours, theirs = associate(np.array([0.01, 0.02, 0.12, 0.5]), np.arange(4) * 0.1)
    assert (ours.tolist(), theirs.tolist()) == ([0, 2], [0, 1])
    assert associate(np.array([]), np.arange(3.0))[0].tolist() == []
