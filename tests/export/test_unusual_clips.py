"""Lenses that zoom and distort, pictures that move, black bars, frames without a pose: what becomes of them."""

import cv2
import numpy as np
import pytest

from factory.depth.maps import SWEPT, MonoDepth
from factory.errors import StorageError
from factory.export import huggingface, nerfstudio, re10k, tum, vipe
from factory.export.clips import posed, whole_frame
from factory.export.colmap import reconstruction
from factory.export.dynpose import cameras
from factory.export.nerfstudio import transforms
from factory.export.re10k import camera_text
from factory.export.selection import Selection
from factory.geometry.camera import Camera, invert_rigid, project_cam, unproject
from tests.export.deep import with_depth
from tests.export.exr import read_exr
from tests.export.unusual import CROP, FRAMES, FULL, LOST, SIZE, unusual

PLACED = [i for i in range(FRAMES) if i != LOST]
POINT = np.array([0.8, -0.36, 2.0])  # in a camera's frame


@pytest.fixture
def clip(tmp_path):
    (found,) = unusual(tmp_path / "out").clips()
    return found


def seen(clip, frame):
    """Where POINT lies in the picture, pixel centres at integers."""
    matrix = clip.intrinsics[frame]
    return project_cam(POINT, Camera(1.0, 0.0, 0.0, *clip.distortion)) * matrix[0, 0] + matrix[:2, 2]


def test_colmap_has_a_camera_a_frame_that_projects_as_ours(clip):
    model = reconstruction(clip)
    assert [model.image(n).name for n in range(1, FRAMES)] == [f"{10 + i:06d}.jpg" for i in PLACED]
    assert len(model.cameras) == len(PLACED)
    for number, frame in enumerate(PLACED, 1):
        image = model.image(number)
        camera = model.camera(image.camera_id)
        assert (camera.model.name, camera.width, camera.height) == ("RADIAL", *SIZE)
        assert camera.img_from_cam(POINT) == pytest.approx(seen(clip, frame) + 0.5)
        pose = invert_rigid(clip.world_from_cam[frame])[:3]
        assert np.allclose(image.cam_from_world().matrix(), pose, atol=1e-12)


def test_nerfstudio_has_intrinsics_a_frame(clip):
    told = transforms(clip)
    assert "fl_x" not in told
    assert (told["k1"], told["k2"], len(told["frames"])) == (-0.1, 0.02, len(PLACED))
    for frame, each in zip(PLACED, told["frames"], strict=True):
        assert (each["fl_x"], each["cx"]) == (200.0 + 2 * frame, 100.0 + frame)


def test_formats_without_pictures_count_pixels_of_the_whole_frame(clip):
    intrinsics, size = whole_frame(clip)
    assert size == FULL
    assert intrinsics[3, :2, 2].tolist() == [102.5 + CROP[0], 46.5 + CROP[1]]
    row = np.array(camera_text(clip).splitlines()[3].split(), float)  # of frame 3: 2 has no pose
    assert row[0] == 1_300_000
    assert row[1:5] * np.array([*FULL, *FULL]) == pytest.approx([206, 206, 103 + CROP[0], 47 + CROP[1]], abs=1e-5)
    found = cameras(clip)
    assert found["intrinsics"].shape == (len(PLACED), 3, 3)
    assert found["intrinsics"][2, :2, 2].tolist() == [103.0 + CROP[0], 47.0 + CROP[1]]
    assert np.isfinite(found["poses"]).all()


def test_vipe_s_pictures_are_those_of_its_pinhole(clip):
    """A white dot where a point is seen comes to where a pinhole of the same K sees it."""
    frame, canvas = 4, np.zeros((SIZE[1], SIZE[0]), np.uint8)
    x, y = np.round(seen(clip, frame)).astype(int)
    matrix = clip.intrinsics[frame]
    ideal = POINT[:2] / POINT[2] * matrix[0, 0] + matrix[:2, 2]
    cv2.circle(canvas, (int(x), int(y)), 2, 255, -1)
    straight = vipe._straight(clip, frame, canvas).astype(float)
    centre = np.array(
        [np.average(np.arange(n), weights=straight.sum(axis)) for axis, n in ((0, SIZE[0]), (1, SIZE[1]))]
    )
    assert centre == pytest.approx(ideal, abs=0.7)


def test_what_lacks_its_video_or_a_camera_is_one_sentence_or_left_out(tmp_path):
    output = unusual(tmp_path / "out")
    for kind in (nerfstudio, vipe):
        with pytest.raises(StorageError, match="does not exist"):
            kind.export(output.storage, "pose", tmp_path / "a", Selection())
    blind = unusual(tmp_path / "blind", focal_px=None, cx_px=None, cy_px=None)
    assert tum.export(blind.storage, "pose", tmp_path / "b", Selection()) == {"ok": 1}
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["away.txt"]
    with pytest.raises(StorageError, match="has no camera"):
        re10k.export(blind.storage, "pose", tmp_path / "c", Selection())
    lost = unusual(tmp_path / "lost", registered=[False] * FRAMES, world_from_cam=[None] * FRAMES)
    assert not re10k.export(lost.storage, "pose", tmp_path / "d", Selection())


def test_the_card_tells_no_folder_of_this_machine(tmp_path):
    output = unusual(tmp_path / "out")
    huggingface.export(output.storage, "pose", tmp_path / "hub", Selection())
    card = (tmp_path / "hub" / "README.md").read_text()
    assert f"{len(PLACED)} frames with a pose" in card
    (data,) = (tmp_path / "hub" / "data").iterdir()
    assert b"/far/" not in data.read_bytes()


def test_frames_are_those_with_a_pose(clip):
    assert posed(clip).tolist() == PLACED


def test_depth_of_a_lens_that_distorts_is_straightened_for_vipe(clip, tmp_path):
    """Depth that tells which ray a pixel is of."""
    width, height = SIZE[0] // 2, SIZE[1] // 2
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    depth = []
    for frame in PLACED:
        matrix = clip.intrinsics_at(width)[frame]
        camera = Camera(matrix[0, 0], matrix[0, 2], matrix[1, 2], *clip.distortion)
        depth.append(10 + 10 * unproject(np.stack([x, y], axis=-1), camera)[..., 0])
    found = MonoDepth(np.array(PLACED), np.array(depth, np.float32), np.full((5, height, width), SWEPT, np.uint8), 1.0)
    deep = with_depth(unusual(tmp_path / "plain"), tmp_path / "deep", "away", found).find("away")
    for frame, content in zip(PLACED, vipe._exrs(deep, np.array(PLACED)), strict=True):
        shown = read_exr(content)["Z"].astype(float)
        matrix = clip.intrinsics[frame]
        true = 10 + 10 * (np.arange(SIZE[0]) - matrix[0, 2]) / matrix[0, 0]
        assert shown.shape == SIZE[::-1]
        assert np.isfinite(shown[50]).all()
        # A pixel of the small picture is two of these, of a half float's width and the nearest is taken.
        assert np.abs(shown[50] - true).max() < 10 * 1.6 / matrix[0, 0]
        assert abs(np.mean(shown[50] - true)) < 10 * 0.3 / matrix[0, 0]
        bent = depth[PLACED.index(frame)][25].repeat(2)
        assert np.abs(bent - true).max() > 10 * 2.5 / matrix[0, 0]  # what it would be as it is
