"""What the tests of presets share."""

from importlib import import_module

import numpy as np
import pytest

from factory.synth.presets import hard_carriage, hard_held, hard_near, hard_passing, panda_scenes
from factory.synth.sets import actors, closeup, flat, land, street, things
from factory.synth.textures import Texture

GREY = Texture(np.full((8, 8, 3), 128, np.uint8), 8)
PAINTERS = (
    "books",
    "bricks",
    "cloth",
    "enamel",
    "facade",
    "ground",
    "paint",
    "picture",
    "planks",
    "plaster",
    "terrazzo",
)


@pytest.fixture
def bare_walls(monkeypatch: pytest.MonkeyPatch) -> None:
    """All textures grey, for worlds in a tenth of the time."""
    room = import_module("factory.synth.sets.room")  # the package calls a function of it by the same name
    hard = (hard_carriage, hard_held, hard_near, hard_passing)
    for module in (actors, closeup, flat, land, room, street, things, panda_scenes, *hard):
        for painter in PAINTERS:
            if hasattr(module, painter):
                monkeypatch.setattr(module, painter, lambda *_args, **_more: GREY)
    monkeypatch.setattr(street, "_slabs", lambda _rng: GREY)
    monkeypatch.setattr(things, "stripes", lambda *_args: GREY)
