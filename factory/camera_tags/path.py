"""What a trajectory does over time, in the words of who moves a camera: how far it has panned, dollied, ... by then."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.interpolate import make_smoothing_spline

from factory.camera_tags.upright import angles, ground, vertical

Kind = Literal["pan", "tilt", "roll", "dolly", "truck", "pedestal", "orbit", "zoom"]

# What a hand adds lies above, what is meant below: people who film walk and pan in seconds, and shake at 1 Hz and more.
# The cut is where smoothing halves an oscillation.
# Of 0.6 to 1.0 Hz the last confuses pans that start and stop with shake the least.
SHAKE_HZ = 1.0
LEAST_SMOOTHED = 5  # frames; of fewer the spline is not defined, and nothing is smoothed
LEAST_RATE_HZ = 8.0  # frames a second from which on a shake is told: up to 4 Hz then shows; a guess

# An orbit, judged in windows of this length, a guess (1.5 to 3 s tell the same but of one clip): the camera goes
# sideways, at least by this much of how it goes ahead, and turns the other way about a point between these distances,
# in median depths. Rendered and real orbits have 0.35 (a dog before far hills) to 1.3.
WINDOW_S = 1.0
LEAST_SIDEWAYS = 0.5
RADII = (0.25, 2.5)


@dataclass(frozen=True)
class CameraPath:
    """A camera's way through F registered frames, smoothed.

    amounts: for each kind of motion how much of it was done by each frame, float64 (F,), 0 in the first: pan, tilt,
    roll and orbit in degrees (right, up, clockwise, and going to the right round what is looked at), dolly, truck and
    pedestal in median depths (ahead, right, up), zoom in log focal length (in). A kind that cannot be known is missing.
    orbiting: bool (F - 1,), the steps in which pan and truck are an orbit's. shake_deg: median angle between the camera
    and its smoothed self; None where there are too few frames, or too far apart.
    """

    amounts: dict[Kind, np.ndarray]
    orbiting: np.ndarray
    shake_deg: float | None

    def beside_orbit(self, kind: Kind) -> np.ndarray:
        """What was done of a kind by each frame outside of an orbit, float64 (F,)."""
        return _summed(np.where(self.orbiting, 0.0, np.diff(self.amounts[kind])))


def camera_path(
    times_s: np.ndarray, world_from_cam: np.ndarray, median_depth: float | None, focal_px: np.ndarray | None
) -> CameraPath:
    """The way of a camera through F >= 2 frames.

    times_s: float64 (F,), increasing. world_from_cam: float64 (F, 4, 4). median_depth: of what is seen, in the unit of
    the positions; None where these cannot be used. focal_px: float64 (F,), of a lens that zooms; None of others.
    """
    rotation, position = world_from_cam[:, :3, :3], world_from_cam[:, :3, 3]
    up = vertical(rotation)
    turned = angles(rotation, up)
    smooth = smoothed(times_s, turned)
    amounts: dict[Kind, np.ndarray] = {
        "pan": smooth[:, 0] - smooth[0, 0],
        "tilt": smooth[:, 1] - smooth[0, 1],
        "roll": smooth[:, 2] - smooth[0, 2],
    }
    orbiting = np.zeros(len(times_s) - 1, bool)
    if median_depth is not None:
        steps = np.diff(smoothed(times_s, position), axis=0) / median_depth
        heading = np.radians((smooth[:-1, 0] + smooth[1:, 0]) / 2)
        ahead, right = ground(rotation[0], up)
        sideways = np.outer(np.cos(heading), right) - np.outer(np.sin(heading), ahead)
        amounts["dolly"] = _summed(np.sum(steps * np.cross(up, sideways), axis=1))
        amounts["truck"] = _summed(np.sum(steps * sideways, axis=1))
        amounts["pedestal"] = _summed(steps @ up)
        orbiting = _orbiting(times_s, amounts)
        amounts["orbit"] = _summed(np.where(orbiting, -np.diff(amounts["pan"]), 0.0))
    if focal_px is not None:
        zoom = smoothed(times_s, np.log(focal_px)[:, None])[:, 0]
        amounts["zoom"] = zoom - zoom[0]
    return CameraPath(amounts, orbiting, _shake(times_s, turned - smooth, turned[:, 1]))


def smoothed(times_s: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values (F, k) without what is faster than `SHAKE_HZ`, by a cubic smoothing spline (Reinsch, Numer. Math. 1967);
    as they are where there are too few. What one pass leaves is smoothed again and added ("twicing", Tukey 1977), which
    keeps the starts and stops of what is meant."""
    if len(times_s) < LEAST_SMOOTHED:
        return values
    # A pass keeps 1 / (1 + stiffness * step * w^4) of an oscillation of angular frequency w; two leave half of it where
    # stiffness * step * w^4 is 1 + sqrt(2).
    step_s = (times_s[-1] - times_s[0]) / (len(times_s) - 1)
    stiffness = (1.0 + np.sqrt(2.0)) / (step_s * (2.0 * np.pi * SHAKE_HZ) ** 4)

    def passed(series: np.ndarray) -> np.ndarray:
        return np.asarray(make_smoothing_spline(times_s, series, lam=stiffness)(times_s))

    once = [passed(series) for series in values.T]
    return np.stack([kept + passed(series - kept) for kept, series in zip(once, values.T, strict=True)], axis=1)


def _orbiting(times_s: np.ndarray, amounts: dict[Kind, np.ndarray]) -> np.ndarray:
    """In which steps the camera goes round what it looks at, bool (F - 1,)."""
    middle = (times_s[:-1] + times_s[1:]) / 2

    def done(kind: Kind) -> np.ndarray:
        before, after = (np.interp(middle + half_s, times_s, amounts[kind]) for half_s in (-WINDOW_S / 2, WINDOW_S / 2))
        return np.asarray(after - before)

    turn, truck, dolly = np.radians(done("pan")), done("truck"), done("dolly")
    near, far = (radius * np.abs(turn) for radius in RADII)
    within = (np.abs(truck) >= near) & (np.abs(truck) <= far)
    return within & (truck * turn < 0) & (np.abs(truck) >= LEAST_SIDEWAYS * np.abs(dolly))


def _shake(times_s: np.ndarray, rest_deg: np.ndarray, elevation_deg: np.ndarray) -> float | None:
    """Median length of what smoothing has taken from heading, elevation and roll, (F, 3): one start or stop of a pan
    leaves something too, but in few frames."""
    rate_hz = (len(times_s) - 1) / (times_s[-1] - times_s[0])
    if len(times_s) < LEAST_SMOOTHED or rate_hz < LEAST_RATE_HZ:
        return None
    seen = rest_deg * np.stack([np.cos(np.radians(elevation_deg)), *np.ones((2, len(times_s)))], axis=1)
    return float(np.median(np.linalg.norm(seen, axis=1)))


def _summed(steps: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(steps)])
