import numpy as np

from factory.depth.smooth import semi_global


def walked(cost, grey, p1, p2):
    """The recurrence, pixel by pixel and plane by plane, from the left."""
    planes, height, width = cost.shape
    path = np.array(cost, float)
    for y in range(height):
        for x in range(1, width):
            before = path[:, y, x - 1]
            jump = p2 * (0.2 + 0.8 * np.exp(-abs(grey[y, x] - grey[y, x - 1]) / 10.0))
            for d in range(planes):
                ways = [before[d], before.min() + jump]
                ways += [before[d + step] + p1 for step in (-1, 1) if 0 <= d + step < planes]
                path[d, y, x] = cost[d, y, x] + min(ways) - before.min()
    return path


def test_four_paths_are_those_of_the_recurrence():
    rng = np.random.default_rng(0)
    cost, grey = rng.random((6, 5, 7)).astype(np.float32), rng.uniform(0, 60, (5, 7)).astype(np.float32)
    expected = np.zeros(cost.shape)
    for turned in (False, True):
        for flipped in (False, True):
            c, g = (cost.transpose(0, 2, 1), grey.T) if turned else (cost, grey)
            c, g = (c[:, :, ::-1], g[:, ::-1]) if flipped else (c, g)
            path = walked(c, g, 0.1, 0.5)
            path = path[:, :, ::-1] if flipped else path
            expected += (path.transpose(0, 2, 1) if turned else path) / 4
    assert np.allclose(semi_global(cost, grey, 0.1, 0.5), expected, atol=1e-5)


def test_a_pixel_that_says_nothing_follows_its_neighbours():
    cost = np.ones((8, 9, 9), np.float32)
    cost[3] = 0.0
    cost[:, 4, 4] = 0.5
    cost[6, 4, 4] = 0.45
    assert semi_global(cost, np.zeros((9, 9), np.float32), 0.06, 0.6)[:, 4, 4].argmin() == 3
