"""The hard scenes hide as much of the world as they say, and the camera goes its way in it."""

import numpy as np
import pytest

from factory.synth.film import camera_at
from factory.synth.presets import hard
from factory.synth.presets.hard_passing import starting, stopping
from factory.synth.produce import Order, ordered_clip
from factory.synth.render import Renderer
from factory.synth.scene import UNNAMED
from factory.synth.sets.mirror import PLANE_M

# Share of the picture that moves, about, in the middle of the clip.
HIDDEN = {
    "hard_carried": (0.7, 0.85),
    "hard_train": (0.7, 0.85),
    "hard_train_slow": (0.5, 0.85),
    "hard_slow": (0.05, 0.3),
    "hard_carriage": (0.5, 0.85),
    "hard_tray": (0.6, 0.75),
    "hard_frame": (0.65, 0.8),
    "hard_two_boxes": (0.6, 0.8),
    "hard_grille": (0.55, 0.7),
    "hard_train_fast": (0.65, 0.85),
    "hard_train_starts": (0.7, 0.87),
    "hard_train_stops": (0.65, 0.85),
    "hard_two_trains": (0.7, 0.85),
    "hard_escort": (0.45, 0.75),
    "hard_door": (0.45, 0.75),
    "hard_person": (0.55, 0.8),
    "hard_shadow": (0.45, 0.7),
    "hard_turntable": (0.65, 0.8),
    "hard_mirror": (0.55, 0.8),
}


@pytest.mark.usefixtures("bare_walls")
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", hard.ENTRIES)
def test_what_moves_hides_as_much_as_it_says_and_has_a_name(name, seed):
    take = ordered_clip(Order("hard", seed=seed, size=(160, 90)), name).takes[0]
    renderer, camera = Renderer(take.scene), camera_at(take, 1.5)
    sight, _ = renderer.trace(camera.lens, (160, 90), camera.world_from_cam, 1.5)
    low, high = HIDDEN[name]
    assert low < np.isin(sight.body, renderer.geometry.moving).mean() < high
    names = [name for name, _ in take.scene.objects()]
    assert UNNAMED not in names
    assert len(set(names)) == len(names)


@pytest.mark.usefixtures("bare_walls")
@pytest.mark.parametrize("name", hard.ENTRIES)
def test_the_camera_has_a_path_of_its_own(name):
    take = ordered_clip(Order("hard"), name).takes[0]
    positions = take.path(np.arange(36) / 12)[:, :3, 3]
    assert np.linalg.norm(positions[-1] - positions[0]) > 0.5


def test_what_starts_and_stops_does_so_when_it_says():
    start, stop = starting(2.0, 1.0, 0.5), stopping(2.0, 1.0, 0.5)
    times_s = np.array([0.0, 1.0, 1.5, 2.0, 3.0])
    np.testing.assert_allclose([start(t) for t in times_s], [0, 0, 0.5, 1.5, 3.5], atol=1e-12)
    np.testing.assert_allclose([stop(t) for t in times_s], [0, 2.0, 2.5, 2.5, 2.5], atol=1e-12)


@pytest.mark.usefixtures("bare_walls")
def test_a_reflection_is_where_a_mirror_shows_it():
    """Each point as far behind the mirror's plane as the thing's own is before it, at all times."""
    scene = ordered_clip(Order("hard"), "hard_mirror").takes[0].scene
    (_, (stand,)), (name, (reflection,)) = scene.objects()
    assert name.startswith("reflection of ")
    for time_s in (0.0, 2.0):
        mesh, behind = (scene.bodies[body].at(time_s) for body in (stand, reflection))
        assert mesh.vertices[:, 1].max() < PLANE_M < behind.vertices[:, 1].min()
        np.testing.assert_allclose(behind.vertices[:, 1] - PLANE_M, PLANE_M - mesh.vertices[:, 1], atol=1e-12)
        np.testing.assert_allclose(behind.vertices[:, [0, 2]], mesh.vertices[:, [0, 2]], atol=1e-12)
        np.testing.assert_allclose(behind.normals, mesh.normals * (1, -1, 1), atol=1e-12)
