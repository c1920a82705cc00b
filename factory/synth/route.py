"""Ways on the ground, and how far along them one is at any time. What drives, and cameras that drive, follow them."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline, PchipInterpolator

from factory.synth.scene import Motion, turned

Progress = Callable[[np.ndarray], np.ndarray]  # times_s (T,) -> metres along a route (T,)

FINE = 64  # samples between two waypoints, by which the length of the curve is measured


class Route:
    """A smooth curve through waypoints (N, 2) or (N, 3), by metres along it; straight on beyond its ends."""

    def __init__(self, waypoints: ArrayLike) -> None:
        points = np.asarray(waypoints, float)
        if points.shape[1] == 2:
            points = np.column_stack([points, np.zeros(len(points))])
        knots = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        fine = CubicSpline(knots, points)(np.linspace(0, knots[-1], FINE * (len(points) - 1) + 1))
        metres = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
        self.length_m = float(metres[-1])
        self._curve = CubicSpline(metres, fine)

    def position(self, metres: np.ndarray) -> np.ndarray:
        """Points (T, 3)."""
        metres = np.asarray(metres, float)
        inside = np.clip(metres, 0, self.length_m)
        return self._curve(inside) + (metres - inside)[:, None] * self._curve(inside, 1)

    def heading_deg(self, metres: np.ndarray) -> np.ndarray:
        """Where it leads, (T,), from the x axis towards the y axis."""
        ahead = self._curve(np.clip(metres, 0, self.length_m), 1)
        return np.degrees(np.arctan2(ahead[:, 1], ahead[:, 0]))

    def bend_per_m(self, metres: np.ndarray) -> np.ndarray:
        """Curvature in radians a metre, (T,), positive to the left."""
        metres = np.clip(metres, 0, self.length_m)
        d, dd = self._curve(metres, 1), self._curve(metres, 2)
        return (d[:, 0] * dd[:, 1] - d[:, 1] * dd[:, 0]) / (d[:, 0] ** 2 + d[:, 1] ** 2) ** 1.5

    def beside(self, metres: np.ndarray, left_m: ArrayLike) -> np.ndarray:
        """Points (T, 3) to the left of the route."""
        heading = np.radians(self.heading_deg(metres))
        left = np.stack([-np.sin(heading), np.cos(heading), np.zeros(len(heading))], axis=1)
        return self.position(metres) + left * np.reshape(left_m, (-1, 1))


def steady(speed_m_s: float, start_m: float = 0.0) -> Progress:
    """Constant speed."""
    return lambda times_s: start_m + speed_m_s * np.asarray(times_s, float)


def speeds(times_s: Sequence[float], speeds_m_s: Sequence[float], start_m: float = 0.0) -> Progress:
    """Smoothly from one speed to the next; constant speeds before the first and after the last of the times."""
    # Knots far outside make the ends constant, also for exposures that begin before time 0.
    knots = np.concatenate([[times_s[0] - 60.0], times_s, [times_s[-1] + 60.0]])
    values = np.concatenate([speeds_m_s[:1], speeds_m_s, speeds_m_s[-1:]])
    distance = PchipInterpolator(knots, values).antiderivative()
    return lambda at_s: start_m + distance(np.asarray(at_s, float)) - distance(0.0)


def driving(route: Route, progress: Progress, left_m: float = 0.0) -> Motion:
    """Along a route, or beside it, heading where it leads (the object's x axis)."""

    def motion(time_s: float) -> np.ndarray:
        metres = progress(np.array([time_s]))
        return turned(float(route.heading_deg(metres)[0]), route.beside(metres, left_m)[0])

    return motion
