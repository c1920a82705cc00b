"""A stereo clip's recording, read back by Rerun's own reader."""

import numpy as np
import pytest

from factory.cli import main
from factory.world.tracks import MOVING, STATIC
from tests.conftest import STEREO

rr = pytest.importorskip("rerun", reason="Rerun is not installed, it wants Python 3.11")

from tests.view.test_recording import column, entities  # noqa: E402


@pytest.fixture(scope="module")
def clip(stereo):
    return stereo.find(STEREO)


@pytest.fixture(scope="module")
def found(stereo, clip, tmp_path_factory):
    path = tmp_path_factory.mktemp("rrd") / "clip.rrd"
    assert main(["view", stereo.storage.root, clip.clip_id, "--save", str(path)]) == 0
    return entities(path)


def test_a_recording_holds_both_eyes_depth_and_tracks(found):
    assert set(found) == {
        *("/decision", "/world", "/world/path", "/world/left", "/world/left/picture", "/world/left/picture/depth"),
        *("/world/right", "/world/right/picture", "/world/static", "/world/moving"),
    }


def test_the_eyes_are_where_the_rows_say_and_a_baseline_apart(found, clip):
    left, right = (np.array(column(found[f"/world/{eye}"], ":translation")).reshape(-1, 3) for eye in ("left", "right"))
    assert np.allclose(left, clip.world_from_cam[:, :3, 3], atol=1e-6)
    assert np.allclose(right - left, clip["baseline_m"] * clip.world_from_cam[:, :3, 0], atol=1e-6)
    assert len(column(found["/world/left/picture"], ":blob")) == len(clip.times_s)
    (matrix,) = column(found["/world/left/picture"], ":image_from_camera")
    lens = clip.world_tracks().lens
    assert np.allclose(
        np.reshape(matrix, (3, 3)).T, [[lens.focal_px, 0, 160], [0, lens.focal_px, 90], [0, 0, 1]], atol=0.5
    )


def test_what_stands_has_its_colours_and_what_moves_its_places_over_time(found, clip):
    tracks = clip.world_tracks()
    (points,) = column(found["/world/static"], ":positions")
    assert len(points) == np.sum(tracks.label == STATIC)
    standing = tracks.label[tracks.track] == STATIC
    sightings = {tuple(at): row for row, at in enumerate(tracks.points.tolist()) if standing[row]}
    rows = np.array([sightings[tuple(np.float32(point).tolist())] for point in points])
    assert len(np.unique(tracks.track[rows])) == len(rows)
    (colours,) = column(found["/world/static"], ":colors")
    shown = np.stack([np.array(colours) >> shift & 255 for shift in (24, 16, 8)], axis=1)
    x, y = tracks.xy[rows].round().astype(int).T
    there = clip.frames()[tracks.frame[rows], y, x]  # the eyes are all but rectified
    assert np.median(np.abs(shown - there.astype(int)).mean(axis=1)) < 15
    assert np.median(np.abs(shown - there[::-1].astype(int)).mean(axis=1)) > 30
    strips = column(found["/world/moving"], ":strips")
    assert len(strips) == len(clip.times_s)
    seen = np.unique(tracks.track[tracks.frame == 12])
    assert len(strips[12]) == np.sum(tracks.label[seen] == MOVING)
    ends = {tuple(np.float32(strip[-1]).tolist()) for strip in strips[12]}
    assert ends == {tuple(row) for row in tracks.points[moving_rows(tracks, 12)].tolist()}


def moving_rows(tracks, frame):
    return np.flatnonzero((tracks.frame == frame) & (tracks.label[tracks.track] == MOVING))


def test_depth_is_along_the_axis_in_millimetres_where_it_is_trusted(found, clip):
    depth = clip.depth()
    shown = column(found["/world/left/picture/depth"], ":buffer")
    assert len(shown) == len(depth.frame_index)
    millimetres = np.frombuffer(bytes(shown[1][0]), np.uint16).reshape(180, 320)
    assert set(column(found["/world/left/picture/depth"], ":meter")[0]) == {1000.0}
    y, x = np.argwhere(depth.confident[1])[::997].T
    ahead = depth.lens.rays(np.stack([x, y], axis=1))[:, 2] * depth.range_m[1, y, x]
    assert np.allclose(millimetres[y, x] / 1000, ahead, atol=0.002)
    assert np.all(millimetres[~depth.confident[1]] == 0)


def test_a_clip_that_is_no_stereo_has_its_reasons_alone(stereo, tmp_path):
    (mono,) = stereo.clips("status = 'rejected'", "rig")
    assert main(["view", stereo.storage.root, mono.clip_id, "--save", str(tmp_path / "a.rrd")]) == 0
    assert set(entities(tmp_path / "a.rrd")) == {"/decision"}


def test_imported_tracks_of_which_nobody_said_whether_they_move_are_drawn(stereo, tmp_path):
    assert main(["export", stereo.storage.root, str(tmp_path / "files"), "--format", "stereo4d"]) == 0
    assert main(["import", str(tmp_path / "files"), str(tmp_path / "out"), "--format", "stereo4d"]) == 0
    assert main(["view", str(tmp_path / "out"), STEREO, "--save", str(tmp_path / "a.rrd")]) == 0
    found = entities(tmp_path / "a.rrd")
    assert set(found) == {"/decision", "/world", "/world/path", "/world/tracks"}
    assert sum(len(strips) for strips in column(found["/world/tracks"], ":strips")) > 1000
