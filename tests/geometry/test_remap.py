"""Pictures through another lens: there and back, between all models, and where a table leads nowhere."""

from itertools import permutations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from factory.geometry.lens import Lens, equirect180, fisheye, pinhole, transverse
from factory.geometry.remap import MOST_SIDE_PX, inside, pixel_grid, remap_table

SIZE = (96, 96)
LENSES = {
    "pinhole": pinhole(60, SIZE, -0.05),
    "fisheye": fisheye(40, SIZE),
    "equirect180": equirect180(SIZE),
    "transverse": transverse(35, SIZE),
}
PAIRS = pytest.mark.parametrize("source, target", list(permutations(LENSES, 2)))
ANGLES = st.tuples(*[st.floats(-25, 25)] * 3)


@PAIRS
@settings(max_examples=20, deadline=None)
@given(turn_deg=ANGLES)
def test_a_table_leads_to_where_the_source_sees_the_same_ray(source, target, turn_deg):
    rotation = Rotation.from_rotvec(turn_deg, degrees=True).as_matrix()
    table = remap_table(LENSES[source], LENSES[target], SIZE, rotation)
    assert table.shape == (96, 96, 2)
    assert table.dtype == np.float32
    kept = inside(table, SIZE).ravel()
    assert kept.any()
    rays = LENSES[source].rays(table.reshape(-1, 2)[kept])
    np.testing.assert_allclose(rays, LENSES[target].rays(pixel_grid(SIZE))[kept] @ rotation.T, atol=1e-6)


@PAIRS
@settings(max_examples=20, deadline=None)
@given(turn_deg=ANGLES)
def test_there_and_back_ends_at_the_start(source, target, turn_deg):
    rotation = Rotation.from_rotvec(turn_deg, degrees=True).as_matrix()
    there = remap_table(LENSES[source], LENSES[target], SIZE, rotation).reshape(-1, 2)
    kept = inside(there, SIZE)
    rays = LENSES[source].rays(there[kept]) @ rotation
    back, seen = LENSES[target].project(rays)
    assert seen.all()
    np.testing.assert_allclose(back, pixel_grid(SIZE)[kept], atol=1e-3)  # float32 tables


def test_a_picture_survives_going_round():
    """A smooth picture, equirectangular to transverse and back, is itself where both see."""
    x, y = np.meshgrid(*[np.linspace(0, 4 * np.pi, n) for n in SIZE])
    picture = np.round(127 + 60 * np.sin(x) + 60 * np.cos(y)).astype(np.uint8)
    there, back = (
        remap_table(*(LENSES[name] for name in names), SIZE)
        for names in (("equirect180", "transverse"), ("transverse", "equirect180"))
    )
    found = cv2.remap(cv2.remap(picture, there, None, cv2.INTER_LINEAR), back, None, cv2.INTER_LINEAR)
    kept = inside(back, SIZE)
    assert kept.mean() > 0.6
    assert np.abs(found[kept].astype(int) - picture[kept]).max() <= 6


def test_what_the_source_does_not_see_comes_out_black():
    behind = remap_table(LENSES["pinhole"], LENSES["transverse"], SIZE, np.diag([-1.0, 1.0, -1.0]))
    assert not inside(behind, SIZE).any()
    seen = cv2.remap(np.full((96, 96), 255, np.uint8), behind, None, cv2.INTER_LINEAR)
    assert (seen == 0).all()


def test_a_table_is_made_once_and_not_written_to():
    first = remap_table(LENSES["fisheye"], LENSES["pinhole"], SIZE)
    assert remap_table(LENSES["fisheye"], LENSES["pinhole"], SIZE, np.eye(3)) is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0


def test_sides_up_to_what_opencv_takes():
    long = Lens("transverse", 1e6, 0.0, 0.0)
    table = remap_table(long, long, (MOST_SIDE_PX, 1))
    picture = np.arange(MOST_SIDE_PX, dtype=np.uint16)[None]
    np.testing.assert_array_equal(cv2.remap(picture, table, None, cv2.INTER_NEAREST), picture)
    with pytest.raises(ValueError, match="larger"):
        remap_table(long, long, (MOST_SIDE_PX + 1, 1))
