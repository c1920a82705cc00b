"""Triangle meshes with texture coordinates: quads, boxes, ellipsoids, cylinders, lumps, height fields.

Metres, z up. Texture coordinates are metres on the surface, so that one texture keeps its grain on every mesh.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Mesh:
    """vertices (V, 3) float64, faces (F, 3) int32; for each corner of a face uv_m (F, 3, 2) and normals (F, 3, 3)."""

    vertices: np.ndarray
    faces: np.ndarray
    uv_m: np.ndarray
    normals: np.ndarray


def quad(corner: ArrayLike, right: ArrayLike, up: ArrayLike) -> Mesh:
    """A parallelogram from `corner` along two edge vectors; the texture runs along them, downwards as pictures do."""
    a, b, c = (np.asarray(v, float) for v in (corner, right, up))
    width_m, height_m = np.linalg.norm(b), np.linalg.norm(c)
    corner_uv = np.array([[0, height_m], [width_m, height_m], [width_m, 0], [0, 0]])
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    normal = np.cross(b, c)
    normal /= np.linalg.norm(normal)
    return Mesh(np.stack([a, a + b, a + b + c, a + c]), faces, corner_uv[faces], np.broadcast_to(normal, (2, 3, 3)))


def box(size_m: ArrayLike) -> Mesh:
    """A box about the origin. Each side shows another part of the texture."""
    x, y, z = np.asarray(size_m, float)
    left, front, below = -x / 2, -y / 2, -z / 2
    sides = [
        quad((left, front, below), (x, 0, 0), (0, 0, z)),
        quad((-left, front, below), (0, y, 0), (0, 0, z)),
        quad((-left, -front, below), (-x, 0, 0), (0, 0, z)),
        quad((left, -front, below), (0, -y, 0), (0, 0, z)),
        quad((left, front, -below), (x, 0, 0), (0, y, 0)),
        quad((left, -front, below), (x, 0, 0), (0, -y, 0)),
    ]
    starts_m = np.column_stack([np.cumsum([0.0, x, y, x, y, x]), np.zeros(6)])
    shifted = [replace(side, uv_m=side.uv_m + start) for side, start in zip(sides, starts_m, strict=True)]
    return merged(shifted)


def ellipsoid(radii_m: ArrayLike, rings: int = 24, sectors: int = 48) -> Mesh:
    """An ellipsoid about the origin, poles on z. The facets are the truth; only the shading is rounded."""
    radii = np.asarray(radii_m, float)
    polar, azimuth = np.meshgrid(
        np.linspace(0, np.pi, rings + 1), np.linspace(0, 2 * np.pi, sectors + 1), indexing="ij"
    )
    unit = np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], -1).reshape(
        -1, 3
    )
    uv_m = np.stack([azimuth * radii[:2].mean(), polar * radii[2]], -1).reshape(-1, 2)
    normals = unit / radii
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    a = (np.arange(rings)[:, None] * (sectors + 1) + np.arange(sectors)).ravel()
    b = a + sectors + 1
    faces = np.concatenate([np.stack([a, b, b + 1], 1), np.stack([a, b + 1, a + 1], 1)]).astype(np.int32)
    return Mesh(unit * radii, faces, uv_m[faces], normals[faces])


def cylinder(radius_m: float, height_m: float, sectors: int = 20, top_radius_m: float | None = None) -> Mesh:
    """A closed cylinder or cone frustum about the origin, its axis on z."""
    top = radius_m if top_radius_m is None else top_radius_m
    around = np.linspace(0, 2 * np.pi, sectors + 1)
    ring = np.stack([np.cos(around), np.sin(around)], 1)
    below = np.column_stack([ring * radius_m, np.full(sectors + 1, -height_m / 2)])
    above = np.column_stack([ring * top, np.full(sectors + 1, height_m / 2)])
    slope = np.column_stack([ring * height_m, np.full(sectors + 1, radius_m - top)])
    slope /= np.linalg.norm(slope, axis=1, keepdims=True)
    a = np.arange(sectors)
    b = a + sectors + 1
    faces = np.concatenate([np.stack([a, a + 1, b + 1], 1), np.stack([a, b + 1, b], 1)]).astype(np.int32)
    uv_m = np.concatenate([np.column_stack([around * radius_m, np.full(sectors + 1, v)]) for v in (height_m, 0.0)])
    side = Mesh(np.concatenate([below, above]), faces, uv_m[faces], np.concatenate([slope, slope])[faces])
    return merged([side, _disc(below[:-1], -1.0), _disc(above[:-1], 1.0)])


def _disc(rim: np.ndarray, up: float) -> Mesh:
    count = len(rim)
    vertices = np.vstack([rim, rim.mean(axis=0)])
    faces = np.stack([np.arange(count), np.roll(np.arange(count), -1), np.full(count, count)], 1).astype(np.int32)
    return Mesh(vertices, faces, vertices[faces][..., :2], np.full((count, 3, 3), (0.0, 0.0, up)))


def lump(rng: np.random.Generator, radii_m: ArrayLike, roughness: float, rings: int = 14) -> Mesh:
    """A stone or a crown of leaves: an ellipsoid with bumps of `roughness` times its radii, of random shape."""
    ball = ellipsoid(radii_m, rings, 2 * rings)
    unit = ball.vertices / np.asarray(radii_m, float)
    waves, phases = rng.normal(0, 3.0, (8, 3)), rng.uniform(0, 2 * np.pi, 8)
    bumps = np.sin(unit @ waves.T + phases).sum(axis=1) / 2  # of unit variance: each sine has a half
    vertices = ball.vertices * (1 + roughness * np.clip(bumps, -2, 2))[:, None]
    # The seam and the poles of the ball are many vertices in one place, which have one normal.
    places, place_of = np.unique(np.round(vertices, 9), axis=0, return_inverse=True)
    return Mesh(vertices, ball.faces, ball.uv_m, smooth_normals(places, place_of.reshape(-1)[ball.faces]))


def height_field(x_m: np.ndarray, y_m: np.ndarray, z_m: np.ndarray) -> Mesh:
    """Ground over a grid: heights z_m (len(y_m), len(x_m)); texture coordinates are x and -y."""
    x, y = np.meshgrid(x_m, y_m)
    vertices = np.stack([x, y, z_m], -1).reshape(-1, 3)
    a = (np.arange(len(y_m) - 1)[:, None] * len(x_m) + np.arange(len(x_m) - 1)).ravel()
    b = a + len(x_m)
    faces = np.concatenate([np.stack([a, a + 1, b + 1], 1), np.stack([a, b + 1, b], 1)]).astype(np.int32)
    return Mesh(vertices, faces, (vertices[:, :2] * (1, -1))[faces], smooth_normals(vertices, faces))


def smooth_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Normals (F, 3, 3) of the corners: the mean of the faces that meet there, larger faces counting more."""
    corner = vertices[faces]
    face = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    total = np.stack([np.bincount(faces.ravel(), np.repeat(face[:, k], 3), len(vertices)) for k in range(3)], 1)
    unit = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
    return unit[faces]


def part(mesh: Mesh, faces: np.ndarray) -> Mesh:
    """Some of the faces, bool (F,), for a body of two materials."""
    return replace(mesh, faces=mesh.faces[faces], uv_m=mesh.uv_m[faces], normals=mesh.normals[faces])


def merged(meshes: Sequence[Mesh]) -> Mesh:
    """One mesh of several."""
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]).astype(np.int32),
        np.concatenate([mesh.uv_m for mesh in meshes]),
        np.concatenate([mesh.normals for mesh in meshes]),
    )


def placed(mesh: Mesh, world_from_object: np.ndarray) -> Mesh:
    """The mesh carried by a rigid 4x4 transform."""
    R, t = world_from_object[:3, :3], world_from_object[:3, 3]
    return Mesh(mesh.vertices @ R.T + t, mesh.faces, mesh.uv_m, mesh.normals @ R.T)
