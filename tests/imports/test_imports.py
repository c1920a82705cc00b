"""What other software has posed becomes an output: equal poses and cameras, nothing made up, nothing lost."""

import json
import pickle

import numpy as np
import pycolmap
import pytest

import factory
from factory.cli import main
from factory.export import colmap, dynpose, tum
from factory.export.colmap import reconstruction
from factory.export.selection import Selection
from factory.geometry.camera import invert_rigid
from factory.pickled import write_pickle
from factory.storage.output import Storage
from tests.export.unusual import CROP, FULL, LOST, unusual

FORMATS = {"tum": tum, "colmap": colmap, "dynpose": dynpose}


def imported(kind, src, place, *words):
    assert main(["import", str(src), str(place), "--format", kind, *words]) == 0
    return factory.open(place)


def failures(output):
    return dict(output.sql("SELECT source, error FROM ingest WHERE status = 'failed'").fetchall())


@pytest.mark.parametrize("kind", FORMATS)
def test_an_export_comes_back(kind, posed, tmp_path):
    FORMATS[kind].export(posed.storage, "pose", tmp_path / "files", Selection())
    output = imported(kind, tmp_path / "files", tmp_path / "out")
    assert output.phases == ("ingest", "pose")
    clips = sorted(output.clips(), key=lambda clip: clip["source"])
    truths = sorted(posed.clips(), key=lambda clip: clip["source"])
    assert len(clips) == 2
    for clip, true in zip(clips, truths, strict=True):
        assert clip["source"] in (true["source"], true["source"].rpartition("/")[2].removesuffix(".mp4"))
        assert np.allclose(clip.times_s, true.times_s, atol=1e-6)
        assert np.allclose(clip.world_from_cam, true.world_from_cam, atol=1e-7)
        assert np.allclose(clip.intrinsics, true.intrinsics, rtol=1e-12)
        assert (clip["width"], clip["height"]) == true.size
        assert clip["camera_model"] == true["camera_model"]
        assert clip["quality"] is clip["tracks"] is None
        if kind != "tum":
            assert clip.frame_index.tolist() == true.frame_index.tolist()
    before = (tmp_path / "out" / "pose").iterdir()
    names = sorted(path.name for path in before)
    imported(kind, tmp_path / "files", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out" / "pose").iterdir()) == names


@pytest.mark.parametrize("kind", ["tum", "dynpose"])
def test_a_zoom_in_black_bars_comes_back_in_pixels_of_the_whole_frame(kind, tmp_path):
    (true,) = unusual(tmp_path / "was", **({} if kind == "tum" else {"k1": 0.0, "k2": 0.0})).clips()
    FORMATS[kind].export(true.storage, "pose", tmp_path / "files", Selection())
    (clip,) = imported(kind, tmp_path / "files", tmp_path / "out").clips()
    placed = true.registered
    shifted = true.intrinsics[placed]
    shifted[:, :2, 2] += CROP
    assert np.allclose(clip.world_from_cam, true.world_from_cam[placed], atol=1e-7)
    assert np.allclose(clip.intrinsics, shifted)
    assert clip.size == FULL
    assert clip.distortion.tolist() == true.distortion.tolist()


def test_a_text_model_without_our_notes_needs_a_rate(tmp_path):
    (true,) = unusual(tmp_path / "was").clips()
    folder = tmp_path / "models" / "walk" / "sparse" / "0"
    folder.mkdir(parents=True)
    reconstruction(true).write_text(str(folder))
    assert "give --fps" in failures(imported("colmap", tmp_path / "models", tmp_path / "without"))["walk/sparse/0"]
    (clip,) = imported("colmap", tmp_path / "models", tmp_path / "out", "--fps", "10").clips()
    assert clip["source"] == "walk"
    assert clip.times_s.tolist() == (true.times_s[true.registered]).tolist()
    assert np.allclose(clip.world_from_cam, true.world_from_cam[true.registered])
    assert np.allclose(clip.intrinsics, true.intrinsics[true.registered])
    assert clip.distortion.tolist() == [-0.1, 0.02]
    assert clip["frame_index"] is None


def test_dynpose_as_it_was_released(tmp_path):
    """Its keys alone, a metadata.csv of Panda-70M's; frames 12 a second of 1280 x 720."""
    (true,) = unusual(tmp_path / "was").clips()
    poses = invert_rigid(true.world_from_cam)[:, :3]
    assert np.isnan(poses[LOST]).all()
    src = tmp_path / "dynpose_100k"
    (src / "cameras").mkdir(parents=True)
    told = {"uid-a": [[900.0, 0, 640], [0, 900, 360], [0, 0, 1]], "uid-b": 900.0, "uid-c": [900.0, 900, 640, 360]}
    for uid, intrinsics in told.items():
        (src / "cameras" / f"{uid}.pkl").write_bytes(write_pickle({"poses": poses, "intrinsics": np.array(intrinsics)}))
    (src / "metadata.csv").write_text("videoID,caption\nVID,\"['first', 'second']\"\nOTHER,\"['third']\"\n")
    (src / "uid_mapping.csv").write_text("uids\nuid-a,uid-b\nuid-c\n")
    clips = {clip["source"]: clip for clip in imported("dynpose", src, tmp_path / "out").clips()}
    assert sorted(clips) == ["OTHER_000.mp4", "VID_000.mp4", "VID_001.mp4"]
    assert dict(clips["VID_001.mp4"]["extra"])["caption"] == "second"
    for clip in clips.values():
        assert np.allclose(clip.times_s, np.arange(len(poses)) / 12)
        assert np.allclose(clip.intrinsics, [[900, 0, 639.5], [0, 900, 359.5], [0, 0, 1]])
        assert np.allclose(clip.world_from_cam, true.world_from_cam, equal_nan=True)
        assert clip.registered.tolist() == true.registered.tolist()


def test_what_cannot_be_taken_is_a_failed_row_with_its_reason(tmp_path):
    cameras, models, texts = (tmp_path / name for name in ("d/cameras", "c", "t"))
    good = np.tile(np.eye(4)[:3], (3, 1, 1))
    for folder in (cameras, models, texts):
        folder.mkdir(parents=True)
    (cameras / "a.pkl").write_bytes(write_pickle({"poses": good}))
    (cameras / "b.pkl").write_bytes(pickle.dumps({"poses": pycolmap.Rigid3d}))
    (cameras / "c.pkl").write_bytes(write_pickle({"poses": 2 * good}))
    (cameras / "d.pkl").write_bytes(write_pickle({"poses": good, "intrinsics": np.zeros(7)}))
    output = imported("dynpose", tmp_path / "d", tmp_path / "dynpose")
    assert output.sql("SELECT count(*) FROM pose").fetchall() == [(1,)]
    found = failures(output)
    for name, why in {"b.pkl": "asks for", "c.pkl": "not a rotation", "d.pkl": "intrinsics of shape"}.items():
        assert why in found[name]

    (true,) = unusual(tmp_path / "was").clips()
    for name, model, params in (
        ("oblong", "PINHOLE", [200, 210, 100, 50]),
        ("fish", "OPENCV_FISHEYE", [200, 200, 100, 50, 0.1, 0, 0, 0]),
    ):
        made = reconstruction(true)
        for number in list(made.cameras):
            kept = made.camera(number)
            changed = pycolmap.Camera(model=model, width=200, height=100, params=params, camera_id=kept.camera_id)
            kept.model, kept.params = changed.model, changed.params
        (models / name).mkdir()
        made.write_binary(str(models / name))
    (models / "torn").mkdir()
    (models / "torn" / "cameras.bin").write_bytes(b"\x01")
    found = failures(imported("colmap", models, tmp_path / "colmap", "--fps", "10"))
    assert "not square" in found["oblong"]
    assert "OPENCV_FISHEYE" in found["fish"]
    assert "not a model" in found["torn"]

    (texts / "a.txt").write_text("1 2 3\n")
    (texts / "b.txt").write_text("0 0 0 0 0 0 0 1\n")
    (texts / "b.intrinsics.json").write_text(json.dumps({"width": 10}))
    found = failures(imported("tum", texts, tmp_path / "tum"))
    assert "8 numbers a line" in found["a.txt"]
    assert "tells no camera" in found["b.txt"]


def test_places_that_hold_nothing_are_one_sentence(tmp_path, capsys):
    for words in (
        ["import", str(tmp_path / "nowhere"), str(tmp_path / "out"), "--format", "tum"],
        ["import", str(tmp_path), str(tmp_path / "out"), "--format", "colmap"],
        ["import", str(tmp_path), str(tmp_path / "out"), "--format", "dynpose", "--fps", "0"],
    ):
        assert main(words) == 1
        assert capsys.readouterr().err.startswith("factory import: ")
    assert not Storage.at(tmp_path / "out").phases()
