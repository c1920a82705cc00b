"""Flow tracks and their weights, by hand."""

import numpy as np
import pytest

from factory.refine.flow_tracks import FollowFlow, weights

SIZE = (64, 48)


class Steady:
    """Everything moves by the same way from each frame to the next."""

    def __init__(self, way=(3.0, 0.0), back=None):
        self.way, self.back = np.array(way), -np.array(way) if back is None else np.array(back)

    def pairs(self, frames, pairs, warps=None):
        assert warps is None
        ways = [self.way if i < j else self.back for i, j in pairs]
        return np.broadcast_to(np.array(ways)[:, None, None], (len(pairs), *frames.shape[1:3], 2))


def followed(flow, moving=None, frames=5, **options):
    pictures = np.zeros((frames, SIZE[1], SIZE[0], 3), np.uint8)
    moving = np.zeros(pictures.shape[:3], bool) if moving is None else moving
    return FollowFlow(**{"grid": 4, "length": 3, **options, "flow": flow})(pictures, moving)


def test_a_grid_begins_in_every_frame_and_goes_with_the_flow():
    tracks = followed(Steady())
    assert tracks.frame.tolist() == np.repeat(range(4), 16).tolist()
    first = tracks.xy[0]
    assert first[0] == pytest.approx([64 / 5 - 0.5, 48 / 5 - 0.5])  # a fifth of the way: none lies at the border
    assert np.diff(first, axis=0).tolist() == [[3.0, 0.0]] * 2
    assert (tracks.doubt[tracks.frame < 3] == 0).all()
    assert np.isinf(tracks.doubt[tracks.frame == 3, 2]).all()  # past the last frame


def test_what_leaves_the_picture_or_comes_back_elsewhere_is_lost_for_good():
    out = followed(Steady((20.0, 0.0)), length=3)
    right = out.xy[:, 0, 0] > 38  # 51.2 - 0.5, and 38.4 - 0.5, which is out a step later
    assert np.isinf(out.doubt[right, 1:]).all()
    assert np.isinf(followed(Steady((3.0, 0.0), back=(-1.0, 0.0))).doubt[:, 1:]).all()

    class Once(Steady):
        """Is wrong between the first two frames alone."""

        def pairs(self, frames, pairs, warps=None):
            found = super().pairs(frames, pairs, warps).copy()
            found[[list(pair) == [1, 0] for pair in pairs]] *= 0.5
            return found

    once = followed(Once())
    assert np.isinf(once.doubt[once.frame == 0, 1:]).all()
    assert np.isfinite(once.doubt[once.frame == 1]).all()


def test_doubt_is_the_sum_of_the_masks_along_a_track_and_weight_what_is_left_of_it():
    moving = np.zeros((5, SIZE[1], SIZE[0]), np.float32)
    moving[1] = 0.2
    moving[2] = 0.4
    tracks = followed(Steady(), moving)
    assert tracks.doubt[tracks.frame == 0][0] == pytest.approx([0.0, 0.2, 0.6])
    assert tracks.doubt[tracks.frame == 1][0] == pytest.approx([0.2, 0.6, 0.6])
    assert weights(tracks.doubt[tracks.frame == 0], 0.5)[0] == pytest.approx([0.5, 0.3, 0.0])
    moving[:] = 0
    moving[2] = 1
    gone = followed(Steady(), moving)
    assert weights(gone.doubt[gone.frame == 1], 0.5).any(axis=0).tolist() == [True, False, False]
    assert weights(np.array([np.inf]), 0.5).tolist() == [0.0]
