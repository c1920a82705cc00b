"""world_tracks.npz: what is written comes back, and what is broken is told."""

import io
from dataclasses import fields

import numpy as np
import pytest

from factory.artifacts import pack_arrays
from factory.errors import StorageError
from factory.world.artifact import pack_world_tracks, read_world_tracks
from factory.world.tracks import WorldTracks
from tests.world.made_tracks import made


def test_tracks_come_back_as_they_were():
    tracks = made()
    found = read_world_tracks(pack_world_tracks(tracks))
    for field in fields(WorldTracks):
        was, now = getattr(tracks, field.name), getattr(found, field.name)
        if isinstance(was, np.ndarray):
            assert was.dtype == now.dtype, field.name
            np.testing.assert_array_equal(was, now)
        else:
            assert was == now, field.name


def test_numpy_alone_reads_what_the_table_says():
    """Names, types and shapes of the table in `factory.world.artifact`."""
    tracks = made()
    with np.load(io.BytesIO(pack_world_tracks(tracks)), allow_pickle=False) as file:
        told = {name: (file[name].dtype.name, file[name].shape) for name in file.files}
    n, m, f = len(tracks.track), tracks.count, len(tracks.times_s)
    assert told.pop("model")[1] == ()
    assert told == {
        "track": ("int32", (n,)),
        "frame": ("int32", (n,)),
        "xy": ("float32", (n, 2)),
        "range_m": ("float32", (n,)),
        "sigma_m": ("float32", (n,)),
        "measured": ("float32", (n, 3)),
        "points": ("float32", (n, 3)),
        "label": ("int8", (m,)),
        "motion_px": ("float32", (m,)),
        "chi2": ("float32", (m,)),
        "speed_m_s": ("float32", (m,)),
        "speed_sigma_m_s": ("float32", (m,)),
        "world_from_cam": ("float64", (f, 4, 4)),
        "times_s": ("float64", (f,)),
        "frame_index": ("int64", (f,)),
        "size": ("int64", (2,)),
        "lens": ("float64", (6,)),
    }


def spoilt(**changes):
    with np.load(io.BytesIO(pack_world_tracks(made()))) as file:
        arrays = {name: file[name] for name in file.files}
    for name, change in changes.items():
        arrays[name] = change(arrays[name].copy())
    return pack_arrays(**arrays)


def put(at, value):
    def change(array):
        array[at] = value
        return array

    return change


@pytest.mark.parametrize(
    "changes",
    [
        {"track": put(0, 7)},
        {"track": lambda a: a.astype(float)},
        {"frame": put(3, -1)},
        {"frame": put(3, 999)},
        {"frame": put(1, 0)},
        {"points": put((2, 1), np.nan)},
        {"points": lambda a: a[:, :2]},
        {"label": put(0, 3)},
        {"label": lambda a: a[:-1]},
        {"times_s": put(0, np.inf)},
        {"world_from_cam": lambda a: a[:, :3]},
        {"size": put(0, 0)},
        {"model": lambda _: np.array("orthographic")},
        {"lens": lambda a: a[:5]},
        {"xy": lambda _: np.array([{}], object)},
    ],
)
def test_what_is_broken_is_told(changes):
    with pytest.raises(StorageError, match="cannot be read"):
        read_world_tracks(spoilt(**changes))


def test_no_tracks_are_tracks():
    tracks = made().select(np.zeros(made().count, bool))
    assert read_world_tracks(pack_world_tracks(tracks)).count == 0


def test_select_keeps_whole_tracks_and_renumbers():
    tracks = made()
    keep = np.arange(tracks.count) % 3 == 1
    some = tracks.select(keep)
    assert some.track[0] == 0
    assert some.count == keep.sum()
    for number, old in enumerate(np.flatnonzero(keep)):
        np.testing.assert_array_equal(some.points[some.track == number], tracks.points[tracks.track == old])
        assert some.chi2[number] == tracks.chi2[old]
