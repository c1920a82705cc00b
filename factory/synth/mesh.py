"""Triangle meshes with texture coordinates: quads, boxes, ellipsoids.

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


def box(size_m: Sequence[float]) -> Mesh:
    """A box about the origin. Each side shows another part of the texture."""
    x, y, z = size_m
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


def ellipsoid(radii_m: Sequence[float], rings: int = 24, sectors: int = 48) -> Mesh:
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
