"""Lenses as functions of time."""

from collections.abc import Callable

from factory.geometry.lens import Lens, pinhole

SIZE = (640, 360)  # the size all benchmark sequences have


def fixed(focal_per_width: float, k1: float = 0.0) -> Callable[[float], Lens]:
    """The same lens at all times."""
    lens = pinhole(focal_per_width * SIZE[0], SIZE, k1)
    return lambda _time_s: lens


def zooming(focal_per_width: float, ratio: float, seconds: float) -> Callable[[float], Lens]:
    """Grows evenly on a logarithmic scale, as zoom motors and fingers do, to `ratio` times its first focal length."""
    return lambda time_s: pinhole(focal_per_width * SIZE[0] * ratio ** (time_s / seconds), SIZE)
