"""The hard scenes hide as much of the world as they say, and the camera goes its way in it."""

import numpy as np
import pytest

from factory.synth.film import filmed
from factory.synth.presets import hard
from factory.synth.produce import Order, ordered_clip
from factory.synth.render import Renderer

# Share of the picture that moves, about, in the middle of the clip.
HIDDEN = {
    "hard_carried": (0.7, 0.85),
    "hard_train": (0.7, 0.85),
    "hard_train_slow": (0.5, 0.85),
    "hard_slow": (0.05, 0.3),
    "hard_carriage": (0.5, 0.85),
}


@pytest.mark.usefixtures("bare_walls")
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", hard.ENTRIES)
def test_what_moves_hides_as_much_as_it_says(name, seed):
    take = ordered_clip(Order("hard", seed=seed, size=(160, 90)), name).takes[0]
    renderer = Renderer(take.scene)
    (frame,) = filmed(renderer, take, np.array([1.5]), (160, 90), np.random.default_rng(0))
    low, high = HIDDEN[name]
    assert low < np.isin(frame.sight.body, renderer.geometry.moving).mean() < high


@pytest.mark.usefixtures("bare_walls")
@pytest.mark.parametrize("name", hard.ENTRIES)
def test_the_camera_has_a_path_of_its_own(name):
    take = ordered_clip(Order("hard"), name).takes[0]
    positions = take.path(np.arange(36) / 12)[:, :3, 3]
    assert np.linalg.norm(positions[-1] - positions[0]) > 0.5
