"""Long tracks of points in the world: where they are, where they are seen, and when something hides them."""

from dataclasses import dataclass

import numpy as np

from factory.synth.film import camera_at
from factory.synth.render import Renderer
from factory.synth.take import Take
from factory.synth.truth import Camera, inside, unobstructed

EVERY = 8  # frames between two looks for surfaces that no track shows yet
CELLS_ACROSS = 20  # one point a cell of this grid: 220 on a picture of 16:9
MOVING_FINER = 3  # what moves is small and matters: so many points across where a still surface has one


@dataclass(frozen=True)
class Tracks3D:
    """K points in T frames. world_xyz float32 (K, T, 3) in metres, xy float32 (K, T, 2) in pixels, nan where the lens
    does not see that way; visible bool (K, T): in the picture and not hidden; is_dynamic bool (K,); body int32 (K,);
    first_frame int32 (K,): where the point was picked, of the shot."""

    world_xyz: np.ndarray
    xy: np.ndarray
    visible: np.ndarray
    is_dynamic: np.ndarray
    body: np.ndarray
    first_frame: np.ndarray


def tracks3d(
    renderer: Renderer, take: Take, times_s: np.ndarray, size: tuple[int, int], rng: np.random.Generator
) -> Tracks3D:
    """Tracks of points picked where surfaces come into sight: in every eighth frame, one in each cell of a grid (a
    finer one where something moves) that shows no track yet."""
    geometry = renderer.geometry
    cameras = [camera_at(take, float(t)) for t in times_s]
    face, barycentric = np.empty(0, np.int32), np.empty((0, 2), np.float32)
    first = np.empty(0, np.int32)
    for number in range(0, len(times_s), EVERY):
        camera = cameras[number]
        xy, visible = _seen(renderer, camera, geometry.at(camera.time_s).points(face, barycentric), size)
        picked = _pick(renderer, camera, size, xy[visible], face[visible], rng)
        face = np.concatenate([face, picked[0]])
        barycentric = np.concatenate([barycentric, picked[1]])
        first = np.concatenate([first, np.full(len(picked[0]), number, np.int32)])
    world, xys, visibles = [], [], []
    for camera in cameras:
        points = geometry.at(camera.time_s).points(face, barycentric)
        xy, visible = _seen(renderer, camera, points, size)
        world.append(points)
        xys.append(xy)
        visibles.append(visible)
    body = geometry.body_of_face[face].astype(np.int32)
    return Tracks3D(
        np.stack(world, axis=1).astype(np.float32),
        np.stack(xys, axis=1).astype(np.float32),
        np.stack(visibles, axis=1),
        np.isin(body, geometry.moving),
        body,
        first,
    )


def _seen(
    renderer: Renderer, camera: Camera, world: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (N, 2), nan where the lens does not see, and whether the points are visible (N,)."""
    xy, seen = camera.project(world)
    visible = seen & inside(xy, size)
    visible[visible] = unobstructed(renderer.geometry, camera, world[visible])
    return np.where(seen[:, None], xy, np.nan), visible


def _pick(
    renderer: Renderer,
    camera: Camera,
    size: tuple[int, int],
    taken_xy: np.ndarray,
    taken_face: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Faces (N,) and barycentric (N, 2) of points in the cells of the grid that have none of `taken` yet."""
    geometry = renderer.geometry
    sight, _ = renderer.trace(camera.lens, size, camera.world_from_cam, camera.time_s)
    faces, shares = [], []
    for moves, cell_px in ((False, size[0] / CELLS_ACROSS), (True, size[0] / CELLS_ACROSS / MOVING_FINER)):
        counts = np.ceil(np.array(size) / cell_px).astype(int)
        same = np.isin(geometry.body_of_face[taken_face], geometry.moving) == moves
        busy = np.zeros((counts[1], counts[0]), bool)
        cells = np.clip((taken_xy[same] / cell_px).astype(int), 0, counts - 1)
        busy[cells[:, 1], cells[:, 0]] = True
        row, column = np.nonzero(~busy)
        xy = (np.stack([column, row], axis=1) + rng.uniform(0, 1, (len(row), 2))) * cell_px
        at = xy.astype(int)
        at = at[(at < size).all(axis=1)]
        at = at[np.isin(sight.body[at[:, 1], at[:, 0]], geometry.moving if moves else geometry.still)]
        faces.append(sight.face[at[:, 1], at[:, 0]])
        shares.append(sight.barycentric[at[:, 1], at[:, 0]])
    return np.concatenate(faces), np.concatenate(shares)
