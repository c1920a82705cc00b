"""The file of points is read as it was packed, and what is damaged is refused."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import StorageError
from factory.points import ScenePoints, pack_points, read_points


def some_points(seed):
    rng = np.random.default_rng(seed)
    count, frames = int(rng.integers(0, 9)), int(rng.integers(1, 6))
    point, frame = np.nonzero(rng.random((count, frames)) < rng.random())
    return ScenePoints(
        rng.normal(size=(count, 3)).astype(np.float32),
        rng.integers(0, 256, (count, 3), np.uint8),
        rng.random(count).astype(np.float32),
        point.astype(np.int32),
        frame.astype(np.int32),
        rng.random((len(point), 2)).astype(np.float32),
        rng.random(frames).astype(np.float32),
        640,
        360,
    )


@given(st.integers(0, 2**32 - 1))
def test_points_are_read_as_they_were_packed(seed):
    packed = some_points(seed)
    found = read_points(pack_points(packed))
    for field in fields(ScenePoints):
        ours, theirs = getattr(packed, field.name), getattr(found, field.name)
        assert np.array_equal(ours, theirs)
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype


GOOD = next(found for found in map(some_points, range(99)) if len(found.point) > 9)
WRONG = {
    "another type": {"rgb": GOOD.rgb.astype(float)},
    "another shape": {"error_px": GOOD.error_px[:-1]},
    "a point beyond the last": {"point": GOOD.point + len(GOOD.xyz)},
    "a frame before the first": {"frame": GOOD.frame - len(GOOD.frame_error_px)},
    "a place that is none": {"xyz": GOOD.xyz * np.float32(np.nan)},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_damage_is_refused(wrong):
    with pytest.raises(StorageError):
        read_points(pack_points(replace(GOOD, **wrong)))
