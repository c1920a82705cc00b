"""Stereo4D's annotations become an output: cameras, and tracks in the world."""

import os
from dataclasses import replace

import numpy as np
import pytest

import factory
from factory.cli import main
from factory.errors import StorageError
from factory.export import stereo4d
from factory.export.selection import Selection
from factory.geometry.lens import pinhole
from factory.world.artifact import pack_world_tracks, read_world_tracks
from factory.world.motion import PAPER_FOCAL_PX
from factory.world.tracks import UNKNOWN
from tests.export.annotated import BOUNDS, TURNS, annotated, dense
from tests.world.made_tracks import made


def imported(src, place):
    assert main(["import", str(src), str(place), "--format", "stereo4d"]) == 0
    return factory.open(place)


def released(path, **changes):
    """A file as the release has them, written from the table of its fields; a None takes a field away."""
    rng = np.random.default_rng(0)
    poses = np.tile(np.eye(4)[:3], (5, 1, 1))
    poses[:, 0, 3] = 0.1 * np.arange(5)
    fields = {
        "name": np.array("VID_2000000"),
        "video_id": np.array("VID"),
        "timestamps": 2_000_000 + 33_367 * np.arange(5),
        "camera2world": poses,
        "rectified2rig": TURNS,
        "fov_bounds": np.array(BOUNDS),
        "track_lengths": np.array([3, 5]),
        "track_indices": np.array([0, 2, 3, 0, 1, 2, 3, 4]),
        "track_coordinates": rng.uniform((-1, -1, 4), (1, 1, 6), (8, 3)),
    }
    fields = {name: value for name, value in (fields | changes).items() if value is not None}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **fields)
    return fields


def tracks_of(output):
    (clip,) = output.clips()
    storage = output.storage
    return clip, read_world_tracks(storage.read(storage.artifact(clip["world_tracks"])))


@pytest.mark.parametrize("texts", [np.array("VID"), np.array("VID", object), np.array(["VID"], object)])
def test_the_release_is_read(texts, tmp_path):
    fields = released(tmp_path / "stereo4d" / "train" / "VID_2000000.npz", video_id=texts)
    output = imported(tmp_path / "stereo4d", tmp_path / "out")
    assert output.phases == ("ingest", "pose", "world")
    clip, tracks = tracks_of(output)
    assert clip["source"] == "VID"
    np.testing.assert_allclose(clip.times_s, fields["timestamps"] / 1e6)
    np.testing.assert_array_equal(clip.world_from_cam[:, :3], fields["camera2world"])
    assert clip["fov_bounds"] == list(BOUNDS)
    assert np.array_equal(np.reshape(clip["rectified2rig"], (2, 3, 3)), TURNS)
    assert tracks.track.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert tracks.frame.tolist() == fields["track_indices"].tolist()
    np.testing.assert_allclose(tracks.points, fields["track_coordinates"], rtol=1e-6)
    centres = fields["camera2world"][fields["track_indices"], :, 3]
    away = fields["track_coordinates"] - centres
    np.testing.assert_allclose(tracks.range_m, np.linalg.norm(away, axis=1), rtol=1e-6)
    assert np.isnan(tracks.sigma_m).all()
    assert set(tracks.label.tolist()) == {UNKNOWN}
    assert (tracks.motion_px > 0).all()  # made points jump


def test_no_lens_is_made_up(tmp_path):
    """Nor is the motion of what is 70 degrees aside lost, which a picture of 60 degrees would not show."""
    points = np.array([[4.0, 0, 4 / np.tan(np.radians(70))], [4.0, 0, 4 / np.tan(np.radians(71))]])
    poses = np.tile(np.eye(4)[:3], (5, 1, 1))
    changes = {"track_lengths": np.array([2]), "track_indices": np.array([0, 1]), "track_coordinates": points}
    released(tmp_path / "VID.npz", camera2world=poses, **changes)
    clip, tracks = tracks_of(imported(tmp_path / "VID.npz", tmp_path / "out"))
    assert (tracks.lens, tracks.width, tracks.height) == (None, 0, 0)
    assert np.isnan(tracks.xy).all()
    assert tracks.motion_px[0] == pytest.approx(PAPER_FOCAL_PX * np.radians(1), rel=1e-3)
    assert clip.world_tracks().lens is None
    with pytest.raises(StorageError, match="nobody told the lens"):
        clip.left_eye()
    with pytest.raises(StorageError, match="lens"):  # one without a picture's size
        read_world_tracks(pack_world_tracks(replace(tracks, lens=pinhole(400.0, (512, 512)))))


def test_an_export_comes_back(tmp_path):
    was = made()
    output = annotated(tmp_path / "was", was)
    stereo4d.export(output.storage, "world", tmp_path / "files", Selection())
    _, tracks = tracks_of(imported(tmp_path / "files", tmp_path / "out"))
    for name in ("track", "frame", "points", "world_from_cam"):
        np.testing.assert_array_equal(getattr(tracks, name), getattr(was, name))
    np.testing.assert_allclose(tracks.times_s, was.times_s, atol=1e-6)
    again = factory.open(tmp_path / "out")
    stereo4d.export(again.storage, "world", tmp_path / "again", Selection())
    (first,), (second,) = (list((tmp_path / name).iterdir()) for name in ("files", "again"))
    for name, value in dense(first)[0].items():
        if name not in ("name", "video_id"):  # the source is called as the video now
            np.testing.assert_array_equal(dense(second)[0][name], value)


class Runs:
    def __reduce__(self):
        return os.system, ("touch ran",)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"camera2world": None}, "camera2world"),
        ({"camera2world": 2 * np.tile(np.eye(4)[:3], (5, 1, 1))}, "not a rotation"),
        ({"timestamps": np.arange(4)}, "time stamps"),
        ({"timestamps": np.array([0, 2, 1, 3, 4])}, "time stamps"),
        ({"rectified2rig": np.eye(3)}, "shapes"),
        ({"track_lengths": np.array([3, 4])}, "samples"),
        ({"track_lengths": np.array([8, 0])}, "samples"),
        ({"track_indices": np.array([0, 2, 9, 0, 1, 2, 3, 4])}, "not there"),
        ({"track_indices": np.array([0, 2, 2, 0, 1, 2, 3, 4])}, "order of time"),
        ({"track_coordinates": np.full((8, 3), np.nan)}, "not finite"),
        ({"video_id": np.array(Runs(), object)}, "asks for"),
        ({"timestamps": np.array([Runs()] * 5, object)}, "asks for"),
    ],
)
def test_what_cannot_be_taken_is_a_failed_row_with_its_reason(changes, why, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    released(tmp_path / "src" / "bad.npz", **changes)
    released(tmp_path / "src" / "good.npz")
    output = imported(tmp_path / "src", tmp_path / "out")
    ((name, error),) = output.sql("SELECT source, error FROM ingest WHERE status = 'failed'").fetchall()
    assert name == "bad.npz"
    assert why in error
    assert output.sql("SELECT count(*) FROM world").fetchall() == [(1,)]
    assert not (tmp_path / "ran").exists()


def test_a_torn_file_is_told(tmp_path):
    path = tmp_path / "src" / "torn.npz"
    released(path)
    path.write_bytes(path.read_bytes()[:500])
    output = imported(tmp_path / "src", tmp_path / "out")
    assert "cannot be read" in output.sql("SELECT error FROM ingest").fetchall()[0][0]
