from dataclasses import replace

import numpy as np

from factory.depth.agree import Agreement
from tests.depth.walks import off, walk

MADE = walk()
TRUE = {frame: MADE.depth[frame].astype(np.float32) for frame in range(6)}


def test_true_depth_is_confirmed_and_a_lie_is_not():
    depth = {frame: values.copy() for frame, values in TRUE.items()}
    depth[2][20:50, 30:70] *= 1.2
    count = Agreement().confirmed(MADE.posed, depth, 2)
    assert np.mean(count[55:] >= 2) > 0.9
    assert np.mean(count[25:45, 35:65] >= 2) < 0.05


def test_what_others_know_is_carried_over_and_the_nearest_surface_wins():
    sure = {frame: np.ones(values.shape, bool) for frame, values in TRUE.items()}
    found = Agreement().fused(MADE.posed, TRUE, sure, 2)
    known = np.isfinite(found)
    assert known.mean() > 0.9
    assert np.median(np.abs(found[known] / TRUE[2][known] - 1)) < 0.01
    assert off(found, TRUE[2], known) < 0.02
    poses = MADE.posed.world_from_cam.copy()
    poses[np.arange(6) != 2, :3, :3] = np.diag([-1.0, 1.0, -1.0])  # what they see lies behind the frame's camera
    turned = replace(MADE.posed, world_from_cam=poses)
    assert np.isnan(Agreement().fused(turned, TRUE, sure, 2)).all()
    nothing = {frame: ~pixels for frame, pixels in sure.items()}
    assert np.isnan(Agreement().fused(MADE.posed, TRUE, nothing, 2)).all()


def test_islands_and_what_is_scattered_are_dropped():
    sure = np.zeros((90, 160), bool)
    sure[:, :60] = True
    sure[40:46, 100:106] = True  # an island
    sure[::4, 120::4] = True  # scattered
    assert np.array_equal(np.flatnonzero(Agreement().supported(sure).any(axis=0)), np.arange(60))


def test_the_nearest_frames_are_asked():
    assert Agreement(frames=3).nearest([0, 2, 4, 6, 8], 4) == [2, 6, 0]
