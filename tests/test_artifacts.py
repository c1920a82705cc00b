"""What is packed is read back; what was damaged, or made by somebody else, is refused as such."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.artifacts import pack_arrays, pack_masks, pack_tracks, read_arrays, read_masks, read_tracks
from factory.errors import StorageError
from factory.tracks import tracks_from

seeds = st.integers(0, 2**32 - 1)


def some_tracks(seed):
    """Any number of tracks over a few frames, seen in any of them, and which are dynamic."""
    rng = np.random.default_rng(seed)
    frames = int(rng.integers(1, 9))
    seen = rng.random((int(rng.integers(0, 12)), frames)) < rng.random()
    track, frame = np.nonzero(seen)
    xy = rng.uniform(-5, 700, (len(track), 2))
    tracks = tracks_from(track, frame, xy, np.arange(frames) / 12, 3 + 2 * np.arange(frames), (640, 360), 1)
    return tracks, rng.random(tracks.count) < 0.5


def arrays_of(tracks, is_dynamic):
    return read_arrays(pack_tracks(tracks, is_dynamic))


@given(seeds)
def test_tracks_are_read_as_they_were_packed(seed):
    tracks, is_dynamic = some_tracks(seed)
    found, dynamic = read_tracks(pack_tracks(tracks, is_dynamic))
    assert np.array_equal(dynamic, is_dynamic)
    assert np.array_equal(found.xy, tracks.xy.astype(np.float32))
    for name in ("track", "frame", "times_s", "frame_index"):
        ours, theirs = getattr(tracks, name), getattr(found, name)
        assert np.array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype
    assert (found.width, found.height, found.count) == (640, 360, tracks.count)


@given(seeds)
def test_masks_are_read_as_they_were_packed(seed):
    rng = np.random.default_rng(seed)
    masks = rng.random(rng.integers(0, 7, 3)) < 0.5
    numbers, found = read_masks(pack_masks(np.arange(len(masks)), masks))
    assert np.array_equal(found, masks)
    assert np.array_equal(numbers, np.arange(len(masks)))


@given(seeds, st.integers(0, 10**6), st.integers(0, 255))
def test_damage_is_a_typed_error_or_does_not_matter(seed, at, byte):
    tracks, is_dynamic = some_tracks(seed)
    content = pack_tracks(tracks, is_dynamic)
    place = at % len(content)
    for damaged in (content[:place], content[:place] + bytes([byte]) + content[place + 1 :]):
        try:
            found, dynamic = read_tracks(damaged)
        except StorageError:
            continue
        assert len(dynamic) == found.count


@pytest.mark.parametrize(
    "changed",
    [
        {"track": np.array([0, 0, 2, 2], np.int32)},
        {"track": np.array([1, 1, 2, 2], np.int32)},
        {"track": np.array([0, 0, 1, 1], float)},
        {"track": np.array([[0, 0, 1, 1]], np.int32)},
        {"frame": np.array([1, 0, 0, 1], np.int32)},
        {"frame": np.array([0, 2, 0, 1], np.int32)},
        {"xy": np.zeros((4, 3), np.float32)},
        {"xy": np.full((4, 2), np.nan, np.float32)},
        {"is_dynamic": np.zeros(3, bool)},
        {"is_dynamic": np.zeros(2)},
        {"size": np.array([640, 0])},
        {"times_s": np.zeros(3)},
        {"times_s": np.array([{}, {}], object)},
    ],
)
def test_tracks_of_another_shape_are_refused(changed):
    tracks = tracks_from(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.zeros((4, 2)), [0, 1], [0, 2], (640, 360))
    given = arrays_of(tracks, np.zeros(2, bool))
    assert read_tracks(pack_arrays(**given))[0].count == 2
    with pytest.raises(StorageError, match="cannot be read"):
        read_tracks(pack_arrays(**{**given, **changed}))


@pytest.mark.parametrize("shape", [(2, 3), (2, -3, -4), (2, 3, 5), (2**40, 2**40, 2**40), (1, 3, 4)])
def test_masks_of_another_shape_are_refused(shape):
    with pytest.raises(StorageError, match="cannot be read"):
        read_masks(pack_arrays(frame_index=np.arange(2), shape=np.array(shape), bits=np.zeros(3, np.uint8)))


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive", np.arange(3).tobytes()])
def test_what_is_no_archive_is_refused(content):
    with pytest.raises(StorageError, match="cannot be read"):
        read_arrays(content)
