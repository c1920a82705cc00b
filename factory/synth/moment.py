"""A scene's faces at one time, ready for rays: what a ray meets, whether a way is free, where a point of a face is."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from factory.errors import ConfigError
from factory.extras import install_command
from factory.synth.mesh import Mesh
from factory.synth.scene import Scene

try:
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore import EmbreeDevice
    from embreex.rtcore_scene import EmbreeScene
except ImportError:  # an optional dependency: only who renders needs it, and Geometry says so
    EmbreeScene = None

KEPT_MOMENTS = 40  # as many as the rows of one picture of a rolling shutter are exposed at


@dataclass(frozen=True)
class Sight:
    """What rays met, in arrays of one leading shape: body and face int32, both -1 in the sky; barycentric float32
    (..., 2), shares of the face's second and third corner; distance_m float32 along the unit ray, inf in the sky.

    A body's number is its place in the scene, a face's its place among all faces: the same at all times, so that face
    and barycentric name a point of a surface for good, however the surface moves or bends.
    """

    body: np.ndarray
    face: np.ndarray
    barycentric: np.ndarray
    distance_m: np.ndarray

    def reshaped(self, *shape: int) -> "Sight":
        return Sight(
            self.body.reshape(shape),
            self.face.reshape(shape),
            self.barycentric.reshape(*shape, 2),
            self.distance_m.reshape(shape),
        )


def joined(parts: Sequence[Sight]) -> Sight:
    """Sights of several bundles of rays, one after the other."""
    return Sight(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Sight)))


class Geometry:
    """A scene's faces, and what of them does not depend on time. Raises ConfigError without embreex."""

    def __init__(self, scene: Scene) -> None:
        if EmbreeScene is None:
            raise ConfigError(f"rendering needs embreex, which is not installed: {install_command('synth')}.")
        self.scene = scene
        self.device = EmbreeDevice()
        self.moving = scene.moving()
        self.still = np.setdiff1d(np.arange(len(scene.bodies)), self.moving)
        meshes = [body.at(0.0) for body in scene.bodies]
        self.first_face = _starts([len(mesh.faces) for mesh in meshes])
        self.first_vertex = _starts([len(mesh.vertices) for mesh in meshes])
        self.faces = np.concatenate([mesh.faces + at for mesh, at in zip(meshes, self.first_vertex[:-1], strict=True)])
        self.body_of_face = np.repeat(np.arange(len(meshes)), np.diff(self.first_face))
        self.vertices = np.concatenate([mesh.vertices for mesh in meshes])
        normals = np.concatenate([mesh.normals for mesh in meshes])
        uv_m = np.concatenate([mesh.uv_m for mesh in meshes])
        # Texture coordinates and normal of each corner of each face; the normals of what moves are those at time 0.
        self.corners = np.concatenate([uv_m, normals], axis=2).astype(np.float32)
        self.moving_row = np.full(len(self.faces), -1, np.int32)  # place among the faces of the bodies that move
        moves = np.isin(self.body_of_face, self.moving)
        self.moving_row[moves] = np.arange(moves.sum())
        self.still_tracer = tracer(self.device, [meshes[body] for body in self.still])
        self._moments: dict[float, Moment] = {}

    def at(self, time_s: float) -> "Moment":
        """The scene at a time. The last ones asked for are kept; where nothing moves there is only one."""
        time_s = time_s if len(self.moving) else 0.0
        if time_s not in self._moments:
            if len(self._moments) >= KEPT_MOMENTS:
                self._moments.pop(next(iter(self._moments)))
            self._moments[time_s] = Moment(self, time_s)
        return self._moments[time_s]


class Moment:
    """A scene at one time."""

    def __init__(self, geometry: Geometry, time_s: float) -> None:
        self.geometry, self.time_s = geometry, time_s
        self._meshes = [geometry.scene.bodies[body].at(time_s) for body in geometry.moving]

    @cached_property
    def vertices(self) -> np.ndarray:
        """All vertices in the world, float64 (V, 3)."""
        vertices = self.geometry.vertices.copy()
        for body, mesh in zip(self.geometry.moving, self._meshes, strict=True):
            vertices[self.geometry.first_vertex[body] : self.geometry.first_vertex[body + 1]] = mesh.vertices
        return vertices

    def corners(self, face: np.ndarray) -> np.ndarray:
        """Texture coordinates and normal of each corner of faces (N,): float32 (N, 3, 5)."""
        corners = self.geometry.corners.reshape(-1, 15).take(face, axis=0).reshape(-1, 3, 5)
        row = self.geometry.moving_row[face]
        moves = np.flatnonzero(row >= 0)
        corners[moves, :, 2:] = self._moving_normals[row[moves]]
        return corners

    @cached_property
    def _moving_normals(self) -> np.ndarray:
        return np.concatenate([np.empty((0, 3, 3)), *(mesh.normals for mesh in self._meshes)]).astype(np.float32)

    @cached_property
    def _tracers(self) -> "list[tuple[EmbreeScene, np.ndarray]]":
        """Still bodies, then those that move, with the bodies' numbers; trees of still bodies are built only once."""
        both = [(self.geometry.still_tracer, self.geometry.still)]
        both.append((tracer(self.geometry.device, self._meshes), self.geometry.moving))
        return [(scene, bodies) for scene, bodies in both if scene is not None]

    def meet(self, origin: np.ndarray, rays: np.ndarray) -> Sight:
        """What unit rays float32 (N, 3) from one origin (3,) meet first."""
        origins = np.ascontiguousarray(np.broadcast_to(origin.astype(np.float32), rays.shape))
        count = len(rays)
        body, face = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
        barycentric, distance_m = np.zeros((count, 2), np.float32), np.full(count, np.inf, np.float32)
        for scene, bodies in self._tracers:
            met = scene.run(origins, rays, output=True)
            near = np.flatnonzero((met["geomID"] >= 0) & (met["tfar"] < distance_m))
            body[near] = bodies[met["geomID"][near]]
            face[near] = self.geometry.first_face[body[near]] + met["primID"][near]
            barycentric[near, 0], barycentric[near, 1] = met["u"][near], met["v"][near]
            distance_m[near] = met["tfar"][near]
        return Sight(body, face, barycentric, distance_m)

    def free(self, starts: np.ndarray, ways: np.ndarray) -> np.ndarray:
        """Whether nothing lies between starts (N, 3) and starts + ways (N, 3): bool (N,)."""
        starts, ways = (np.ascontiguousarray(v, np.float32) for v in (starts, ways))
        ends = np.ones(len(starts), np.float32)  # reaching the end is distance 1 along these rays
        free = np.ones(len(starts), bool)
        for scene, _ in self._tracers:
            free &= scene.run(starts, ways, ends, query="OCCLUDED") != 0
        return free

    def points(self, face: np.ndarray, barycentric: np.ndarray) -> np.ndarray:
        """Where points of faces (N,) with barycentric (N, 2) are at this time: float64 (N, 3) in the world."""
        corners = self.vertices[self.geometry.faces[face]]
        u, v = barycentric.astype(float).T
        return np.einsum("nc,nck->nk", np.stack([1 - u - v, u, v], axis=1), corners)


def tracer(device: "EmbreeDevice", meshes: Sequence[Mesh]) -> "EmbreeScene | None":
    """What traces rays through meshes, which it numbers in their order; None for none."""
    if not meshes:
        return None
    scene = EmbreeScene(device)
    for mesh in meshes:
        TriangleMesh(scene, mesh.vertices.astype(np.float32), mesh.faces)
    return scene


def _starts(counts: Sequence[int]) -> np.ndarray:
    return np.cumsum([0, *counts])
