"""Scene motion against its definition in loops."""

import numpy as np
import pytest

from factory.geometry.camera import invert_rigid, transform_points
from factory.geometry.lens import pinhole, transverse
from factory.world import motion
from factory.world.motion import PAPER_FOCAL_PX, scene_motion
from tests.world.made_tracks import path_of
from tests.world.walks import walks

LENSES = [(pinhole(300.0, (400, 300)), (400, 300)), (transverse(200.0, (400, 400)), (400, 400))]


def in_loops(lens, size, seen, poses):
    found = np.zeros(len(seen.track))
    for row in range(len(found)):
        camera = invert_rigid(poses[seen.frame[row]])
        here = lens.project(transform_points(camera, seen.points[row : row + 1]))[0][0]
        for other in range(len(found)):
            before = seen.frame[row] - seen.frame[other]
            if seen.track[other] == seen.track[row] and 0 < before <= 16:
                xy, ahead = lens.project(transform_points(camera, seen.points[other : other + 1]))
                if ahead[0] and np.all((xy[0] >= -0.5) & (xy[0] <= np.array(size) - 0.5)):
                    found[row] = max(found[row], np.linalg.norm(xy[0] - here))
    return found * PAPER_FOCAL_PX / lens.focal_px


@pytest.mark.parametrize("lens, size", LENSES)
def test_it_is_its_definition(lens, size, monkeypatch):
    monkeypatch.setattr(motion, "BLOCK", 30)  # several
    seen, _ = walks(count=4, frames=24, speed=2.0, noise=1.0, gaps=0.2)
    np.testing.assert_allclose(scene_motion(lens, size, seen, path_of(seen)), in_loops(lens, size, seen, path_of(seen)))


def test_what_stands_still_has_none_however_the_camera_moves():
    lens, size = LENSES[0]
    seen, _ = walks(count=4, speed=1.0, noise=0.0)
    found = scene_motion(lens, size, seen, path_of(seen))
    assert found[seen.track % 2 == 0].max() < 1e-6
    assert found[seen.track % 2 == 1].max() > 20


def test_a_pixel_is_an_angle_whatever_the_lens():
    """The same scene through a lens of twice the pixels."""
    seen, _ = walks(count=4, speed=0.3)
    fine, coarse = (scene_motion(pinhole(f, (s, s)), (s, s), seen, path_of(seen)) for f, s in ((600, 1600), (300, 800)))
    np.testing.assert_allclose(fine, coarse, rtol=1e-6)
