"""Shared fixtures: the development videos, a rendered sample, small hand-made videos."""

import os
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def media() -> Path:
    """The development videos: FACTORY_MEDIA, or ../shared/media beside the checkout. Not part of the repository."""
    folder = Path(os.environ.get("FACTORY_MEDIA", ROOT.parent / "shared" / "media"))
    if not folder.is_dir():
        pytest.skip(f"the development videos are not at {folder}: set FACTORY_MEDIA to run this test")
    return folder


def picture(seed: int, height: int = 120, width: int = 160) -> np.ndarray:
    """A textured RGB picture, uint8 (H, W, 3): blocks of noise, rich in corners."""
    noise = np.random.default_rng(seed).uniform(0, 255, (height // 8, width // 8, 3))
    return np.kron(noise, np.ones((8, 8, 1))).astype(np.uint8)


def shifted(seed: int, count: int, step_px: int = 2, height: int = 120, width: int = 160) -> list[np.ndarray]:
    """`count` frames of one picture moving sideways."""
    return [np.roll(picture(seed, height, width), step_px * t, axis=1) for t in range(count)]
