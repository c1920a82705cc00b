"""The check agrees with what is right and sees what is wrong: half a degree, a shifted track, a swapped eye."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from factory.cli import main
from factory.errors import StorageError
from factory.geometry.trajectory import rotation_angle_deg
from factory.synth.produce import Order, produce
from factory.synth.scene import rigid
from factory.synth.selfcheck import check
from factory.synth.write import write_npz
from factory.tum import read_tum, tum_text

HALF_DEGREE = rigid((0, 0, 0), Rotation.from_euler("y", 0.5, degrees=True))


@pytest.fixture(scope="module")
def rendered(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("checked")
    produce(folder, Order("sample", size=(320, 180), seconds=0.5, truth=("depth", "flow")), ["good"])
    produce(folder, Order("stereo", size=(320, 180), fps=8, seconds=0.75), ["stereo_still_life"])
    return folder


@pytest.fixture
def folder(rendered, tmp_path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(rendered, tmp_path / "spoilt"))


def turn(path: Path, frames: slice) -> None:
    times_s, poses = read_tum(path)
    turned = poses.copy()
    turned[frames] = poses[frames] @ HALF_DEGREE
    assert rotation_angle_deg(np.swapaxes(poses[frames, :3, :3], 1, 2) @ turned[frames, :3, :3])[0] == pytest.approx(
        0.5
    )
    path.write_text(tum_text(times_s, turned))


def test_what_was_rendered_agrees_with_itself(rendered):
    good, stereo = check(rendered / "good.mp4"), check(rendered / "stereo_still_life.mp4")
    assert good.good, good.line
    assert stereo.good, stereo.line
    assert (good.pairs, stereo.pairs) == (3, 6)
    assert good.flow_px is not None
    assert good.line.endswith("ok")


def test_half_a_degree_on_one_pose_is_seen(folder):
    turn(folder / "good.tum.txt", slice(4, 5))
    found = check(folder / "good.mp4")
    assert found.levels > found.most_levels
    assert found.shift_px > 0.3  # of 2.4 px: linear equations see only the beginning of it
    assert found.tracks_px == pytest.approx(np.radians(0.5) * 272, rel=0.5)
    assert len(found.faults) == 3


def test_half_a_degree_on_all_poses_is_seen(folder):
    turn(folder / "good.tum.txt", slice(None))
    assert not check(folder / "good.mp4").good


def test_poses_that_fit_tracks_but_not_the_video_are_seen(folder):
    """Truth of another path, consistent with itself: only the pictures can tell."""
    produce(folder / "other", Order("sample", 1, (320, 180), None, 0.5), ["good"])
    for file in ("good.tum.txt", "good_tracks.npz"):
        shutil.copy(folder / "other" / file, folder / file)
    description = json.loads((folder / "good.json").read_text())
    (folder / "good.json").write_text(json.dumps({**description, "flow": None}))
    found = check(folder / "good.mp4")
    assert found.tracks_px < 0.01
    assert not found.good


def test_tracks_and_flow_that_are_off_are_seen(folder):
    with np.load(folder / "good_tracks.npz") as stored:
        tracks = dict(stored)
    write_npz(folder / "good_tracks.npz", **{**tracks, "xy": tracks["xy"] + np.float32(0.2)})
    for path in (folder / "good_flow").iterdir():
        with np.load(path) as stored:
            write_npz(path, flow=stored["flow"] * np.float16(1.5), valid=stored["valid"])
    faults = " ".join(check(folder / "good.mp4").faults)
    assert "tracks are off" in faults
    assert "flow is off" in faults


def test_a_wrong_rig_is_seen(folder):
    """Half a degree of the right eye; both eyes' own pictures are as they were."""
    description = json.loads((folder / "stereo_still_life.json").read_text())
    description["stereo"]["left_from_right"] = (
        np.array(description["stereo"]["left_from_right"]) @ HALF_DEGREE
    ).tolist()
    (folder / "stereo_still_life.json").write_text(json.dumps(description))
    assert "shifted" in check(folder / "stereo_still_life.mp4").line


def test_the_command_says_so_and_fails(folder, capsys):
    command = ["synth", str(folder), "--only", "good", "--size", "320x180", "--seconds", "0.5", "--check"]
    assert main(command) == 0
    assert "is there already" in capsys.readouterr().out
    turn(folder / "good.tum.txt", slice(4, 5))
    assert main(command) == 1
    assert "1 of 1 clips do not agree with their truth" in capsys.readouterr().out


def test_a_missing_mask_is_one_sentence(folder):
    (folder / "good_masks" / "00000.png").unlink()
    with pytest.raises(StorageError, match="render it again"):
        check(folder / "good.mp4")
