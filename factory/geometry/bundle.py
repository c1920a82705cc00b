"""Bundle adjustment with one focal length for all frames, and a principal point and a scale of its own for each.

A picture that is shifted looks like a camera that has turned, but for terms of the second order in the field of view,
so all has to be solved for together, and COLMAP's cameras, one a frame, cannot share a focal length. Levenberg and
Marquardt's method; points eliminated by the Schur complement (Triggs et al., Bundle Adjustment, 2000, 6.1); a Cauchy
loss by iteratively reweighted least squares.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial.transform import Rotation

LEAST_DEPTH = 1e-6


@dataclass(frozen=True)
class Bundle:
    """F frames and M points. cam_from_world: float64 (F, 4, 4). points: float64 (M, 3). focal_px: of all frames.
    centre_px: float64 (F, 2), each frame's principal point. scale: float64 (F,), each frame's factor on the focal
    length. Nothing is distorted."""

    cam_from_world: np.ndarray
    points: np.ndarray
    focal_px: float
    centre_px: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True)
class Sightings:
    """N observations: frame, point: int (N,), each pair once. xy: pixels (N, 2)."""

    frame: np.ndarray
    point: np.ndarray
    xy: np.ndarray


@dataclass(frozen=True)
class Freedom:
    """What may move. iterations: at most so many. loss_px: scale of the Cauchy loss. middle_px: where principal points
    are expected, shift_px: with what standard deviation; 0 holds them. scale_sd: the same of the logarithm of a frame's
    scale, about 0. turning: the camera does not leave its place and points are directions. tolerance: share of the cost
    that a step must save for another to follow."""

    iterations: int
    loss_px: float
    middle_px: np.ndarray
    shift_px: float = 0.0
    scale_sd: float = 0.0
    turning: bool = False
    tolerance: float = 1e-6

    @property
    def width(self) -> int:
        """Unknowns a frame: rotation, position, principal point, scale."""
        return 3 + 3 * (not self.turning) + 2 * (self.shift_px > 0) + (self.scale_sd > 0)


def bundled(bundle: Bundle, seen: Sightings, how: Freedom) -> tuple[Bundle, float]:
    """The bundle of least cost near this one, and its cost in squared pixels."""
    cost, damping = _cost(bundle, seen, how), 1e-3
    for _ in range(how.iterations):
        equations = _equations(bundle, seen, how)
        for _ in range(6):
            tried = _stepped(bundle, equations, how, damping)
            reached = _cost(tried, seen, how)
            if reached < cost:
                break
            damping *= 10.0
        else:
            return bundle, cost
        saved, bundle, cost = cost - reached, tried, reached
        damping = max(damping / 10.0, 1e-9)
        if saved < how.tolerance * cost:
            break
    return bundle, cost


def _projected(bundle: Bundle, seen: Sightings) -> tuple[np.ndarray, np.ndarray]:
    """Where points are seen from the principal point, pixels (N, 2), and where they are in the camera (N, 3)."""
    pose = bundle.cam_from_world[seen.frame]
    there = np.einsum("nij,nj->ni", pose[:, :3, :3], bundle.points[seen.point]) + pose[:, :3, 3]
    depth = np.where(np.abs(there[:, 2]) < LEAST_DEPTH, LEAST_DEPTH, there[:, 2])
    focal_px = bundle.focal_px * bundle.scale[seen.frame]
    return (focal_px / depth)[:, None] * there[:, :2], there


def _missed(bundle: Bundle, seen: Sightings) -> np.ndarray:
    """Pixels from where points are expected to where they are seen, (N, 2)."""
    return seen.xy - bundle.centre_px[seen.frame] - _projected(bundle, seen)[0]


def _priors(how: Freedom) -> tuple[float, float]:
    """Weights of a frame's shift in pixels and of its logarithm of scale, squared; 0 where they are held."""
    shift = (how.loss_px / how.shift_px) ** 2 if how.shift_px > 0 else 0.0
    return shift, (how.loss_px / how.scale_sd) ** 2 if how.scale_sd > 0 else 0.0


def _cost(bundle: Bundle, seen: Sightings, how: Freedom) -> float:
    shift, scale = _priors(how)
    off = np.sum(_missed(bundle, seen) ** 2, axis=1)
    cost = how.loss_px**2 * np.log1p(off / how.loss_px**2).sum()
    cost += shift * np.sum((bundle.centre_px - how.middle_px) ** 2) + scale * np.sum(np.log(bundle.scale) ** 2)
    return float(cost) if np.isfinite(cost) else float("inf")


@dataclass(frozen=True)
class _Equations:
    """Normal equations: of F frames' unknowns and the focal length's logarithm (D together), of points, and between."""

    frames: np.ndarray  # (D, D)
    frames_right: np.ndarray  # (D,)
    points: np.ndarray  # (M, 3, 3)
    points_right: np.ndarray  # (M, 3)
    between: np.ndarray  # (D, 3 M)


def _equations(bundle: Bundle, seen: Sightings, how: Freedom) -> _Equations:
    frames, points, width = len(bundle.cam_from_world), len(bundle.points), how.width
    size = frames * width + 1
    at, there = _projected(bundle, seen)
    missed = seen.xy - bundle.centre_px[seen.frame] - at
    weight = 1.0 / (1.0 + np.sum(missed**2, axis=1) / how.loss_px**2)
    by_frame, by_point = _slopes(bundle, seen, how, at, there)
    weighted = by_frame * weight[:, None, None]

    blocks = _sums(seen.frame, np.swapaxes(weighted, 1, 2) @ by_frame, frames)
    rights = _sums(seen.frame, np.einsum("nij,ni->nj", weighted, missed), frames)
    shift, scale = _priors(how)
    place = 3 + 3 * (not how.turning)
    if shift > 0:
        blocks[:, [place, place + 1], [place, place + 1]] += shift
        rights[:, place : place + 2] += shift * (how.middle_px - bundle.centre_px)
    if scale > 0:
        blocks[:, -1, -1] += scale
        rights[:, -1] -= scale * np.log(bundle.scale)
    matrix, right = np.zeros((size, size)), np.zeros(size)
    for f in range(frames):
        own = slice(f * width, (f + 1) * width)
        matrix[own, own], right[own] = blocks[f], rights[f]
    # The focal length's logarithm moves a point along its place in the picture.
    column = _sums(seen.frame, np.einsum("nij,ni->nj", weighted, at), frames).ravel()
    matrix[-1, :-1] = matrix[:-1, -1] = column
    matrix[-1, -1] = np.sum(weight * np.sum(at**2, axis=1))
    right[-1] = np.sum(weight * np.sum(at * missed, axis=1))

    own_point = by_point * weight[:, None, None]
    inner = _sums(seen.point, np.swapaxes(own_point, 1, 2) @ by_point, points)
    if how.turning:  # how far a direction's point lies does not show
        inner += (
            bundle.points[:, :, None] * bundle.points[:, None, :] * np.trace(inner, axis1=1, axis2=2)[:, None, None]
        )
    between = np.zeros((frames, width, points, 3))
    between[seen.frame, :, seen.point, :] = np.swapaxes(weighted, 1, 2) @ by_point
    last = _sums(seen.point, np.einsum("nij,ni->nj", own_point, at), points).reshape(1, -1)
    return _Equations(
        matrix,
        right,
        inner,
        _sums(seen.point, np.einsum("nij,ni->nj", own_point, missed), points),
        np.concatenate([between.reshape(frames * width, -1), last]),
    )


def _slopes(
    bundle: Bundle, seen: Sightings, how: Freedom, at: np.ndarray, there: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How a point's place in the picture changes with its frame's unknowns, (N, 2, width), and with itself (N, 2, 3).

    The rotation's three are a small turn of the frame as it stands, about the camera's axes.
    """
    focal_px = bundle.focal_px * bundle.scale[seen.frame]
    by_there = np.zeros((len(at), 2, 3))
    by_there[:, 0, 0] = by_there[:, 1, 1] = focal_px
    by_there[:, :, 2] = -at
    by_there /= np.where(np.abs(there[:, 2]) < LEAST_DEPTH, LEAST_DEPTH, there[:, 2])[:, None, None]
    x, y, z = there.T
    nothing = np.zeros_like(x)
    turn = np.stack([nothing, z, -y, -z, nothing, x, y, -x, nothing], axis=1).reshape(-1, 3, 3)
    parts = [by_there @ turn]
    if not how.turning:
        parts.append(by_there)
    if how.shift_px > 0:
        parts.append(np.broadcast_to(np.eye(2), (len(at), 2, 2)))
    if how.scale_sd > 0:
        parts.append(at[:, :, None])
    return np.concatenate(parts, axis=2), by_there @ bundle.cam_from_world[seen.frame][:, :3, :3]


def _stepped(bundle: Bundle, equations: _Equations, how: Freedom, damping: float) -> Bundle:
    size, points = len(equations.frames), len(equations.points)
    damped = equations.points * (1.0 + damping * np.eye(3)) + 1e-12 * np.eye(3)
    inverse = np.linalg.inv(damped)
    blocks = equations.between.reshape(size, points, 3).transpose(1, 0, 2)
    carried = (blocks @ inverse).transpose(1, 0, 2).reshape(size, -1)
    reduced = equations.frames - carried @ equations.between.T
    reduced[np.diag_indices(size)] += damping * np.diag(equations.frames) + 1e-9
    try:
        factor = cho_factor(reduced, check_finite=False)
    except np.linalg.LinAlgError:
        return replace(bundle, focal_px=float("nan"))
    delta = cho_solve(factor, equations.frames_right - carried @ equations.points_right.ravel(), check_finite=False)
    moved = np.einsum("mij,mj->mi", inverse, equations.points_right - (equations.between.T @ delta).reshape(-1, 3))
    each, poses = delta[:-1].reshape(-1, how.width), bundle.cam_from_world.copy()
    poses[:, :3] = Rotation.from_rotvec(each[:, :3]).as_matrix() @ poses[:, :3]
    place = 3
    if not how.turning:
        poses[:, :3, 3] += each[:, 3:6]
        place = 6
    centre, scale = bundle.centre_px, bundle.scale
    if how.shift_px > 0:
        centre = centre + each[:, place : place + 2]
    if how.scale_sd > 0:
        scale = scale * np.exp(np.clip(each[:, -1], -0.5, 0.5))
    found = bundle.points + moved
    if how.turning:
        found /= np.linalg.norm(found, axis=1, keepdims=True)
    return Bundle(poses, found, bundle.focal_px * float(np.exp(np.clip(delta[-1], -0.5, 0.5))), centre, scale)


def _sums(group: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Sums of values (N, ...) by group, int (N,): (count, ...)."""
    flat = values.reshape(len(values), -1)
    sums = np.stack([np.bincount(group, flat[:, k], count) for k in range(flat.shape[1])], axis=1)
    return np.asarray(sums.reshape(count, *values.shape[1:]))
