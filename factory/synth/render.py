"""From rays to pixels: colour, depth and masks that come from the same hits, so that they agree exactly.

Pixel centres lie at integer coordinates: pixel (u, v) looks along ((u - cx) / f, (v - cy) / f, 1).
"""

from dataclasses import dataclass, fields

import numpy as np

from factory.errors import ConfigError
from factory.geometry.camera import Camera, unproject
from factory.synth.mesh import placed
from factory.synth.mipmap import MipMaps
from factory.synth.scene import Scene

try:
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore import EmbreeDevice
    from embreex.rtcore_scene import EmbreeScene
except ImportError:  # an optional dependency: only who renders needs it, and Renderer says so
    EmbreeScene = None

SKY_HORIZON = np.array([214, 222, 228], np.float32)
SKY_ZENITH = np.array([104, 150, 208], np.float32)
SHADOW_BIAS_M = 1e-3  # shadow rays start this far off the surface, or float32 hits would shade themselves
GAMMA = 2.2  # light is added in linear values; textures are in display values
FLATTEST_COS = 0.05  # bounds the blur of surfaces seen edge-on
SUBPIXELS = np.array([(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)])
CHUNK = 16384  # rays at once: their arrays stay in the processor's cache


@dataclass(frozen=True)
class View:
    """rgb float32 (H, W, 3) in 0..255; depth_m float32 (H, W) along the optical axis, inf in the sky; instance int32
    (H, W), number of the body, -1 in the sky. Depth and instance are those of the ray through the pixel's centre."""

    rgb: np.ndarray
    depth_m: np.ndarray
    instance: np.ndarray


@dataclass(frozen=True)
class _Hits:
    """What N rays met. distance is in lengths of the ray's direction; normal (N, 3) faces the viewer."""

    body: np.ndarray
    distance: np.ndarray
    normal: np.ndarray
    lit: np.ndarray
    rgb: np.ndarray


class Renderer:
    """Renders one scene at any time from any pose. Raises ConfigError without embreex."""

    def __init__(self, scene: Scene) -> None:
        if EmbreeScene is None:
            raise ConfigError("rendering needs embreex, which is not installed: run pip install 'factory[synth]'.")
        self.scene = scene
        self._device = EmbreeDevice()
        self._mipmaps = MipMaps([body.texture for body in scene.bodies])
        self._first_face = np.cumsum([0] + [len(body.mesh.faces) for body in scene.bodies[:-1]])
        self._uv_m = np.concatenate([body.mesh.uv_m for body in scene.bodies])

    def view(self, camera: Camera, size: tuple[int, int], world_from_cam: np.ndarray, time_s: float) -> View:
        """The picture of `size` (width, height) that a pinhole camera at `world_from_cam` takes at `time_s`."""
        width, height = size
        meshes = [
            body.mesh if body.world_from_object is None else placed(body.mesh, body.world_from_object(time_s))
            for body in self.scene.bodies
        ]
        tracer = EmbreeScene(self._device)
        for mesh in meshes:
            TriangleMesh(tracer, mesh.vertices.astype(np.float32), mesh.faces)
        normals = np.concatenate([mesh.normals for mesh in meshes])
        corners = np.concatenate([self._uv_m, normals], axis=2).astype(np.float32)

        def shoot(pixels: np.ndarray) -> _Hits:
            directions = unproject(pixels, camera) @ world_from_cam[:3, :3].T
            return self._shoot(tracer, corners, world_from_cam[:3, 3], directions, 1 / camera.focal_px)

        pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).reshape(-1, 2).astype(float)
        hits = _joined([shoot(pixels[i : i + CHUNK]) for i in range(0, len(pixels), CHUNK)])
        rgb = hits.rgb.copy()
        edge = np.flatnonzero(_edges(hits, width, height))
        if len(edge):
            rgb[edge] = np.mean([shoot(pixels[edge] + offset).rgb for offset in SUBPIXELS], axis=0)
        shape = (height, width)
        return View(rgb.reshape(*shape, 3), hits.distance.reshape(shape), hits.body.reshape(shape))

    def _shoot(
        self, tracer: "EmbreeScene", corners: np.ndarray, origin: np.ndarray, directions: np.ndarray, spread: float
    ) -> _Hits:
        """Follows rays from one origin. corners (F, 3, 5): texture coordinates and normal of each corner of each face.
        spread: width of a pixel's cone at distance 1 along its direction."""
        directions = np.ascontiguousarray(directions, np.float32)
        origins = np.broadcast_to(origin.astype(np.float32), directions.shape)
        met = tracer.run(np.ascontiguousarray(origins), directions, output=True)
        body = met["geomID"]
        count = len(body)
        hit = np.flatnonzero(body >= 0)
        distance = np.full(count, np.inf, np.float32)
        distance[hit] = met["tfar"][hit]
        normal, lit, rgb = np.zeros((count, 3), np.float32), np.zeros(count, bool), np.empty((count, 3), np.float32)
        rgb[body < 0] = _sky(directions[body < 0])

        u, v = met["u"][hit], met["v"][hit]
        face = self._first_face[body[hit]] + met["primID"][hit]
        surface = np.einsum("nc,nck->nk", np.stack([1 - u - v, u, v], axis=1), corners[face])
        uv_m, n = surface[:, :2], surface[:, 2:]
        ray = directions[hit]
        towards = np.einsum("ij,ij->i", n, ray)
        n = n * (-np.sign(towards) / _length(n))[:, None]
        cosine = np.abs(towards) / _length(ray)

        # A pixel's footprint is stretched by 1 / cos in one direction: the geometric mean of both is what one level of
        # a pyramid can give, between blur and aliasing.
        footprint_m = spread * distance[hit] / np.sqrt(np.maximum(cosine, FLATTEST_COS))
        albedo = self._mipmaps.sample(body[hit], uv_m, footprint_m)
        light, lit[hit] = self._light(tracer, origin + ray * distance[hit, None], n)
        rgb[hit] = albedo * light[:, None] ** np.float32(1 / GAMMA)
        normal[hit] = n
        return _Hits(body, distance, normal, lit, rgb)

    def _light(self, tracer: "EmbreeScene", points: np.ndarray, normal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lambert's law with one lamp and hard shadows: light in 0..1 and whether the lamp is in sight, (N,) each."""
        start = (points + SHADOW_BIAS_M * normal).astype(np.float32)
        to_lamp = np.asarray(self.scene.lamp_m, np.float32) - start
        # Reaching the lamp is distance 1 along these rays.
        free = tracer.run(start, to_lamp, np.ones(len(start), np.float32), query="OCCLUDED") != 0
        facing = np.einsum("ij,ij->i", normal, to_lamp) / _length(to_lamp)
        direct = np.maximum(facing, 0) * free
        return (self.scene.ambient + (1 - self.scene.ambient) * direct).astype(np.float32), free & (facing > 0)


def _joined(parts: list[_Hits]) -> _Hits:
    return _Hits(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(_Hits)))


def _sky(directions: np.ndarray) -> np.ndarray:
    height = np.clip(directions[:, 2] / _length(directions), 0, 1)[:, None]
    return SKY_HORIZON + (SKY_ZENITH - SKY_HORIZON) * height


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors))


def _edges(hits: _Hits, width: int, height: int) -> np.ndarray:
    """Pixels where body, surface direction or shadow changes towards a neighbour: those that need more rays."""
    shape = (height, width)
    body, lit, normal = hits.body.reshape(shape), hits.lit.reshape(shape), hits.normal.reshape(*shape, 3)
    edge = np.zeros(shape, bool)
    for axis in (0, 1):
        ahead, behind = [slice(None)] * 2, [slice(None)] * 2
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        a, b = tuple(ahead), tuple(behind)
        bend = np.einsum("ijk,ijk->ij", normal[a], normal[b]) < 0.9
        changes = (body[a] != body[b]) | (lit[a] != lit[b]) | (bend & (body[a] >= 0))
        edge[a] |= changes
        edge[b] |= changes
    return edge.ravel()
