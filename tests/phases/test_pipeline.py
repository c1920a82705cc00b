"""The whole pipeline on clips rendered here: truth is exact, so the answers can be checked, not only their shape."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from factory.geometry.trajectory import pose_errors
from factory.manifest.read import read_phase
from factory.storage.output import Storage
from factory.synth.sample import render_sample

NAMES = ("good", "static_camera", "pure_rotation", "graphics")


def factory(*arguments):
    command = [sys.executable, "-m", "factory", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env={**os.environ, "COLUMNS": "200"})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    render_sample(folder, only=NAMES, seconds=2.5)
    return folder


@pytest.fixture(scope="module")
def posed(sample, tmp_path_factory):
    """Every clip posed, nothing filtered, on the inline engine."""
    output = tmp_path_factory.mktemp("posed")
    factory("run", f"source={sample}", f"output={output}", "pipeline=pose", "engine=inline")
    return output


@pytest.fixture(scope="module")
def filtered(sample, tmp_path_factory):
    """Filtered and posed on Ray."""
    output = tmp_path_factory.mktemp("filtered")
    factory("run", f"source={sample}", f"output={output}", "workers=2")
    return output


def rows(output, phase):
    table = read_phase(Storage.at(output), phase)
    return {Path(row["source"]).stem: row for row in table.to_pylist()}


def tum(path):
    """Times and poses of a TUM file."""
    lines = np.loadtxt(path, ndmin=2)
    poses = np.tile(np.eye(4), (len(lines), 1, 1))
    poses[:, :3, 3], poses[:, :3, :3] = lines[:, 1:4], Rotation.from_quat(lines[:, 4:8]).as_matrix()
    return lines[:, 0], poses


def against_truth(sample, times_s, poses, name):
    truth_s, truth = tum(sample / f"{name}.tum.txt")
    nearest = [int(np.argmin(np.abs(truth_s - t))) for t in times_s]
    assert np.abs(truth_s[nearest] - times_s).max() < 1e-3
    return pose_errors(poses, truth[nearest])


def test_a_moving_camera_is_posed_and_exported(sample, posed, tmp_path):
    row = rows(posed, "pose")["good"]
    assert (row["status"], row["camera_motion"], row["registered_ratio"]) == ("ok", "parallax", 1.0)
    assert row["focal_px"] == pytest.approx(0.85 * 640, rel=0.02)

    assert "4 clips written" in factory("export", posed, tmp_path, "--format", "tum")
    times_s, poses = tum(tmp_path / "good.txt")
    assert len(times_s) == len(row["timestamps"]) == 30
    errors = against_truth(sample, times_s, poses, "good")
    assert errors.ate_percent < 0.3
    assert errors.rpe_rotation_deg < 0.05


def test_a_turning_camera_has_rotations_and_no_invented_path(sample, posed):
    row = rows(posed, "pose")["pure_rotation"]
    assert (row["status"], row["camera_motion"], row["rotation_only"]) == ("ok", "rotation", True)
    poses = np.array(row["world_from_cam"]).reshape(-1, 4, 4)
    assert np.abs(poses[:, :3, 3]).max() == 0.0
    assert against_truth(sample, np.array(row["timestamps"]), poses, "pure_rotation").rpe_rotation_deg < 0.05


def test_a_still_camera_stays_where_it_is(posed):
    row = rows(posed, "pose")["static_camera"]
    assert (row["status"], row["camera_motion"], row["focal_reliable"]) == ("ok", "still", False)
    assert np.array_equal(np.array(row["world_from_cam"]).reshape(-1, 4, 4)[7], np.eye(4))


def test_what_the_camera_does_is_told_in_tags_that_sql_can_ask_for(posed):
    asked = "SELECT source FROM pose WHERE list_contains(camera_tags, 'pan') AND dolly_by_depth IS NULL"
    assert [Path(line).stem for line in factory("query", posed, asked, "--format", "csv").split()[1:]] == [
        "pure_rotation"
    ]
    told = rows(posed, "pose")
    assert told["static_camera"]["camera_sentence"] == "The camera is static."
    assert told["pure_rotation"]["pan_deg"] == pytest.approx(8.0 * 29 / 12, abs=1.2)
    assert {"truck", "orbit"} & set(told["good"]["camera_tags"])
    assert told["good"]["truck_by_depth"] > 0.1


def test_static_matches_of_a_run_confirm_its_poses(sample, posed, tmp_path):
    matches = tmp_path / "matches.parquet"
    told = factory("evaluate", "matches", posed, "--masks", sample, "--to", matches)
    assert "clips matched: 0 of 4" in told
    assert "matches of 4 clips" in told
    values = tmp_path / "errors.json"
    factory("evaluate", "reprojection", posed, matches, "--per-clip", "--all", "--json", values)
    told = json.loads(values.read_text())
    errors = {each["clip"]: each for each in told["methods"][posed.name]}
    floors = dict(zip(errors, told["floors"][posed.name], strict=True))
    assert errors["good"]["mean_px"] < 1.0
    assert errors["pure_rotation"]["mean_px"] < 1.0
    assert floors["good"]["turn_px"] > 5.0  # a camera that only turns would leave that
    assert floors["good"]["translation_deg"] < 3.0
    assert floors["good"]["pinned"] > 10
    assert floors["pure_rotation"]["pinned"] == 0


def test_masks_are_exported_at_the_source_s_size_and_cover_what_moves(sample, posed, tmp_path):
    factory("export", posed, tmp_path, "--format", "davis", "--where", "source LIKE '%good%'")
    ours = sorted((tmp_path / "good").glob("*.png"))
    assert [int(path.stem) for path in ours] == list(range(0, 60, 2))
    overlaps = []
    for path in ours:
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 0
        truth = cv2.imread(str(sample / "good_masks" / path.name), cv2.IMREAD_GRAYSCALE) > 0
        assert mask.shape == truth.shape == (360, 640)
        overlaps.append((mask & truth).sum() / (mask | truth).sum())
    assert np.mean(overlaps) > 0.3


def test_the_filter_keeps_the_good_clip_and_says_why_not_of_the_others(filtered):
    verdicts = rows(filtered, "filter")
    assert verdicts["good"]["status"] == "ok", verdicts["good"]["reasons"]
    assert {verdicts[name]["status"] for name in ("static_camera", "graphics")} == {"rejected"}
    assert any("flow_mean" in reason or "still_share" in reason for reason in verdicts["static_camera"]["reasons"])
    assert all(" (C" in reason for row in verdicts.values() for reason in row["reasons"])
    # What a clip was spared is null; what it was rejected for is not.
    assert verdicts["graphics"]["zoom_rate"] is None
    assert verdicts["good"]["moving_share"] is not None


def test_the_funnel_adds_up(filtered):
    clips = {row["clip_id"] for row in rows(filtered, "ingest").values() if row["status"] == "ok"}
    passed = {row["clip_id"] for row in rows(filtered, "filter").values() if row["status"] == "ok"}
    assert {row["clip_id"] for row in rows(filtered, "filter").values()} == clips
    assert {row["clip_id"] for row in rows(filtered, "pose").values()} == passed


def test_both_engines_give_the_same_rows_in_waves_or_not(sample, filtered, tmp_path):
    factory("run", f"source={sample}", f"output={tmp_path}", "engine=inline", "wave=2")
    for phase in ("ingest", "filter", "pose"):
        assert read_phase(Storage.at(tmp_path), phase).equals(read_phase(Storage.at(filtered), phase))


def to_do(plan):
    """The column `to do` of a printed plan, by phase."""
    words = [line.split() for line in plan.splitlines()]
    return {w[0]: w[3] for w in words if w and w[0] in ("ingest", "filter", "pose")}


def test_a_second_run_does_nothing_and_a_changed_rule_redoes_what_hangs_on_it(sample, filtered):
    before = {phase: rows(filtered, phase) for phase in ("ingest", "filter", "pose")}
    out = factory("plan", f"source={sample}", f"output={filtered}", "workers=2")
    assert to_do(out) == {"ingest": "0", "filter": "0", "pose": "0"}
    out = factory("plan", f"source={sample}", f"output={filtered}", "filter.rules.brightness.least=21")
    todo = to_do(out)
    assert todo["ingest"] == "0"
    assert int(todo["filter"]) == len(before["filter"])
