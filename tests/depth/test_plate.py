import numpy as np
import pytest

from factory.depth.plate import Plate

GREY = np.full((36, 64, 3), 128, np.uint8)


def sown(truth: np.ndarray, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.where(where, truth, 0).astype(np.float32), where.astype(np.float32)


@pytest.mark.parametrize(("across", "down"), [(0.0, 0.0), (0.01, -0.02)])
def test_level_and_sloped_surfaces_go_on_where_nothing_is_known(across, down):
    y, x = np.mgrid[:36, :64]
    truth = 2.0 + across * x + down * y
    where = (x < 30) & (x % 5 == 0) & (y % 5 == 0)
    found = Plate(level=0.0)(GREY, *sown(truth, where))
    assert np.allclose(found, truth, atol=1e-3)


def test_it_breaks_where_colours_change():
    y, x = np.mgrid[:36, :64]
    truth = np.where(x < 32, 1.0, 3.0)
    picture = np.where((x < 32)[..., None], 40, 220).astype(np.uint8) * np.ones((1, 1, 3), np.uint8)
    where = ((x < 24) | (x > 40)) & (x % 4 == 0) & (y % 4 == 0)
    values = sown(truth, where)
    torn = Plate(floor=1e-5)(picture, *values)
    assert np.abs(torn - truth).max() < 0.1
    assert np.abs(Plate(floor=1e-5)(GREY, *values) - truth).max() > 0.5


def test_values_hold_by_their_weight():
    values, weight = np.zeros((36, 64), np.float32), np.zeros((36, 64), np.float32)
    values[::6, ::6], weight[::6, ::6] = 1.0, 1.0
    values[3::6, 3::6], weight[3::6, 3::6] = 2.0, 1e-4
    assert np.abs(Plate()(GREY, values, weight) - 1.0).max() < 0.01


def test_too_little_is_known():
    values, weight = sown(np.ones((36, 64)), np.zeros((36, 64), bool))
    weight[3, 4] = weight[9, 9] = 1.0
    assert Plate()(GREY, values, weight) is None
