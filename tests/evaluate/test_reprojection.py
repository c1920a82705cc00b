"""Sampson errors of cameras and points known exactly."""

import csv
import json

import numpy as np
import pytest

from factory.errors import ConfigError, StorageError
from factory.evaluate.reprojection import evaluate_reprojection
from factory.evaluate.sampson import COLUMNS
from factory.geometry.camera import Camera, invert_rigid, project_cam, transform_points
from factory.geometry.trajectory import moved_on
from tests.evaluate.truths import FPS, curved, moved, write

WIDTH, HEIGHT = 640, 360
CAMERA = Camera(500.0, 310.0, 190.0)


@pytest.fixture
def place(tmp_path):
    """Matches of 40 points, in two clips, between frames 10 apart; true poses and intrinsics of both."""
    rng, poses = np.random.default_rng(0), curved()
    with (tmp_path / "matches.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for clip in ("a", "b"):
            for _ in range(40):
                i = int(rng.integers(0, 60))
                j = i + 10
                point = transform_points(poses[i], rng.uniform([-2, -1, 4], [2, 1, 9]))
                xy = [project_cam(transform_points(invert_rigid(poses[k]), point), CAMERA) for k in (i, j)]
                table.writerow([clip, i / FPS, j / FPS, *xy[0], *xy[1], WIDTH, HEIGHT])
    for clip in ("a", "b"):
        write(tmp_path / "ours" / f"{clip}.txt", moved(poses))
        lens = {"width": WIDTH, "height": HEIGHT, "fx": 500, "fy": 500, "cx": 310, "cy": 190}
        (tmp_path / "ours" / f"{clip}.intrinsics.json").write_text(json.dumps(lens))
    return tmp_path


def errors(place, folder="ours", matches="matches.csv"):
    report = evaluate_reprojection({"ours": place / folder}, place / matches)
    return {name: {v["clip"]: v for v in many} for name, many in report.values["methods"].items()}, report


def edited(place, change):
    with (place / "matches.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (place / "edited.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows({**row, **change(row)} for row in rows)


def test_true_cameras_have_no_error_in_any_world(place):
    found, _ = errors(place)
    assert found["ours"]["a"]["mean_px"] < 1e-3
    assert found["ours"]["a"]["unposed"] == 0


def test_a_row_is_of_the_time_at_which_it_is_read(place):
    """Along the path of `curved`, which is smooth, as seen by rows that take 30 ms."""
    poses, rng = curved(), np.random.default_rng(1)
    times_s, readout_s = np.arange(len(poses)) / FPS, 0.03

    def seen(k: int, point: np.ndarray) -> np.ndarray:
        xy = np.zeros(2)
        for _ in range(5):
            late_s = np.array([(xy[1] / (HEIGHT - 1) - 0.5) * readout_s])
            pose = moved_on(times_s, poses, np.array([k]), late_s)[0]
            xy = project_cam(transform_points(invert_rigid(pose), point), CAMERA)
        return xy

    def rolled(row):
        i, j = (round(float(row[name]) * FPS) for name in ("time_i", "time_j"))
        point = transform_points(poses[i], rng.uniform([-2, -1, 4], [2, 1, 9]))
        return dict(zip(COLUMNS[3:7], [*seen(i, point), *seen(j, point)], strict=True))

    edited(place, rolled)
    assert errors(place, matches="edited.csv")[0]["ours"]["a"]["mean_px"] > 0.1
    path = place / "ours" / "a.intrinsics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"readout_s": readout_s}))
    assert errors(place, matches="edited.csv")[0]["ours"]["a"]["mean_px"] < 1e-2


def test_pixels_of_another_size_are_brought_to_the_cameras(place):
    def double(row):
        return {k: 2 * (float(row[k]) + 0.5) - 0.5 for k in COLUMNS[3:7]} | {"width": 1280, "height": 720}

    edited(place, double)
    assert errors(place, matches="edited.csv")[0]["ours"]["a"]["mean_px"] < 1e-3


def test_an_identity_is_the_plain_distance_at_720p(place):
    with (place / "matches.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["clip"] == "a"]
    plain = [2 * np.hypot(float(r["x_i"]) - float(r["x_j"]), float(r["y_i"]) - float(r["y_j"])) for r in rows]
    assert errors(place)[0]["identity"]["a"]["mean_px"] == pytest.approx(np.mean(plain))
    write(place / "ours" / "a.txt", np.tile(np.eye(4), (72, 1, 1)))
    assert errors(place)[0]["ours"]["a"]["mean_px"] == pytest.approx(np.mean(plain))


def test_a_turning_camera_is_measured_by_its_rotation(place):
    """Without a baseline every epipolar distance would be 0: a wrong rotation must not look perfect."""
    poses = curved()
    poses[:, :3, 3] = 0
    write(place / "ours" / "a.txt", poses)
    assert 20 < errors(place)[0]["ours"]["a"]["mean_px"] < errors(place)[0]["identity"]["a"]["mean_px"]


def test_a_missing_video_and_one_of_too_few_poses_count_as_identity(place):
    (place / "ours" / "b.txt").unlink()
    write(place / "ours" / "a.txt", curved()[:50])
    found, report = errors(place)
    for clip in ("a", "b"):
        assert not found["ours"][clip]["solved"]
        assert found["ours"][clip]["mean_px"] == found["identity"][clip]["mean_px"]
    assert report.tables[0].rows[1][1] == 0


def test_a_pair_without_pose_is_not_dropped(place):
    poses = curved()
    write(place / "ours" / "a.txt", poses[:66])
    found = errors(place)[0]["ours"]["a"]
    assert found["solved"]
    assert found["unposed"] > 0
    assert found["mean_px"] > 1


def test_the_sampson_distance_of_a_shifted_point(place):
    """Moving across the epipolar line by d in one of two like pictures is a Sampson distance of d / sqrt 2."""
    poses = np.tile(np.eye(4), (72, 1, 1))
    poses[:, 0, 3] = np.linspace(0, 1, 72)  # sideways: epipolar lines are rows
    write(place / "ours" / "a.txt", poses)
    edited(place, lambda _: {"x_i": 300, "y_i": 100, "x_j": 280, "y_j": 103})
    assert errors(place, matches="edited.csv")[0]["ours"]["a"]["mean_px"] == pytest.approx(2 * 3 / np.sqrt(2), rel=1e-6)


def test_what_is_missing_is_named(place):
    (place / "ours" / "a.intrinsics.json").unlink()
    with pytest.raises(ConfigError, match=r"a\.intrinsics\.json"):
        errors(place)
    (place / "matches.csv").write_text("clip,time_i\na,0\n")
    with pytest.raises(StorageError, match="columns"):
        errors(place)
