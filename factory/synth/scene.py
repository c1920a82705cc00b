"""What a scene is made of: textured bodies, some of which move rigidly, and one lamp. Metres and seconds, z up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from factory.synth.mesh import Mesh
from factory.synth.textures import Texture

Motion = Callable[[float], np.ndarray]  # time_s -> world_from_object, rigid, float64 (4, 4)


@dataclass(frozen=True)
class Body:
    """A mesh with its texture. Without a motion its vertices are in the world's frame and it stands still."""

    mesh: Mesh
    texture: Texture
    world_from_object: Motion | None = None


@dataclass(frozen=True)
class Scene:
    """Bodies, convex each, and a lamp at `lamp_m` (3,). `ambient` is the share of light that comes from everywhere."""

    bodies: tuple[Body, ...]
    lamp_m: tuple[float, float, float]
    ambient: float = 0.55

    def moving(self) -> np.ndarray:
        """Numbers of the bodies that move: what a mask of dynamic pixels is made of."""
        return np.flatnonzero([body.world_from_object is not None for body in self.bodies])


def rigid(position: Sequence[float], rotation: Rotation | None = None) -> np.ndarray:
    """4x4 float64: rotate, then move to `position`."""
    transform = np.eye(4)
    if rotation is not None:
        transform[:3, :3] = rotation.as_matrix()
    transform[:3, 3] = position
    return transform


def turned(yaw_deg: float, position: Sequence[float]) -> np.ndarray:
    """Placed at `position`, turned about the vertical."""
    return rigid(position, Rotation.from_euler("z", yaw_deg, degrees=True))


def straight_walk(start_m: Sequence[float], velocity_m_s: Sequence[float]) -> Motion:
    """Along the floor at constant velocity (2,), facing that way (the object's x axis)."""
    start, velocity = np.asarray(start_m, float), np.asarray(velocity_m_s, float)
    heading_deg = float(np.degrees(np.arctan2(velocity[1], velocity[0])))
    return lambda time_s: turned(heading_deg, (*(start + velocity * time_s), 0.0))


def swinging(body: Motion, pivot_m: Sequence[float], amplitude_deg: float, rate_hz: float, phase: float) -> Motion:
    """A limb that swings about the body's y axis through `pivot_m` (in the body's frame) as the body moves."""

    def motion(time_s: float) -> np.ndarray:
        angle_deg = amplitude_deg * np.sin(2 * np.pi * rate_hz * time_s + phase)
        return body(time_s) @ rigid(pivot_m, Rotation.from_euler("y", angle_deg, degrees=True))

    return motion


def tumbling(
    centre_m: Sequence[float], swing_m: Sequence[float], rate_hz: float, spin_deg_s: Sequence[float]
) -> Motion:
    """To and fro about a centre, along `swing_m` (3,), spinning at a constant rate (a rotation vector)."""
    centre, swing, spin = (np.asarray(v, float) for v in (centre_m, swing_m, spin_deg_s))

    def motion(time_s: float) -> np.ndarray:
        position = centre + swing * np.sin(2 * np.pi * rate_hz * time_s)
        return rigid(position, Rotation.from_rotvec(spin * time_s, degrees=True))

    return motion
