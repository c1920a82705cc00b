"""What a scene is made of: textured bodies, some of which move, and lamps. Metres and seconds, z up."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from factory.synth.mesh import Mesh, placed
from factory.synth.textures import Texture

Motion = Callable[[float], np.ndarray]  # time_s -> world_from_object, rigid, float64 (4, 4)
Waves = Callable[[float], tuple[np.ndarray, np.ndarray]]  # time_s -> vertices (V, 3), normals of corners (F, 3, 3)


@dataclass(frozen=True, eq=False)
class Thing:
    """What bodies are parts of, as limbs are of a person: bodies with the same Thing are one object. name: a short noun
    phrase for what it is in the picture; things of equal names are different things."""

    name: str


UNNAMED = "moving object"  # what moves and is part of no Thing is called


@dataclass(frozen=True)
class Body:
    """A mesh with its texture. Without motion or waves its vertices are in the world's frame and it stands still."""

    mesh: Mesh
    texture: Texture
    world_from_object: Motion | None = None
    waves: Waves | None = None
    thing: Thing | None = None

    @property
    def moves(self) -> bool:
        return self.world_from_object is not None or self.waves is not None

    def at(self, time_s: float) -> Mesh:
        """The mesh in the world's frame; faces and texture coordinates are those of `mesh` at all times."""
        mesh = self.mesh
        if self.waves is not None:
            vertices, normals = self.waves(time_s)
            mesh = replace(mesh, vertices=vertices, normals=normals)
        return mesh if self.world_from_object is None else placed(mesh, self.world_from_object(time_s))


@dataclass(frozen=True)
class Lamp:
    """A lamp that lights what is near: `brightness` right under it, half of it at `reach_m`.

    It stands at `position_m`, in the frame of `world_from_object` where it is carried, and shines along that frame's x
    axis in a cone of `half_angle_deg`, 180 being all round.
    """

    position_m: tuple[float, float, float]
    brightness: float
    reach_m: float
    half_angle_deg: float = 180.0
    world_from_object: Motion | None = None

    def at(self, time_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Position and axis in the world, float64 (3,) each."""
        pose = np.eye(4) if self.world_from_object is None else self.world_from_object(time_s)
        return pose[:3, :3] @ np.asarray(self.position_m, float) + pose[:3, 3], pose[:3, 0]


@dataclass(frozen=True)
class Scene:
    """Bodies, the lamp or sun at `lamp_m` (3,), and nearer lamps.

    ambient: the share of light that comes from everywhere, the rest comes from `lamp_m`; both and the sky are
    multiplied by `daylight` (of linear light: 1 at noon, near 0 at night), to which `lamps` add.
    """

    bodies: tuple[Body, ...]
    lamp_m: tuple[float, float, float]
    ambient: float = 0.55
    daylight: float = 1.0
    lamps: tuple[Lamp, ...] = ()

    def moving(self) -> np.ndarray:
        """Numbers of the bodies that move: what a mask of dynamic pixels is made of."""
        return np.flatnonzero([body.moves for body in self.bodies])

    def objects(self) -> list[tuple[str, np.ndarray]]:
        """Name and numbers of the bodies of each object that moves by itself: a Thing's bodies that move, or a body
        without one. In the order of their first bodies."""
        parts: dict[int, list[int]] = {}
        for number in map(int, self.moving()):
            thing = self.bodies[number].thing
            parts.setdefault(-1 - number if thing is None else id(thing), []).append(number)
        things = (self.bodies[numbers[0]].thing for numbers in parts.values())
        names = [UNNAMED if thing is None else thing.name for thing in things]
        return [(name, np.array(numbers)) for name, numbers in zip(names, parts.values(), strict=True)]


def one_thing(name: str, bodies: Iterable[Body]) -> tuple[Body, ...]:
    """The bodies as parts of one Thing, whatever they were parts of."""
    thing = Thing(name)
    return tuple(replace(body, thing=thing) for body in bodies)


def rigid(position: Sequence[float] | np.ndarray, rotation: Rotation | None = None) -> np.ndarray:
    """4x4 float64: rotate, then move to `position`."""
    transform = np.eye(4)
    if rotation is not None:
        transform[:3, :3] = rotation.as_matrix()
    transform[:3, 3] = position
    return transform


def turned(yaw_deg: float, position: Sequence[float] | np.ndarray) -> np.ndarray:
    """Placed at `position`, turned about the vertical."""
    return rigid(position, Rotation.from_euler("z", yaw_deg, degrees=True))


def straight_walk(start_m: ArrayLike, velocity_m_s: ArrayLike) -> Motion:
    """Along the floor at constant velocity (2,), facing that way (the object's x axis)."""
    start, velocity = np.asarray(start_m, float), np.asarray(velocity_m_s, float)
    heading_deg = float(np.degrees(np.arctan2(velocity[1], velocity[0])))
    return lambda time_s: turned(heading_deg, (*(start + velocity * time_s), 0.0))


def swinging(
    body: Motion,
    pivot_m: Sequence[float],
    amplitude_deg: float,
    rate_hz: float,
    phase: float,
    vigour: Callable[[float], float] = lambda _time_s: 1.0,
) -> Motion:
    """A limb that swings about the body's y axis through `pivot_m` (in the body's frame) as the body moves.

    vigour: factor on the amplitude, for a body that slows down."""

    def motion(time_s: float) -> np.ndarray:
        angle_deg = vigour(time_s) * amplitude_deg * np.sin(2 * np.pi * rate_hz * time_s + phase)
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


def held(carrier: Callable[[np.ndarray], np.ndarray], carrier_from_object: Motion) -> Motion:
    """An object carried by a path, such as a camera's: `carrier_from_object` places it in the carrier's frame."""
    return lambda time_s: carrier(np.array([time_s]))[0] @ carrier_from_object(time_s)
