"""What pictures show about points, compared."""

import numpy as np

from factory.patches import likeness, patches
from tests.world.test_follow import sliding


def test_patches_are_like_themselves_whatever_the_light():
    picture = sliding(1)[0]
    xy = np.random.default_rng(0).uniform(10, 100, (50_000, 2)).astype(np.float32)  # more than OpenCV takes at once
    seen = patches(picture, xy, 9)
    darker = likeness(patches((0.5 * picture + 20).astype(np.uint8), xy, 9), seen)
    assert np.quantile(darker, 0.01) > 0.97
    assert darker.min() > 0.9
    assert abs(np.mean(likeness(patches(picture, xy + 20, 9), seen))) < 0.1
    assert seen.dtype == np.float32


def test_a_patch_is_the_picture_about_the_point():
    picture = np.random.default_rng(1).integers(0, 256, (20, 30), np.uint8)
    np.testing.assert_array_equal(patches(picture, np.array([[7, 9]]), 3)[0], picture[8:11, 6:9].ravel())
    between = patches(picture, np.array([[7.5, 9.0]]), 2)[0]
    expected = [picture[9 + y, 7 + x] for y in (0, 0, 1, 1) for x in (0, 1)]
    assert between.shape == (4,)
    assert picture[8:11].min() <= between.min() <= between.max() <= max(picture[8:11].max(), max(expected))
