"""How the right eye is held against the left one, from all that both see in a clip, taken together."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from factory.geometry.rays import midpoints

Hold = Literal["held", "levelled", "refined"]

MOST_PAIRS = 4000  # 2000 and 8000 end within 0.01 degrees of it
FEW_PAIRS = 800  # tell which yaw to start from: the same as all do, on eight rendered clips and four real ones
LEAST_PAIRS = 30  # five unknowns; fewer than six pairs for each are no sample; a guess
# Cells of a VR180 mosaic cut off-centre stand for rigs turned by up to 12.4 degrees; starts this near all reach them.
YAWS_DEG = (-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0)
NOISE_PX = 0.3  # of a match; what matters is its order of magnitude
STEPS = (30.0, 5.0, 1.0)  # of the noise: the scale of the robust loss, in rounds


@dataclass(frozen=True)
class RigStart:
    """left_from_right: float64 (4, 4), its translation of length 1. error_px: median distance of a match from its
    epipolar plane. ahead: of the matches whose parallax is clear, the share that meets in front of the eyes: about 0
    where they are swapped. clear: the share of all matches whose parallax is clear."""

    left_from_right: np.ndarray
    error_px: float
    ahead: float
    clear: float


def start_rig(left: np.ndarray, right: np.ndarray, focal_px: float, hold: Hold) -> RigStart | None:
    """The pose that most unit rays (N, 3) of both eyes agree on; None where there are too few.

    hold: "held", the eyes are taken as rectified; "levelled", their yaw and that alone is; "refined", nothing is known.
    focal_px: of the picture, px a radian. In a narrow view pairs alone hardly tell yaw from distance, it ends half a
    degree off on a car's cameras; a path through time sets that right.
    """
    if len(left) < LEAST_PAIRS:
        return None
    left, right = _spread(left, MOST_PAIRS), _spread(right, MOST_PAIRS)
    rig = np.eye(4)
    rig[0, 3] = 1.0
    if hold == "levelled":
        rig = fit_rig(left, right, focal_px, 0.0, with_yaw=False)[0]
    elif hold == "refined":
        few = _spread(left, FEW_PAIRS), _spread(right, FEW_PAIRS)
        costs = [fit_rig(*few, focal_px, yaw_deg, with_yaw=True)[1] for yaw_deg in YAWS_DEG]
        rig = fit_rig(left, right, focal_px, YAWS_DEG[int(np.argmin(costs))], with_yaw=True)[0]
    return _judged(rig, left, right, focal_px)


def _spread(rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many of them, evenly."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(int)]


def epipolar_errors(left: np.ndarray, right: np.ndarray, left_from_right: np.ndarray) -> np.ndarray:
    """Signed angles, (N,) radians, between rays of the left eye and the planes through both eyes and the right's."""
    normal = np.cross(left_from_right[:3, 3], right @ left_from_right[:3, :3].T)
    return np.asarray(np.sum(left * normal, axis=1) / np.maximum(np.linalg.norm(normal, axis=1), 1e-12))


def fit_rig(
    left: np.ndarray, right: np.ndarray, focal_px: float, yaw_deg: float, with_yaw: bool
) -> tuple[np.ndarray, float]:
    """left_from_right and its robust cost, from a start at `yaw_deg`."""

    def rig(x: np.ndarray) -> np.ndarray:
        pose = np.eye(4)
        pose[:3, :3] = Rotation.from_rotvec([x[0], x[4] if with_yaw else 0.0, x[1]]).as_matrix()
        pose[:3, 3] = np.array([1.0, x[2], x[3]]) / np.sqrt(1.0 + x[2] ** 2 + x[3] ** 2)
        return pose

    x, cost = np.array([0.0, 0.0, 0.0, 0.0, np.radians(yaw_deg)])[: 5 if with_yaw else 4], np.inf
    for step in STEPS:
        scale = step * NOISE_PX / focal_px
        fit = least_squares(lambda x: epipolar_errors(left, right, rig(x)), x, loss="cauchy", f_scale=scale)
        x, cost = fit.x, float(fit.cost)
    return rig(x), cost


def _judged(rig: np.ndarray, left: np.ndarray, right: np.ndarray, focal_px: float) -> RigStart:
    errors = np.abs(epipolar_errors(left, right, rig))
    sigma = 1.4826 * float(np.median(errors))
    _, _, angle = midpoints(left, right, rig)
    clear = (errors < 3.0 * sigma + 1e-9) & (np.abs(angle) > 3.0 * max(sigma, NOISE_PX / focal_px))
    ahead = float(np.mean(angle[clear] > 0)) if clear.any() else 0.0
    return RigStart(rig, focal_px * float(np.median(errors)), ahead, float(clear.mean()))
