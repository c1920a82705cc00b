import numpy as np
import pytest

from factory.artifacts import pack_arrays, read_arrays
from factory.depth.file import pack_mono_depth, read_mono_depth
from factory.depth.maps import MonoDepth
from factory.errors import StorageError

RNG = np.random.default_rng(0)
ORIGIN = RNG.integers(0, 5, (2, 4, 5)).astype(np.uint8)
DEPTH = np.where(ORIGIN > 0, RNG.uniform(2e-7, 9e-7, (2, 4, 5)), np.nan).astype(np.float32)  # a tiny unit of length
NUMBERS = np.array([10, 12, 14, 16])


def packed(**other) -> bytes:
    return pack_mono_depth(MonoDepth(np.array([1, 3]), DEPTH, ORIGIN, 0.75, **other), NUMBERS)


@pytest.mark.parametrize("reliable", [True, False, None])
def test_what_is_written_is_read(reliable):
    found = read_mono_depth(packed(focal_reliable=reliable))
    assert found.frame.tolist() == [12, 16]
    assert np.allclose(found.depth, DEPTH, rtol=1e-3, atol=0, equal_nan=True)
    assert np.array_equal(found.origin, ORIGIN)
    assert np.array_equal(found.sure, ORIGIN == 1)
    assert (found.agreement, found.focal_reliable) == (0.75, reliable)


def test_an_infinite_depth_becomes_unknown():
    depth, origin = np.ones((1, 1, 3), np.float32), np.full((1, 1, 3), 3, np.uint8)
    depth[0, 0, 2] = 1e9
    found = read_mono_depth(pack_mono_depth(MonoDepth(np.array([0]), depth, origin, 0.0), NUMBERS))
    assert np.isnan(found.depth[0, 0, 2])
    assert found.origin.tolist() == [[[3, 3, 0]]]


def test_no_frame_at_all_is_read():
    nothing = MonoDepth(np.empty(0, int), np.empty((0, 4, 5), np.float32), np.empty((0, 4, 5), np.uint8), 0.0)
    assert len(read_mono_depth(pack_mono_depth(nothing, NUMBERS)).frame) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"depth": np.ones((2, 4))},
        {"depth": np.full((2, 4, 5), -1.0, np.float16)},
        {"origin": np.zeros((2, 4, 5), np.uint8)},
        {"origin": np.full((2, 4, 5), 9, np.uint8)},
        {"origin": ORIGIN[:1]},
        {"frame_index": np.array([16, 12])},
        {"frame_index": np.array([1.0, 2.0])},
        {"unit": np.array(np.nan)},
        {"unit": np.array([1.0, 2.0])},
        {"agreement": np.array(1.5)},
        {"focal_reliable": np.array(7)},
    ],
)
def test_broken_content_is_refused(changed):
    with pytest.raises(StorageError, match="artifact cannot be read"):
        read_mono_depth(pack_arrays(**{**read_arrays(packed()), **changed}))
    with pytest.raises(StorageError):
        read_mono_depth(packed()[:100])
