"""Which way is up for a camera that nobody asked for gravity, and heading, elevation and roll against that."""

import numpy as np
from scipy.spatial.transform import Rotation

HELD_DEG = (
    3.0  # horizontals that keep within this of one another tell little of it: a hand shakes by half a degree; a guess
)
UPRIGHT_DEG = 3.0  # and those of a camera that is held upright lie this flat, root mean square; a guess
# Between that vertical and the mean camera's. Beyond, what is taken for a pan of a camera that looks down would be more
# of a roll; a guess: who films what lies on a table looks down by 30 to 40 degrees.
MOST_PITCH_DEG = 45.0


def vertical(rotation: np.ndarray) -> np.ndarray:
    """The direction that is up in a clip, float64 (3,) of length 1, of camera-to-world rotations (F, 3, 3).

    People keep a camera's horizontal level while they pan, also where it looks up or down: up is square to all x axes
    (Brown and Lowe, IJCV 2007, sec. 5, straighten panoramas by it). Where these tell none, as in a straight dolly, or
    do not agree, as in a roll, up is that of the mean camera. A pan and a roll that keep in step are so a pan of a
    camera that looks up or down: without gravity nothing tells them apart.
    """
    mean_up = -Rotation.from_matrix(rotation).mean().as_matrix()[:, 1]
    x_axes = rotation[:, :, 0]
    held = np.sin(np.radians(HELD_DEG)) ** 2 * (np.eye(3) - np.outer(mean_up, mean_up))
    up = np.linalg.eigh(x_axes.T @ x_axes / len(x_axes) + held)[1][:, 0]
    up *= np.sign(up @ mean_up) or 1.0
    level = np.sqrt(np.mean((x_axes @ up) ** 2)) <= np.sin(np.radians(UPRIGHT_DEG))
    return up if level and up @ mean_up >= np.cos(np.radians(MOST_PITCH_DEG)) else mean_up


def ground(first: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ahead and right of a camera, rotation (3, 3), in the plane square to `up`, float64 (3,) of length 1 each."""
    right = np.cross(first[:, 2], up)
    right = first[:, 0] if np.linalg.norm(right) < 1e-9 else right / np.linalg.norm(right)
    return np.cross(up, right), right


def angles(rotation: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Heading, elevation and roll of camera-to-world rotations (F, 3, 3), degrees, float64 (F, 3), without jumps by a
    whole turn. Right, up and clockwise, as who holds the camera sees it, are positive; the heading counts from the
    first camera's. Heading and roll mean little within some degrees of straight up and down."""
    ahead, right = ground(rotation[0], up)
    x, y, z = (rotation[:, :, k] for k in range(3))
    heading = np.arctan2(z @ right, z @ ahead)
    roll = np.arctan2(-(x @ up), -(y @ up))
    elevation = np.arcsin(np.clip(z @ up, -1.0, 1.0))
    return np.degrees(np.stack([np.unwrap(heading), elevation, np.unwrap(roll)], axis=1))
