"""Sampson distances of static matches from poses and intrinsics, by the protocol of DynPose-100K's Panda-Test table.

Per match the distance in pixels, for a picture 720 high; per video the mean. A failed video counts as identity poses.
Of those the paper's formula gives no epipolar geometry (t = 0), so that there, as between any two poses at one place,
the distance is that of the match from its transfer by the rotation: for identity poses the plain distance of the two
pixels.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from factory.errors import StorageError
from factory.evaluate.cameras import PosedCamera
from factory.evaluate.sampling import LEAST_POSED
from factory.geometry.camera import invert_rigid
from factory.geometry.epipolar import essential_matrix, sampson_error

COLUMNS = ("clip", "time_i", "time_j", "x_i", "y_i", "x_j", "y_j", "width", "height")
HEIGHT_PX = 720.0
# Two cameras closer than this share of the trajectory's extent stand at one place: TUM files have 9 decimals.
SAME_PLACE = 1e-6


@dataclass(frozen=True)
class Matches:
    """Static points of one clip seen twice: times (N, 2) s, xy_i, xy_j (N, 2) pixels, size (N, 2) width, height."""

    clip: str
    times_s: np.ndarray
    xy_i: np.ndarray
    xy_j: np.ndarray
    size: np.ndarray


@dataclass(frozen=True)
class VideoError:
    """mean_px, median_px: of all matches, also of those (`unposed`) that lack a pose, which count as identity."""

    clip: str
    solved: bool
    matches: int
    unposed: int
    mean_px: float
    median_px: float


def read_matches(path: Path) -> list[Matches]:
    """A CSV or Parquet file with the columns clip, time_i, time_j (s in the source), x_i, y_i, x_j, y_j (pixels,
    centres at integers), width, height (of the whole displayed frame those pixels are of). Raises StorageError."""
    if not path.is_file():
        raise StorageError(f"there is no file {path} with matches: `factory evaluate matches OUT --to FILE` makes one.")
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            rows = pq.read_table(path).to_pylist()
        else:
            with path.open(newline="") as file:
                rows = list(csv.DictReader(file))
        clips: dict[str, list[list[float]]] = {}
        for row in rows:
            clips.setdefault(str(row["clip"]), []).append([float(row[name]) for name in COLUMNS[1:]])
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise StorageError(f"{path} cannot be read ({error!r}): it needs the columns {', '.join(COLUMNS)}.") from error
    found = [(name, np.array(many)) for name, many in sorted(clips.items())]
    if not found:
        raise StorageError(f"{path} holds no correspondence.")
    return [Matches(name, a[:, :2], a[:, 2:4], a[:, 4:6], a[:, 6:8]) for name, a in found]


def identity_px(matches: Matches) -> np.ndarray:
    """Distance of the two pixels of each match, for a picture 720 high: float64 (N,)."""
    return np.linalg.norm(matches.xy_j - matches.xy_i, axis=1) * HEIGHT_PX / matches.size[:, 1]


def identity_error(matches: Matches, solved: bool) -> VideoError:
    """That of poses that are all the same."""
    errors = identity_px(matches)
    unposed = 0 if solved else len(errors)
    return VideoError(matches.clip, solved, len(errors), unposed, float(errors.mean()), float(np.median(errors)))


def video_error(matches: Matches, cameras: Sequence[PosedCamera]) -> VideoError:
    """The mean over a video's pairs. `cameras`: the estimates that go by its name, pieces of one video each.

    The video has failed when less than 80 % of the annotated moments have a pose; a pair whose poses are in different
    pieces, or missing, counts as identity.
    """
    errors, posed = identity_px(matches), np.zeros(matches.times_s.shape, bool)
    fallen = np.ones(len(errors), bool)
    for camera in cameras:
        index = np.stack([camera.at(matches.times_s[:, side]) for side in (0, 1)], axis=1)
        posed |= index >= 0
        both = fallen & np.all(index >= 0, axis=1)
        errors[both] = _pair_errors(matches, camera, index, both)
        fallen &= ~both
    moments, number = np.unique(matches.times_s, return_inverse=True)
    seen = np.bincount(number.ravel(), posed.ravel(), len(moments)) > 0
    if seen.mean() < LEAST_POSED:
        return identity_error(matches, False)
    count, mean_px, median_px = len(errors), float(errors.mean()), float(np.median(errors))
    return VideoError(matches.clip, True, count, int(fallen.sum()), mean_px, median_px)


def _pair_errors(matches: Matches, camera: PosedCamera, index: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    poses, lens = camera.trajectory.world_from_cam, camera.lens
    i, j = index[wanted].T
    height = matches.size[wanted, 1]
    first = camera.at_row(i, matches.xy_i[wanted, 1], height)
    second = camera.at_row(j, matches.xy_j[wanted, 1], height)
    cam_j_from_i = invert_rigid(second) @ first
    xy_i = lens.undistorted(matches.xy_i[wanted], matches.size[wanted], i)
    xy_j = lens.undistorted(matches.xy_j[wanted], matches.size[wanted], j)
    inverse_i, inverse_j = np.linalg.inv(lens.matrix(i)), np.linalg.inv(lens.matrix(j))
    fundamental = np.swapaxes(inverse_j, 1, 2) @ essential_matrix(cam_j_from_i) @ inverse_i
    distance = sampson_error(fundamental, xy_i, xy_j)
    turned = np.einsum(
        "nij,nj->ni", lens.matrix(j) @ cam_j_from_i[:, :3, :3] @ inverse_i, np.c_[xy_i, np.ones(len(xy_i))]
    )
    in_front = turned[:, 2] > 1e-9
    transfer = np.linalg.norm(turned[:, :2] / np.where(in_front, turned[:, 2], 1)[:, None] - xy_j, axis=1)
    diagonal = float(np.hypot(lens.full_width, lens.full_height))
    transfer = np.where(in_front, transfer, diagonal)
    extent = np.linalg.norm(np.ptp(poses[:, :3, 3], axis=0))
    apart = np.linalg.norm(first[:, :3, 3] - second[:, :3, 3], axis=1) > SAME_PLACE * extent
    return np.where(apart, distance, transfer) * HEIGHT_PX / lens.full_height
