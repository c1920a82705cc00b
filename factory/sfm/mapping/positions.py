"""Camera positions from rotations and tracks as one eigenvector: no start, and no points beside them."""

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csr_matrix

from factory.geometry.epipolar import cross_matrix

LEAST_PARALLAX_DEG = 0.3  # between a track's widest rays, below which it says nothing of positions; a guess
ROUNDS = 4  # of weighting; 3 and 6 end as near the truth (18 clips)


def linear_positions(
    rays: np.ndarray, frame: np.ndarray, track: np.ndarray, frames: int, least_scale: float
) -> np.ndarray | None:
    """Camera centres, float64 (F, 3), their sum 0; NaN for frames that no track holds, None where none holds any.

    rays: float64 (N, 3), unit directions in the world's frame; frame, track: int (N,), tracks ascending. least_scale:
    radians, the least scale of the robust weights.

    The linear global translation of Cai et al. ("A pose-only solution to visual reconstruction and navigation", PAMI
    2023): a track's two widest rays a, b put its point at c_a + (g . (c_b - c_a)) a, which is linear in the centres,
    and every other ray d of it asks that d x (point - c) vanish. Two things differ. Equations are weighted by 1 over
    depth, which makes them angles, and by Cauchy weights, both from the round before. And what is held at 1 is not the
    length of the solution but the sum of (weight depth)^2: else a part of the path that hangs on few tracks shrinks to
    nothing, as that makes its errors small (a rendered clip: to a thirtieth).
    """
    rows, first, second = _widest(rays, track)
    if len(rows) == 0:
        return None
    d, a, b = rays[rows], rays[first], rays[second]
    normal = np.cross(a, b)
    parallax = np.linalg.norm(normal, axis=1)
    g = np.cross(b, normal) / parallax[:, None] ** 2
    # From a ray's camera to the point: arms @ (c_a, c_b, c).
    reach = a[:, :, None] * g[:, None, :]
    arms = np.concatenate([np.eye(3) - reach, reach, np.broadcast_to(-np.eye(3), reach.shape)], axis=2)
    across, along = cross_matrix(d) @ arms, d[:, None] @ arms
    used, number = np.unique(np.stack([frame[first], frame[second], frame[rows]]), return_inverse=True)
    places = number.reshape(3, -1).T
    centres, weight = np.zeros((len(used), 3)), parallax
    for _ in range(ROUNDS):
        centres = _stiffest(_normal(across, places, weight), _normal(along, places, weight))
        local = centres[places].reshape(-1, 9, 1)
        depth = (along @ local)[:, 0, 0]
        if np.sum(np.sign(depth)) < 0:
            centres, local, depth = -centres, -local, -depth
        angle = np.linalg.norm((across @ local)[..., 0], axis=1) / np.maximum(np.abs(depth), 1e-12)
        angle[depth <= 0] = np.pi
        scale = max(least_scale, 2.0 * float(np.median(angle)))
        weight = 1.0 / (np.maximum(np.abs(depth), 1e-3) * np.sqrt(1.0 + (angle / scale) ** 2))
    found = np.full((frames, 3), np.nan)
    found[used] = centres
    return found


def _normal(blocks: np.ndarray, places: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """J^T J, (3 f, 3 f), of equations whose rows, blocks (n, k, 9), meet three centres each, places (n, 3)."""
    n, k, _ = blocks.shape
    columns = (3 * places[:, :, None] + np.arange(3)).reshape(n, 9).repeat(k, axis=0)
    pointers = np.arange(0, 9 * n * k + 1, 9)
    shape = (n * k, 3 * (int(places.max()) + 1))
    system = csr_matrix(((blocks * weight[:, None, None]).ravel(), columns.ravel(), pointers), shape=shape)
    return np.asarray((system.T @ system).toarray())


def _stiffest(errors: np.ndarray, depths: np.ndarray) -> np.ndarray:
    """The centres (f, 3), of length 1, that make errors by depths least, both forms (3 f, 3 f)."""
    size = len(errors)
    shift = np.kron(np.ones((size // 3, size // 3)), np.eye(3))  # all centres moved alike, which changes nothing
    whole = np.trace(depths) / size
    _, vectors = eigh(errors + np.trace(errors) * shift, depths + 1e-6 * whole * np.eye(size), subset_by_index=[0, 0])
    return np.asarray(vectors[:, 0] / np.linalg.norm(vectors[:, 0])).reshape(-1, 3)


def _widest(rays: np.ndarray, track: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Observations that ask something, and for each the two of its track whose rays lie widest apart: int (n,) each.

    Widest: the ray furthest from the track's first, and the one furthest from that.
    """
    begin = np.flatnonzero(np.diff(track, prepend=-1))
    length = np.diff(np.append(begin, len(track)))
    first = _furthest(rays, np.repeat(begin, length), begin)
    second = _furthest(rays, np.repeat(first, length), begin)
    cosine = np.sum(rays[first] * rays[second], axis=1)
    first, second = np.repeat(first, length), np.repeat(second, length)
    says = np.repeat((cosine < np.cos(np.radians(LEAST_PARALLAX_DEG))) & (length >= 3), length)
    rows = np.flatnonzero(says & (np.arange(len(track)) != first))
    return rows, first[rows], second[rows]


def _furthest(rays: np.ndarray, reference: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """Of each track, the observation whose ray has the largest angle to that of its `reference`, int (N,)."""
    cosine = np.sum(rays * rays[reference], axis=1)
    order = np.lexsort((cosine, np.searchsorted(begin, np.arange(len(rays)), side="right")))
    return np.asarray(order[begin])
