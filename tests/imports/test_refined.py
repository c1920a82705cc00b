"""A TUM file beside its video is read, refined and written; what does not belong together is refused."""

import json

import cv2
import numpy as np
import pytest

from factory.cli import main
from factory.errors import ConfigError, StorageError
from factory.imports.refined import read, refine_file
from factory.refine.refine import Refined
from factory.tum import read_tum, tum_text
from tests.videos import numbered, write

FPS, WIDTH, HEIGHT = 24, 160, 112


@pytest.fixture
def files(tmp_path):
    """A video, and poses of every second frame."""
    video = write(tmp_path / "v.mp4", numbered(8, HEIGHT, WIDTH), FPS)
    poses = np.tile(np.eye(4), (4, 1, 1))
    poses[:, 0, 3] = range(4)
    path = tmp_path / "other.tum.txt"
    path.write_text(tum_text(np.arange(0, 8, 2) / FPS, poses))
    return video, path


def refines(frames, moving, world_from_cam, camera):
    """Half as far, and a tenth longer."""
    assert len(frames) == len(moving) == 4
    poses = world_from_cam.copy()
    poses[:, :3, 3] /= 2
    return Refined(poses, type(camera)(1.1 * camera.focal_px, camera.cx, camera.cy), 1.0, 0.5, 300)


def test_poses_are_refined_with_the_frames_they_are_of(files, tmp_path):
    video, path = files
    dest = tmp_path / "new.txt"
    found = refine_file(video, path, dest, None, 100.0, refines)
    assert found.samples == 300
    times_s, poses = read_tum(dest)
    assert times_s == pytest.approx(np.arange(0, 8, 2) / FPS, abs=1e-5)
    assert poses[:, 0, 3].tolist() == [0.0, 0.5, 1.0, 1.5]
    told = json.loads((tmp_path / "new.intrinsics.json").read_text())
    assert (told["fx"], told["cx"], told["width"]) == (pytest.approx(110.0), (WIDTH - 1) / 2, WIDTH)
    again = read(video, dest, None, None)  # with its camera beside
    assert again.camera.focal_px == pytest.approx(110.0)


def test_masks_are_those_of_the_frames(files, tmp_path):
    video, path = files
    folder = tmp_path / "masks"
    folder.mkdir()
    for number in range(0, 8, 2):
        picture = np.zeros((HEIGHT, WIDTH), np.uint8)
        picture[:, : 20 * number] = 255
        cv2.imwrite(str(folder / f"{number:05d}.png"), picture)
    moving = read(video, path, folder, 100.0).moving
    assert moving.mean(axis=(1, 2)).tolist() == [0.0, 0.25, 0.5, 0.75]
    (folder / "00004.png").unlink()
    with pytest.raises(StorageError, match="00004"):
        read(video, path, folder, 100.0)


def test_what_does_not_belong_together_is_refused(files, tmp_path, capsys):
    video, path = files
    with pytest.raises(ConfigError, match="--focal-px"):
        read(video, path, None, None)
    assert main(["refine", str(video), str(path), str(tmp_path / "x.txt"), "--focal-px", "0"]) == 1
    assert "--focal-px" in capsys.readouterr().err
    times_s, poses = read_tum(path)
    path.write_text(tum_text(times_s + 10, poses))
    with pytest.raises(StorageError, match="seconds"):
        read(video, path, None, 100.0)
    camera = {"width": 2 * WIDTH, "height": HEIGHT, "fx": 100.0, "fy": 100.0, "cx": 0.0, "cy": 0.0}
    path.write_text(tum_text(times_s, poses))
    path.with_name("other.intrinsics.json").write_text(json.dumps(camera))
    with pytest.raises(StorageError, match="pixels"):
        read(video, path, None, None)
    zoomed = {**camera, "width": WIDTH, "focal_per_pose_px": [100.0, 110.0, 120.0, 130.0]}
    path.with_name("other.intrinsics.json").write_text(json.dumps(zoomed))
    with pytest.raises(ConfigError, match="zooms"):
        read(video, path, None, None)
