"""Depth as it leaves: pictures, nerfstudio's and ViPE's layouts, metres; read back by what knows the formats alone."""

import builtins
import json
import zipfile

import cv2
import numpy as np
import pytest

from factory.cli import main
from factory.depth.maps import NONE
from factory.errors import ConfigError, StorageError
from factory.export import colmap, depth, nerfstudio, tum, vipe
from factory.export.nerfstudio import depth_unit
from factory.export.selection import Selection
from factory.tum import read_tum
from factory.world.tracks import UNKNOWN
from tests.export.deep import SCALE_M, SIZE, WITHOUT, with_depth, with_tracks
from tests.export.exr import read_exr
from tests.report.made_stereo import world_tracks

METRES = Selection(metres=True)


@pytest.fixture(scope="module")
def deep(posed, tmp_path_factory):
    return with_depth(posed, tmp_path_factory.mktemp("deep"))


@pytest.fixture(scope="module")
def clip(deep):
    return deep.find("good.")


def png(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("metric", [False, True])
def test_levels_times_their_unit_are_the_depth_and_origins_are_beside(deep, clip, tmp_path, metric):
    found, scale = clip.mono_depth(), SCALE_M if metric else 1.0
    selection = METRES if metric else Selection()
    assert depth.export(deep.storage, "depthmaps", tmp_path, selection, "float") == {"ok": 1}
    folder = tmp_path / "good"
    told = json.loads((folder / "depth.json").read_text())
    assert [each["frame"] for each in told["frames"]] == found.frame.tolist()
    assert len(found.frame) == len(clip.times_s) - len(WITHOUT)
    assert (told["size"], told["picture_size"], told["metric"]) == (list(SIZE), [640, 360], metric)
    assert (told["scale_m"], told["focal_reliable"]) == (SCALE_M, False)
    for name in ("depth", "origin", "exr"):
        assert len(list((folder / name).iterdir())) == len(found.frame)
    for each, true, origin in list(zip(told["frames"], scale * found.depth, found.origin, strict=True))[::9]:
        levels = png(folder / "depth" / f"{each['frame']:05d}.png")
        there = np.isfinite(true) & (true < 1000)
        assert (levels.dtype, np.array_equal(levels > 0, there)) == (np.uint16, True)
        off = np.abs(levels * told["unit"] - true)[there]
        assert off.max() <= told["rounding"] * 1.001
        assert off.max() < 1e-3 * scale * np.nanmedian(found.depth)
        shown = png(folder / "origin" / f"{each['frame']:05d}.png")
        assert np.array_equal(shown, np.where(there, origin, NONE))
        exr = read_exr((folder / "exr" / f"{each['frame']:05d}.exr").read_bytes())
        assert (list(exr), exr["Z"].dtype) == (["Z"], np.float32)
        assert np.allclose(exr["Z"], true, equal_nan=True)
    assert told["beyond_ratio"] == pytest.approx(1 / np.isfinite(found.depth[0]).sum(), rel=0.01)


def test_a_pixel_with_its_camera_is_where_the_whole_picture_has_it(deep, clip, tmp_path):
    depth.export(deep.storage, "depthmaps", tmp_path, Selection())
    told = json.loads((tmp_path / "good" / "depth.json").read_text())
    each, index = told["frames"][3], 5
    assert told["frames"][3]["frame"] == clip.frame_index[index]
    assert each["time_s"] == clip.times_s[index]
    ray = np.array([(40 - each["cx"]) / each["fx"], (30 - each["cy"]) / each["fy"], 1.0])
    # Its centre lies between those of the 4 x 4 pixels it stands for.
    assert np.allclose(clip.intrinsics[index] @ ray, [4 * 40 + 1.5, 4 * 30 + 1.5, 1.0])
    assert np.allclose(each["world_from_cam"], clip.world_from_cam[index])


def test_half_floats_are_exact_to_a_thousandth(deep, clip, tmp_path):
    depth.export(deep.storage, "depthmaps", tmp_path, Selection(), "half")
    found = clip.mono_depth()
    exr = read_exr((tmp_path / "good" / "exr" / f"{found.frame[0]:05d}.exr").read_bytes())["Z"]
    assert exr.dtype == np.float16
    assert np.allclose(exr, found.depth[0], rtol=5e-4, equal_nan=True)


@pytest.mark.parametrize("metric", [False, True])
def test_nerfstudio_s_dataset_gets_depth_in_the_unit_of_its_cameras(deep, clip, tmp_path, metric):
    """As its parser and its depth dataset read: a path for each frame or for none, levels times the unit, resized to
    the picture; losses leave zeros out."""
    nerfstudio.export(deep.storage, "pose", tmp_path, METRES if metric else Selection())
    told = json.loads((tmp_path / "good" / "transforms.json").read_text())
    found, scale = clip.mono_depth(), SCALE_M if metric else 1.0
    assert told["depth_unit_scale_factor"] == 0.001  # its default
    assert len([frame for frame in told["frames"] if "depth_file_path" in frame]) == len(clip.times_s)
    for index in (0, 5, 17):
        frame = told["frames"][index]
        levels = png(tmp_path / "good" / frame["depth_file_path"])
        assert levels.dtype == np.uint16
        read = cv2.resize(levels.astype(np.float32) * 1e-3, (told["w"], told["h"]), interpolation=cv2.INTER_NEAREST)
        if index in WITHOUT:
            assert not read.any()
            continue
        true = scale * found.depth[np.flatnonzero(found.frame == clip.frame_index[index])[0]]
        assert np.all(
            (read == 0) == ~np.isfinite(np.repeat(np.repeat(np.where(true > 1000, np.nan, true), 4, 0), 4, 1))
        )
        assert read[201, 401] == pytest.approx(true[50, 100], abs=0.6e-3)
        assert read[203, 403] == read[200, 400]
        centre = np.array(frame["transform_matrix"])[:3, 3]
        assert np.allclose(centre, scale * clip.world_from_cam[index, :3, 3])
    assert ((tmp_path / "pure_rotation").exists()) == (not metric)
    if not metric:
        told = json.loads((tmp_path / "pure_rotation" / "transforms.json").read_text())
        assert "depth_unit_scale_factor" not in told
        assert not any("depth_file_path" in frame for frame in told["frames"])


def test_depth_that_does_not_fit_nerfstudio_s_unit_gets_another():
    near = np.linspace(1, 2, 10_000)
    assert [depth_unit(near * by) for by in (1, 30, 100, 0.1)] == [1e-3, 1e-3, 1e-2, 1e-5]
    assert depth_unit(np.full((2, 3), np.nan)) == 1e-3


def test_vipe_s_reader_gets_a_map_a_frame_of_the_video_s_size(deep, clip, tmp_path):
    """Its viewer takes them in the order of the zip, beside the frames, and multiplies rays of the video's pixels."""
    vipe.export(deep.storage, "pose", tmp_path, METRES)
    found = clip.mono_depth()
    with zipfile.ZipFile(tmp_path / "depth" / "good.zip") as archive:
        names = archive.namelist()
        assert names == [f"{i:05d}.exr" for i in range(len(clip.times_s))]
        for index in (1, 9):
            (exr,) = read_exr(archive.read(names[index])).values()
            assert (exr.dtype, exr.shape) == (np.float16, (360, 640))
            if index in WITHOUT:
                assert np.isnan(exr).all()
                continue
            true = SCALE_M * found.depth[np.flatnonzero(found.frame == clip.frame_index[index])[0]]
            assert np.allclose(exr[2::4, 2::4], true, rtol=1e-3, equal_nan=True)
    poses = np.load(tmp_path / "pose" / "good.npz")["data"]
    assert np.allclose(poses[:, :3, 3], SCALE_M * clip.world_from_cam[:, :3, 3], atol=1e-6)


def test_metres_move_cameras_and_points_and_turn_nothing(deep, clip, tmp_path):
    tum.export(deep.storage, "pose", tmp_path, METRES)
    assert [path.name for path in tmp_path.glob("*.txt")] == ["good.txt"]
    _, poses = read_tum(tmp_path / "good.txt")
    assert np.allclose(poses[:, :3, 3], SCALE_M * clip.world_from_cam[:, :3, 3], atol=1e-6)
    assert np.allclose(poses[:, :3, :3], clip.world_from_cam[:, :3, :3], atol=1e-6)
    own, metric = colmap.reconstruction(clip), colmap.reconstruction(clip.in_metres())
    assert np.allclose(metric.point3D(5).xyz, SCALE_M * own.point3D(5).xyz)
    assert metric.compute_mean_reprojection_error() == pytest.approx(own.compute_mean_reprojection_error(), rel=1e-4)
    assert np.allclose(clip.in_metres().mono_depth().depth, SCALE_M * clip.mono_depth().depth, equal_nan=True)


def test_clips_without_metres_are_left_out_and_said_to_be(deep, posed, tmp_path, capsys):
    assert main(["export", deep.storage.root, str(tmp_path / "a"), "--format", "tum", "--metres"]) == 0
    assert "1 clip written" in (out := capsys.readouterr().out)
    assert "left out: 1 ok (--metres leaves out clips without scale_m)" in out
    unscaled = with_depth(posed, tmp_path, scale_m=None)
    assert main(["export", unscaled.storage.root, str(tmp_path / "b"), "--format", "tum", "--metres"]) == 0
    assert "0 clips written" in capsys.readouterr().out
    with pytest.raises(StorageError, match="scale in metres"):
        unscaled.find("good.").in_metres()
    assert main(["export", posed.storage.root, str(tmp_path / "c"), "--format", "tum", "--metres"]) == 1
    assert "does not know metres" in capsys.readouterr().err
    for words, told in ((["davis", "--metres"], "--metres says nothing of davis"), (["tum", "--exr", "half"], "--exr")):
        assert main(["export", deep.storage.root, str(tmp_path / "d"), "--format", *words]) == 1
        assert told in capsys.readouterr().err
    assert not (tmp_path / "c").exists()
    assert not (tmp_path / "d").exists()


def test_without_openexr_nothing_is_written_and_one_sentence_says_what_to_do(deep, tmp_path, monkeypatch):
    real = builtins.__import__

    def missing(name, *more, **other):
        if name == "OpenEXR":
            raise ImportError(name)
        return real(name, *more, **other)

    monkeypatch.setattr(builtins, "__import__", missing)
    for made, given in ((depth, ("depthmaps", tmp_path, Selection(), "half")), (vipe, ("pose", tmp_path, Selection()))):
        with pytest.raises(ConfigError, match="OpenEXR is not installed"):
            made.export(deep.storage, *given)
    assert list(tmp_path.iterdir()) == []
    depth.export(deep.storage, "depthmaps", tmp_path, Selection())


def test_tracks_of_one_camera_are_in_metres_too(posed, tmp_path):
    deep = with_tracks(with_depth(posed, tmp_path), "good.", world_tracks())
    clip, own = deep.find("good."), world_tracks()
    metric = clip.in_metres().world_tracks()
    for name in ("points", "measured", "range_m", "speed_m_s"):
        assert np.allclose(getattr(metric, name), SCALE_M * getattr(own, name))
    assert np.allclose(metric.world_from_cam[:, :3, 3], SCALE_M * own.world_from_cam[:, :3, 3])
    assert np.array_equal(metric.xy, own.xy)
    for metres, by in (("--metres", SCALE_M), ("--all", 1.0)):
        assert main(["export", deep.storage.root, str(tmp_path / metres), "--format", "stereo4d", metres]) == 0
        (path,) = (tmp_path / metres).iterdir()
        with np.load(path) as file:
            certain = own.label[own.track] != UNKNOWN  # of one camera the others have no place
            assert np.allclose(file["track_coordinates"], by * own.points[certain])
            assert np.allclose(file["camera2world"][:, :, 3], by * own.world_from_cam[:, :3, 3])
