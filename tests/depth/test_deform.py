import numpy as np

from factory.depth.deform import Deform, Known

SIZE, FRAMES = (64, 36), 3


def known(factor, wrong: float = 0.0, right: bool = True) -> Known:
    """Points all over three frames, of a truth that is the prior times factor(x, y)."""
    rng = np.random.default_rng(0)
    count = 1500
    xy = rng.uniform(0, [SIZE[0] - 1, SIZE[1] - 1], (count, 2))
    if not right:
        xy = xy[xy[:, 0] < 20]
    prior = rng.uniform(0.5, 2, len(xy))
    inverse = prior * factor(xy[:, 0], xy[:, 1])
    lies = rng.random(len(xy)) < wrong
    inverse[lies] *= 3
    return Known(np.sort(rng.integers(0, FRAMES, len(xy))), xy, prior, inverse, np.ones(len(xy)))


def bent(x, y):
    return 1 + 0.15 * np.sin(x / 20) - 0.1 * np.cos(y / 15)


def test_a_smooth_distortion_is_undone_though_some_points_lie():
    factors = Deform()(known(bent, wrong=0.1), FRAMES, SIZE)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    assert factors.shape == (FRAMES, SIZE[1], SIZE[0])
    assert np.abs(factors / bent(x, y) - 1).mean() < 0.01
    assert np.abs(bent(x, y) - 1).mean() > 0.07


def test_far_from_all_points_the_prior_stands():
    factors = Deform(to_one=0.01)(known(lambda x, y: 1 + 0 * x + 0 * y, right=False), FRAMES, SIZE)
    assert np.allclose(factors, 1.0, atol=1e-3)
    pulled = Deform(to_one=0.1)(known(lambda x, y: 1.3 + 0 * x + 0 * y, right=False), FRAMES, SIZE)
    assert pulled[:, :, :15].mean() > 1.25
    assert pulled[:, :, -5:].mean() < pulled[:, :, :15].mean() - 0.02


def test_nothing_known_changes_nothing():
    empty = Known(np.empty(0, int), np.empty((0, 2)), np.empty(0), np.empty(0), np.empty(0))
    assert np.all(Deform()(empty, 2, SIZE) == 1.0)
