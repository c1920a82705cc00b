"""Stereo4D's files, read by a reader of their fields alone."""

from dataclasses import replace

import numpy as np
import pytest

from factory.cli import main
from factory.export import stereo4d
from factory.export.selection import Selection
from tests.export.annotated import BOUNDS, TURNS, annotated, dense
from tests.world.made_tracks import made


def exported(output, dest):
    assert stereo4d.export(output.storage, "world", dest, Selection()) == {"ok": 1}
    (path,) = dest.iterdir()
    return path, *dense(path)


def test_fields_are_those_of_the_release(tmp_path):
    tracks = made()
    tracks = replace(tracks, times_s=tracks.times_s + 1.25)
    path, fields, points = exported(annotated(tmp_path / "out", tracks), tmp_path / "dest")
    assert path.name == "walk in town_1250000.npz"
    assert (str(fields["name"]), str(fields["video_id"])) == (path.stem, "walk in town")
    assert fields["timestamps"].tolist() == [round(t * 1e6) for t in tracks.times_s.tolist()]
    assert np.array_equal(fields["camera2world"], tracks.world_from_cam[:, :3])
    assert np.array_equal(fields["rectified2rig"], TURNS)
    assert fields["fov_bounds"].tolist() == list(BOUNDS)
    truth = np.full_like(points, np.nan)
    truth[tracks.track, tracks.frame] = tracks.points
    np.testing.assert_array_equal(points, truth)


def test_frames_without_a_pose_are_left_out_and_counted_away(tmp_path):
    tracks = made(gaps=0.0)
    lost = 3
    poses = tracks.world_from_cam.copy()
    poses[lost] = np.nan
    seen = tracks.frame != lost
    named = ("track", "frame", "xy", "range_m", "sigma_m", "measured", "points")
    tracks = replace(tracks, world_from_cam=poses, **{name: getattr(tracks, name)[seen] for name in named})
    _, fields, points = exported(annotated(tmp_path / "out", tracks), tmp_path / "dest")
    assert np.isfinite(fields["camera2world"]).all()
    assert len(fields["timestamps"]) == len(tracks.times_s) - 1
    np.testing.assert_array_equal(points[:, lost], tracks.points[tracks.frame == lost + 1])


def test_eyes_that_are_no_vr180_have_no_bounds(tmp_path):
    _, fields, _ = exported(annotated(tmp_path / "out", made(), fov_bounds=None), tmp_path / "dest")
    assert np.isnan(fields["fov_bounds"]).all()


def test_the_command_writes_them_and_says_where_there_are_none(tmp_path, posed, capsys):
    annotated(tmp_path / "out", made())
    assert main(["export", str(tmp_path / "out"), str(tmp_path / "dest"), "--format", "stereo4d"]) == 0
    assert len(list((tmp_path / "dest").iterdir())) == 1
    assert main(["export", str(posed.storage.root), str(tmp_path / "none"), "--format", "stereo4d"]) == 1
    assert "holds no world tracks" in capsys.readouterr().err


def test_a_broken_file_is_told(tmp_path):
    from factory.errors import StorageError
    from tests.export.annotated import PATH

    output = annotated(tmp_path / "out", made())
    (tmp_path / "out" / PATH).write_bytes(b"PK")
    with pytest.raises(StorageError, match="cannot be read"):
        stereo4d.export(output.storage, "world", tmp_path / "dest", Selection())
