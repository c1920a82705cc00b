"""The sample's files: whole, the same every time, and as their labels say."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from factory.cli import main
from factory.errors import ConfigError
from factory.synth import record
from factory.synth.produce import Order, produce
from factory.synth.sample import CLIPS, render_sample
from factory.video import decode, probe

SMALL = {"size": (160, 90), "fps": 4, "seconds": 3.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sample")
    assert render_sample(path, **SMALL) == [path / f"{name}.mp4" for name in CLIPS]
    return path


def truth(folder: Path, name: str) -> dict:
    return json.loads((folder / f"{name}.json").read_text())


def trajectory(folder: Path, file: str) -> np.ndarray:
    return np.loadtxt(folder / file)


@pytest.mark.parametrize("name", CLIPS)
def test_video_truth_and_masks_have_the_same_frames(folder, name):
    told = truth(folder, name)
    info = probe(folder / f"{name}.mp4")
    frames = list(decode(folder / f"{name}.mp4"))
    assert (info.width, info.height) == SMALL["size"]
    assert len(frames) == told["frame_count"] == (24 if name == "shot_cut" else 12)
    times_s = [frame.time_s for frame in frames]
    np.testing.assert_allclose(times_s, np.arange(len(frames)) / SMALL["fps"], atol=1e-3)
    masks = sorted(p.name for p in (folder / f"{name}_masks").glob("*"))
    if name == "graphics":
        assert told["shots"] == []
        assert masks == []
        return
    assert masks == [f"{i:05d}.png" for i in range(len(frames))]
    rows = np.concatenate([trajectory(folder, shot["trajectory"]) for shot in told["shots"]])
    np.testing.assert_allclose(rows[:, 0], times_s, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(rows[:, 4:], axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    "name, least_m, most_m, turns",
    [
        ("good", 0.7, 1.5, True),
        ("static_camera", 0.0, 0.0, False),
        ("pure_rotation", 0.0, 0.0, True),
        ("fast_large_object", 0.5, 1.5, True),
    ],
)
def test_the_camera_does_what_the_label_says(folder, name, least_m, most_m, turns):
    rows = trajectory(folder, f"{name}.tum.txt")
    assert least_m <= np.linalg.norm(rows[-1, 1:4] - rows[0, 1:4]) <= most_m
    assert (np.ptp(rows[:, 4:], axis=0).max() > 0.01) == turns


@pytest.mark.parametrize(
    "name, least, most", [("good", 0.08, 0.20), ("static_camera", 0.06, 0.20), ("fast_large_object", 0.4, 0.6)]
)
def test_the_moving_object_has_its_share_of_the_picture(folder, name, least, most):
    masks = [cv2.imread(str(p), cv2.IMREAD_GRAYSCALE) for p in sorted((folder / f"{name}_masks").glob("*.png"))]
    assert set(np.unique(masks)) == {0, 255}
    share = float(np.mean(np.array(masks) > 0))
    assert least < share < most
    assert truth(folder, name)["dynamic_ratio"] == pytest.approx(share, abs=1e-4)


def test_on_a_tripod_only_the_mask_and_its_shadow_change(folder):
    frames = np.array([f.image.mean(axis=2) for f in decode(folder / "static_camera.mp4")])
    masks = [cv2.imread(str(p), 0) > 0 for p in sorted((folder / "static_camera_masks").glob("*.png"))]
    untouched = ~cv2.dilate(np.any(masks, axis=0).astype(np.uint8), np.ones((9, 9))).astype(bool)
    untouched[SMALL["size"][1] // 2 :] = False  # the shadow falls on the floor and the lower wall
    assert frames.std(axis=0)[untouched].mean() < 4
    assert frames.std(axis=0)[np.any(masks, axis=0)].mean() > 12


def test_pictures_are_rich_in_corners(folder):
    for name in ("good", "static_camera", "pure_rotation", "fast_large_object"):
        first = next(iter(decode(folder / f"{name}.mp4", grey=True))).image
        assert len(cv2.goodFeaturesToTrack(first, 4000, 0.01, 3)) > 300  # of at most about 1500 at this size


def test_equal_seeds_give_equal_files_and_others_do_not(folder, tmp_path):
    """Also: a clip does not depend on which others are rendered with it."""
    (again,) = render_sample(tmp_path / "again", **SMALL, only=["good"])
    assert again.read_bytes() == (folder / "good.mp4").read_bytes()
    (other,) = render_sample(tmp_path / "other", **{**SMALL, "seconds": 0.5}, only=["good"], seed=1)
    assert np.any(next(iter(decode(other))).image != next(iter(decode(again))).image)


def test_a_video_without_its_truth_never_appears(tmp_path, monkeypatch):
    def full_disk(path: Path, content: bytes) -> None:
        if path.suffix == ".json":
            raise OSError(f"no room for {len(content)} bytes")

    quick = {"size": (64, 36), "fps": 4, "seconds": 0.5, "only": ["graphics"]}
    (video,) = render_sample(tmp_path, **quick)
    assert video.exists()
    monkeypatch.setattr(record, "write_atomic", full_disk)
    quick["seconds"] = 0.75
    with pytest.raises(OSError, match="no room"):
        render_sample(tmp_path, **quick)
    assert not video.exists()
    monkeypatch.undo()
    render_sample(tmp_path, **quick)
    assert video.exists()


def test_what_is_there_stays_and_what_was_asked_otherwise_is_made_anew(tmp_path):
    small = Order("sample", size=(64, 36), fps=4, seconds=1.0)
    took = []

    def make(order: Order) -> list[str]:
        took.clear()
        produce(
            tmp_path, order, ["static_camera", "graphics"], report=lambda made: took.append(made.took_s is not None)
        )
        return sorted(p.name for p in (tmp_path / "static_camera_masks").iterdir())

    assert len(make(small)) == 4
    assert took == [True, True]
    make(small)
    assert took == [False, False]
    assert len(make(replace(small, seconds=0.5))) == 2  # fewer masks leave none of the many before
    assert took == [True, True]
    make(replace(small, seconds=0.5, truth=("depth",)))
    assert took == [True, True]
    assert (tmp_path / "static_camera_depth/00001.png").exists()
    make(replace(small, seconds=0.5))  # more truth than wanted does no harm
    assert took == [False, False]
    (tmp_path / "graphics.mp4").unlink()
    make(replace(small, seconds=0.5))
    assert took == [False, True]


def test_the_command_films_at_the_rate_asked_for(tmp_path):
    quick = ["--only", "static_camera", "--size", "64x36", "--seconds", "1", "--fps", "5"]
    assert main(["synth", str(tmp_path), *quick]) == 0
    assert probe(tmp_path / "static_camera.mp4").fps == pytest.approx(5)
    assert truth(tmp_path, "static_camera")["fps"] == 5
    assert len(trajectory(tmp_path, "static_camera.tum.txt")) == 5
    assert main(["synth", str(tmp_path), "--fps", "0"]) == 2


def test_two_processes_make_the_same_files_as_one(tmp_path):
    order, names = Order("sample", size=(64, 36), fps=4, seconds=0.5, truth=("flow",)), ["graphics", "pure_rotation"]
    for folder, workers in (("one", 1), ("two", 2)):
        produce(tmp_path / folder, order, names, workers)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert len(files) == 10
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_unknown_names_and_odd_sizes_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="no clip 'bad'"):
        render_sample(tmp_path, only=["bad"])
    with pytest.raises(ConfigError, match="even"):
        render_sample(tmp_path, size=(161, 90))
    assert not list(tmp_path.iterdir())
