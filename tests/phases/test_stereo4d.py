"""Stereo video through the whole pipeline: a rendered clip with truth, and what is no stereo."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import factory
from factory.cli import main
from factory.errors import StorageError
from factory.geometry.remap import pixel_grid
from factory.geometry.trajectory import align_rigid, path_length
from factory.phases.world import static_scatter_m
from factory.stereo.depth_file import read_depth
from factory.synth.truth import decode_depth
from factory.tum import read_tum
from factory.world.artifact import read_world_tracks
from factory.world.tracks import MOVING, STATIC
from tests.conftest import STEREO


@pytest.fixture(scope="module")
def folder(stereo):
    """Where the clip and its truth lie."""
    return Path(stereo.storage.root).parent / "truth"


@pytest.fixture(scope="module")
def output(stereo):
    return stereo


def row(output, phase):
    (found,) = output.sql(f"SELECT * FROM {phase} WHERE source LIKE '%{STEREO}%'").to_arrow_table().to_pylist()
    return found


def content(output, path):
    return output.storage.read(output.storage.artifact(path))


def test_one_eye_is_rejected_with_the_number(output):
    (found,) = output.sql("SELECT reasons FROM rig WHERE source LIKE '%mono%'").to_arrow_table().to_pylist()
    assert found["reasons"][0].startswith("not_stereo: the halves share 0.")


def test_the_way_is_right_in_metres(folder, output):
    found = row(output, "rig")
    assert (found["status"], found["camera_motion"]) == ("ok", "moving")
    _, truth = read_tum(folder / f"{STEREO}.tum.txt")
    here, there = np.array(found["world_from_cam"]).reshape(-1, 4, 4)[:, :3, 3], truth[:, :3, 3]
    apart = align_rigid(here, there).points(here) - there
    assert 100 * np.sqrt(np.mean(np.sum(apart**2, axis=1))) / path_length(truth) < 0.5
    assert found["path_m"] == pytest.approx(path_length(truth), rel=0.01)


def true_depth(folder, frame):
    return decode_depth(cv2.imread(str(folder / f"{STEREO}_depth" / f"{frame:05d}.png"), cv2.IMREAD_UNCHANGED))


def test_depth_is_that_of_the_scene(folder, output):
    depth = read_depth(content(output, row(output, "world")["depth"]))
    assert depth.frame_index.tolist() == [0, 6, 12, 18]
    rays = depth.lens.rays(pixel_grid((320, 180))).reshape(180, 320, 3)
    for frame, range_m, confident in zip(depth.frame_index, depth.range_m, depth.confident, strict=True):
        found, true = (range_m * rays[..., 2])[confident], true_depth(folder, frame)[confident]
        assert confident.mean() > 0.6
        assert np.mean(np.abs(found - true) / true) < 0.03


def test_pictures_of_the_left_eye_fit_depth_and_tracks(output):
    clip = next(iter(output.clips("status = 'ok'", "world")))
    whole, (eye,) = clip.frames([3])[0], clip.left_eye([3])
    assert eye.shape == (180, 320, 3)
    left, right = (np.abs(eye.astype(int) - half)[20:-20, 20:-20].mean() for half in np.split(whole, 2, axis=1))
    assert left < 0.5 * right  # of a rig that is all but level
    with pytest.raises(StorageError, match="has two eyes"):
        _ = clip.intrinsics


def test_tracks_lie_on_the_scene_and_say_what_moves(folder, output):
    found = row(output, "world")
    tracks = read_world_tracks(content(output, found["world_tracks"]))
    assert found["track_count"] == tracks.count > 1000
    assert found["static_scatter_m"] == pytest.approx(static_scatter_m(tracks))
    here = tracks.frame == 12
    masked = cv2.imread(str(folder / f"{STEREO}_masks" / "00012.png"), cv2.IMREAD_UNCHANGED) > 0
    x, y = tracks.xy[here].round().astype(int).T
    moves, label = masked[y, x], tracks.label[tracks.track[here]]
    assert np.mean(moves[label == MOVING]) > 0.8
    assert np.mean(moves[label == STATIC]) < 0.02
    z = np.linalg.inv(tracks.world_from_cam[12])[2]
    ahead = tracks.points[here] @ z[:3] + z[3]
    off = np.abs(ahead - true_depth(folder, 12)[y, x]) / ahead
    assert np.median(off[label == STATIC]) < 0.02


def test_python_has_depth_and_tracks_of_it(output):
    clip = output.find(STEREO)
    every, some = clip.depth(), clip.depth([2, 0])
    assert some.frame_index.tolist() == every.frame_index[[2, 0]].tolist()
    assert np.array_equal(some.range_m, every.range_m[[2, 0]], equal_nan=True)
    assert np.array_equal(some.confident, every.confident[[2, 0]])
    with pytest.raises(IndexError):
        clip.depth([4])
    tracks = clip.world_tracks()
    assert np.allclose(tracks.world_from_cam, clip.world_from_cam)
    assert tracks.times_s.tolist() == clip.times_s.tolist()
    (mono,) = output.clips("status = 'rejected'", "rig")
    with pytest.raises(StorageError, match="has no depth"):
        mono.depth()


def test_stereo4d_s_file_of_it_can_be_read_back(output, tmp_path):
    assert main(["export", str(output.storage.root), str(tmp_path / "files"), "--format", "stereo4d"]) == 0
    assert main(["import", str(tmp_path / "files"), str(tmp_path / "again"), "--format", "stereo4d"]) == 0
    again = factory.open(tmp_path / "again").sql("SELECT track_count FROM world").fetchall()
    assert again == output.sql("SELECT track_count FROM world WHERE status = 'ok'").fetchall()


def test_pages_can_be_made_of_it(output, tmp_path):
    assert main(["report", str(output.storage.root), str(tmp_path)]) == 0
    assert (tmp_path / "index.html").exists()


@pytest.mark.parametrize("form", ["colmap", "nerfstudio", "re10k", "dynpose", "vipe", "webdataset"])
def test_formats_of_one_camera_refuse_two_eyes_and_leave_nothing(output, tmp_path, capsys, form):
    assert main(["export", str(output.storage.root), str(tmp_path), "--format", form]) == 1
    assert "has two eyes" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
