from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from factory.depth.neighbours import ChooseNeighbours
from tests.depth.walks import walk


def choose(made, frame, parallaxes):
    inverse = (1 / made.depth[frame]).astype(np.float32)
    return ChooseNeighbours(parallaxes=parallaxes)(made.posed, frame, inverse)


def test_frames_of_the_wanted_parallax_on_both_sides():
    """0.06 m at the median depth of 4 m are 0.013 of the width."""
    made = walk(frames=9)
    assert choose(made, 4, (0.026,)) == [2, 6]
    assert choose(made, 4, (0.04, 0.013)) == [1, 3, 5, 7]


def test_at_the_ends_the_other_side_stands_in():
    made = walk(frames=9)
    found = choose(made, 0, (0.04, 0.013))
    assert found == [1, 2, 3, 4]


@pytest.mark.parametrize("lost", ["turned away", "turned aside", "not placed", "stands"])
def test_what_shows_nothing_of_the_frame_is_not_compared(lost):
    made = walk(frames=9)
    poses = made.posed.world_from_cam.copy()
    if lost == "turned away":
        poses[5:, :3, :3] = np.diag([-1.0, 1.0, -1.0])
    elif lost == "turned aside":  # by 40 degrees, of 60 that the picture shows
        poses[5:, :3, :3] = Rotation.from_euler("y", 40, degrees=True).as_matrix()
    elif lost == "not placed":
        poses[5:] = np.nan
    else:
        poses[5:] = poses[4]
    other = replace(made, posed=replace(made.posed, world_from_cam=poses))
    assert all(frame < 4 for frame in choose(other, 4, (0.04, 0.013)))
