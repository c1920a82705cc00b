"""What each format holds, read by its own library or by what its users' readers do, beside what the output says."""

import csv
import json
import tarfile
import zipfile
from ast import literal_eval
from importlib import import_module
from pathlib import Path

import av
import cv2
import numpy as np
import pycolmap
import pytest

from factory.commands.export import FORMATS
from factory.export import webdataset
from factory.export.selection import Selection
from factory.geometry.camera import invert_rigid
from factory.pickled import read_pickle

NAMES = ("good", "pure_rotation")
OF_POSES = [kind for kind, what in FORMATS.items() if what not in ("world tracks", "depth maps")]


@pytest.fixture(scope="module")
def written(posed, tmp_path_factory):
    """All formats, each in the folder `<format>/dest`; each clip a shard of WebDataset."""
    place = tmp_path_factory.mktemp("written")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webdataset, "SHARD_BYTES", 1)
        for kind in OF_POSES:
            made = import_module(f"factory.export.{kind}")
            assert made.export(posed.storage, "pose", place / kind / "dest", Selection()) == {"ok": 2}
    return place


@pytest.fixture(scope="module")
def clips(posed):
    return {Path(clip["source"]).stem: clip for clip in posed.clips()}


def off(found, picture):
    """Of 255, mean."""
    assert found.shape == picture.shape
    return np.abs(found.astype(float) - picture).mean()


def assert_shows(path, clip, frame):
    """That frame and not the next one, as far as JPEG keeps it."""
    found, (own, following) = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), clip.frames([frame, frame + 1])
    assert off(found, own) < 4
    assert off(found, own) < 0.5 * off(found, following)


def test_colmap_s_library_reads_the_same_cameras_points_and_errors(written, clips):
    place = written / "colmap" / "dest"
    for name, clip in clips.items():
        model = pycolmap.Reconstruction(str(place / name / "sparse" / "0"))
        images = [model.image(number) for number in range(1, len(clip.times_s) + 1)]
        poses = np.stack([image.cam_from_world().matrix() for image in images])
        assert np.allclose(poses, invert_rigid(clip.world_from_cam)[:, :3], atol=1e-12)
        assert [image.name for image in images] == [f"{number:06d}.jpg" for number in clip.frame_index]
        (camera,) = model.cameras.values()
        assert (camera.width, camera.height) == clip.size
        assert camera.params.tolist() == [clip["focal_px"], clip["cx_px"] + 0.5, clip["cy_px"] + 0.5]
        assert_shows(place / name / "images" / images[7].name, clip, 7)
        told = json.loads((place / name / "clip.json").read_text())
        assert (told["source"], list(told["times_s"].values())) == (clip["source"], clip.times_s.tolist())
        if name == "pure_rotation":
            assert model.num_points3D() == 0
            continue
        points = clip.points()
        scale = clip.size[0] / points.width
        assert model.compute_mean_reprojection_error() == pytest.approx(np.mean(points.error_px) * scale, rel=0.01)
        assert model.compute_num_observations() == len(points.point)
        assert model.point3D(5).xyz == pytest.approx(points.xyz[4])
        assert model.point3D(5).color.tolist() == points.rgb[4].tolist()
        element = model.point3D(5).track.elements[0]
        seen = model.image(element.image_id).points2D[element.point2D_idx].xy
        row = np.flatnonzero(points.point == 4)[0]
        assert element.image_id == points.frame[row] + 1
        assert seen == pytest.approx((points.xy[row] + 0.5) * scale, abs=1e-6)


def test_nerfstudio_has_opengl_s_axes_and_pixels_from_the_corner(written, clips):
    """What its parser does with it: `transform_matrix @ diag(1, -1, -1, 1)` is a camera of OpenCV, and a pixel's ray
    leaves at its number + 0.5."""
    place = written / "nerfstudio" / "dest"
    for name, clip in clips.items():
        told = json.loads((place / name / "transforms.json").read_text())
        assert (told["camera_model"], told["w"], told["h"]) == ("OPENCV", *clip.size)
        poses = np.array([frame["transform_matrix"] for frame in told["frames"]])
        assert np.allclose(poses @ np.diag([1, -1, -1, 1]), clip.world_from_cam, atol=1e-12)
        assert told["applied_transform"] == np.eye(4)[:3].tolist()
        assert [told[key] for key in ("fl_x", "cx", "cy")] == [
            clip["focal_px"],
            clip["cx_px"] + 0.5,
            clip["cy_px"] + 0.5,
        ]
        assert_shows(place / name / told["frames"][3]["file_path"], clip, 3)
        assert ("ply_file_path" in told) == (name == "good")
        if name == "good":
            cloud = pycolmap.Reconstruction()
            cloud.import_PLY(str(place / name / told["ply_file_path"]))
            found = np.array([point.xyz for point in cloud.points3D.values()])
            assert np.allclose(np.sort(found, axis=0), np.sort(clip.points().xyz, axis=0), atol=1e-6)


def test_re10k_is_a_line_a_frame_with_shares_of_the_size(written, clips):
    place = written / "re10k" / "dest"
    for name, clip in clips.items():
        lines = (place / f"{name}.txt").read_text().splitlines()
        assert lines[0] == clip["source"]
        rows = np.array([line.split() for line in lines[1:]], float)
        assert rows.shape == (len(clip.times_s), 19)
        assert np.allclose(rows[:, 0] / 1e6, clip.times_s, atol=1e-6)
        width, height = clip.size
        assert np.allclose(rows[:, 1], clip["focal_px"] / width, atol=1e-8)
        assert np.allclose(rows[:, 2], clip["focal_px"] / height, atol=1e-8)
        assert np.allclose(rows[:, 3:7], [0.5, 0.5, 0, 0])
        assert np.allclose(rows[:, 7:].reshape(-1, 3, 4), invert_rigid(clip.world_from_cam)[:, :3], atol=1e-8)


def test_dynpose_leads_from_the_tables_to_the_pickles(written, clips):
    place = written / "dynpose" / "dest"
    with (place / "metadata.csv").open() as file:
        videos = list(csv.DictReader(file))
    mapping = [line.split(",") for line in (place / "uid_mapping.csv").read_text().splitlines()[1:]]
    assert [video["videoID"] for video in videos] == list(NAMES)
    for video, (uid,) in zip(videos, mapping, strict=True):
        clip = clips[video["videoID"]]
        found = read_pickle((place / "cameras" / f"{uid}.pkl").read_bytes())
        assert np.array_equal(found["poses"], invert_rigid(clip.world_from_cam)[:, :3])
        assert found["intrinsics"].tolist() == (clip.intrinsics[0] + [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]]).tolist()
        assert np.array_equal(found["frame_index"], clip.frame_index)
        assert literal_eval(video["caption"]) == [""]
        assert literal_eval(video["timestamp"]) == [["0:00:00.000", "0:00:02.500"]]


def frames_of(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_vipe_has_a_pose_for_each_frame_of_its_video(written, clips):
    place = written / "vipe" / "dest"
    for name, clip in clips.items():
        count = len(clip.times_s)
        pose = np.load(place / "pose" / f"{name}.npz")
        assert np.allclose(pose["data"], clip.world_from_cam, atol=1e-6)
        assert pose["inds"].tolist() == list(range(count))
        camera = np.load(place / "intrinsics" / f"{name}.npz")
        assert np.allclose(camera["data"], [clip["focal_px"]] * 2 + [clip["cx_px"], clip["cy_px"]], rtol=1e-6)
        lines = (place / "intrinsics" / f"{name}_camera.txt").read_text().splitlines()
        assert [line.split(":")[1].strip() for line in lines] == ["PINHOLE"] * count
        video, pictures = frames_of(place / "rgb" / f"{name}.mp4"), clip.frames()
        assert off(video, pictures) < 4
        assert off(video[9], pictures[9]) < 0.5 * off(video[9], pictures[10])
        with zipfile.ZipFile(place / "mask" / f"{name}.zip") as archive:
            assert sorted(archive.namelist()) == [f"{i:05d}.png" for i in range(count)]
            mask = cv2.imdecode(np.frombuffer(archive.read("00009.png"), np.uint8), cv2.IMREAD_UNCHANGED)
        assert mask.shape == pictures.shape[1:3]
        assert mask.mean() == pytest.approx(clip.masks()[9].mean(), abs=0.01)


def test_webdataset_s_library_reads_its_shards(written, clips, tmp_path):
    import webdataset as wds

    place = written / "webdataset" / "dest"
    shards = sorted(map(str, place.glob("clips-*.tar")))
    assert len(shards) == 2
    samples = list(wds.WebDataset(shards, shardshuffle=False, empty_check=False).decode())
    for sample in samples:
        clip = clips[sample["json"]["name"]]
        assert sample["__key__"] == clip.clip_id
        assert (sample["json"]["quality"], "tracks" in sample["json"]) == (clip["quality"], False)
        arrays = sample["npz"]
        assert np.array_equal(arrays["world_from_cam"], clip.world_from_cam)
        assert np.array_equal(arrays["intrinsics"], clip.intrinsics)
        assert np.array_equal(arrays["masks"], clip.masks())
        (tmp_path / "v.mp4").write_bytes(sample["mp4"])
        assert frames_of(tmp_path / "v.mp4").shape == clip.frames().shape
    with tarfile.open(shards[0]) as archive:
        assert {name.partition(".")[2] for name in archive.getnames()} == {"json", "mp4", "npz"}


def test_the_hub_s_library_reads_rows_and_card(written, clips, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from datasets import load_dataset
    from huggingface_hub import DatasetCard

    place = written / "huggingface" / "dest"
    rows = load_dataset(str(place), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(rows) == 2
    for row in rows:
        clip = clips[row["source"].removesuffix(".mp4")]  # no folder of this machine
        assert row["world_from_cam"] == clip["world_from_cam"]
        assert row["focal_px"] == clip["focal_px"]
        assert row["content_hash"] == clip["content_hash"]
    card = DatasetCard.load(place / "README.md")
    assert (card.data.license, card.data.size_categories) == ("unknown", ["n<1K"])
    assert "2 clips of 2 videos" in card.text
    assert all(f"| `{name}` |" in card.text for name in rows.column_names)


def test_every_format_writes_inside_its_folder_alone(written):
    for kind in OF_POSES:
        assert [path.name for path in (written / kind).iterdir()] == ["dest"]
        assert not list((written / kind).rglob("*.tmp"))
