"""Point tracks against truth: TAP-Vid's and PointOdyssey's measures in the picture, EPE3D and TAPVid-3D's in the world.

Estimates are tracks of the truth's own points: row k starts where truth track k is first visible (TAP-Vid's mode
`first`), and only frames after that count. A tracker that picks its own points has to be asked for these instead: no
matching of other points to the truth is made, since that would choose for the tracker which ones it is judged by.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from factory.errors import StorageError
from factory.evaluate.report import Report, Table, bars
from factory.evaluate.track_files import TrackFile, read_track_files
from factory.geometry.trajectory import align_similarity

Align = Literal["none", "scale", "sim3"]
BOUNDS_PX = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
SIDE_PX = 256.0  # TAP-Vid measures in pictures brought to 256 x 256
LOST_PX = 50.0  # PointOdyssey's bound for a track that is lost, at the same size
NEAR_M = (0.05, 0.10)
MEASURES_2D = ("AJ", "APD", "OA", "survival")
MEASURES_3D = ("EPE3D", "<5 cm", "<10 cm", "motion EPE3D", "motion <5 cm", "motion <10 cm", "APD-3D")


@dataclass(frozen=True)
class TrackScore:
    """Shares are in 0..1, EPE3D in the truth's unit; None where there is nothing to measure."""

    clip: str
    measures: Mapping[str, float | None]
    note: str = ""


def query_frames(visible: np.ndarray) -> np.ndarray:
    """The first frame in which each track of bool (K, T) is visible, int (K,); T where it never is."""
    return np.where(visible.any(axis=1), visible.argmax(axis=1), visible.shape[1])


def counted(visible: np.ndarray) -> np.ndarray:
    """Frames of each track that are judged, bool (K, T): those after its query."""
    return np.arange(visible.shape[1])[None] > query_frames(visible)[:, None]


def scores_2d(xy: np.ndarray, visible: np.ndarray, true_xy: np.ndarray, true_visible: np.ndarray,
              size: tuple[int, int]) -> dict[str, float | None]:  # fmt: skip
    """AJ, APD, occlusion accuracy (Doersch et al., TAP-Vid, NeurIPS 2022) and survival (Zheng et al., PointOdyssey,
    ICCV 2023) of xy (K, T, 2), pixels of pictures of `size` (width, height), and visible bool (K, T).

    A position that is nan is a miss. Survival: the share of the judged visible frames of a track before it is first off
    by more than 50 px, mean over tracks.
    """
    judged = counted(true_visible)
    if not judged.any():
        return dict.fromkeys(MEASURES_2D)
    offset = (xy - true_xy) * (SIDE_PX / np.array(size, float))
    distance = np.where(np.isfinite(offset).all(axis=2), np.linalg.norm(offset, axis=2), np.inf)
    seen, claimed = judged & true_visible, judged & visible
    within = distance[None] < BOUNDS_PX[:, None, None]
    hits = (within & seen & claimed).sum(axis=(1, 2))
    false = (claimed & ~(within & true_visible)).sum(axis=(1, 2))
    total = seen.sum() + false
    lost = np.cumsum(seen & (distance > LOST_PX), axis=1) > 0
    tracks = seen.any(axis=1)
    alive = ((seen & ~lost).sum(axis=1)[tracks] / seen.sum(axis=1)[tracks]).mean() if tracks.any() else None
    return {
        "AJ": float(np.mean(hits / total)) if np.all(total > 0) else None,
        "APD": float(np.mean((within & seen).sum(axis=(1, 2)) / seen.sum())) if seen.any() else None,
        "OA": float(np.mean(visible[judged] == true_visible[judged])),
        "survival": None if alive is None else float(alive),
    }


def aligned(xyz: np.ndarray, truth: np.ndarray, align: Align) -> np.ndarray:
    """Points (K, T, 3) brought to the truth's gauge by the points both have: by the ratio of the median distances from
    the origin (`scale`: for worlds of one origin and axes), or by the similarity of least squares (`sim3`)."""
    both = np.isfinite(xyz).all(axis=2) & np.isfinite(truth).all(axis=2)
    if align == "none" or both.sum() < 3:
        return xyz
    if align == "scale":
        return xyz * (np.median(np.linalg.norm(truth[both], axis=1)) / np.median(np.linalg.norm(xyz[both], axis=1)))
    return align_similarity(xyz[both], truth[both]).points(xyz)


def scores_3d(
    xyz: np.ndarray, truth: np.ndarray, visible: np.ndarray, pixel_m: np.ndarray | None
) -> dict[str, float | None]:
    """Of aligned points (K, T, 3), nan where there is none, in the judged frames where the truth is visible.

    EPE3D: mean distance over the points given; the shares under 5 and 10 cm count a missing point as a miss. motion:
    the same of the displacement since the query frame, which is what Stereo4D reports of its motion maps. APD-3D: share
    within 1, 2, 4, 8, 16 pixels, mean of the five (TAPVid-3D), with pixel_m (K, T) the size of a pixel at the point,
    z/f.
    """
    seen = counted(visible) & visible & np.isfinite(truth).all(axis=2)
    if not seen.any():
        return dict.fromkeys(MEASURES_3D)
    error = np.linalg.norm(xyz - truth, axis=2)
    start = np.minimum(query_frames(visible), visible.shape[1] - 1)
    since = (xyz - xyz[np.arange(len(xyz)), start][:, None]) - (truth - truth[np.arange(len(xyz)), start][:, None])
    found: dict[str, float | None] = {}
    for name, values in (("", error), ("motion ", np.linalg.norm(since, axis=2))):
        values = np.where(np.isfinite(values), values, np.inf)[seen]
        given = values[np.isfinite(values)]
        found[f"{name}EPE3D"] = float(given.mean()) if len(given) else None
        found |= {f"{name}<{100 * near:.0f} cm": float(np.mean(values < near)) for near in NEAR_M}
    found["APD-3D"] = None
    if pixel_m is not None:
        within = np.where(np.isfinite(error), error, np.inf)[None] < BOUNDS_PX[:, None, None] * pixel_m[None]
        found["APD-3D"] = float(within[:, seen].mean())
    return found


def score_clip(truth: TrackFile, estimate: TrackFile | None, align: Align) -> TrackScore:
    """A clip without an estimate, or with one of another shape, has measured nothing right: 0 in every share."""
    if truth.size is None:
        raise StorageError(f"{truth.path} does not say how large its pictures are: write its <stem>.json beside it.")
    if estimate is not None and estimate.visible.shape != truth.visible.shape:
        raise StorageError(
            f"{estimate.path} has tracks and frames {estimate.visible.shape}, the truth {truth.visible.shape}: track "
            "the truth's own points, row by row."
        )
    nothing = np.full((*truth.visible.shape, 3), np.nan)
    xy = nothing[..., :2] if estimate is None or estimate.xy is None else estimate.xy
    visible = np.zeros_like(truth.visible) if estimate is None else estimate.visible
    found = scores_2d(xy, visible, truth.xy, truth.visible, truth.size) if truth.xy is not None else {}
    if truth.world_xyz is not None:
        given = None if estimate is None else estimate.world_xyz
        xyz = nothing if given is None else aligned(given, truth.world_xyz, align)
        found |= scores_3d(xyz, truth.world_xyz, truth.visible, truth.pixel_m)
    return TrackScore(truth.name, found, "no estimate: every point missed" if estimate is None else "")


def evaluate_tracks(estimates: Path, truth: Path, align: Align = "sim3") -> Report:
    """Every clip of the truth. Raises StorageError when files are missing, broken or of another shape."""
    truths = read_track_files(truth, described=True)
    known = {file.name: file for file in read_track_files(estimates)}
    scores = [score_clip(file, known.get(file.name), align) for file in truths]
    tables = []
    for title, names in (
        ("in the picture, 256 x 256", MEASURES_2D),
        (f"in the world, alignment: {align}", MEASURES_3D),
    ):
        rows: list = [[s.clip, *(s.measures.get(name) for name in names), s.note] for s in scores]
        rows.append([f"mean of {len(scores)}", *(_mean(scores, name) for name in names), ""])
        tables.append(Table(f"tracks {title}", ["clip", *names, "note"], rows))
    values = {"align": align, "mean": {name: _mean(scores, name) for name in (*MEASURES_2D, *MEASURES_3D)},
              "clips": [{"clip": s.clip, **s.measures, "note": s.note} for s in scores]}  # fmt: skip
    notes = ["a mean leaves out clips whose cell is empty (EPE3D of nothing)"] if any(
        s.measures.get(name) is None for s in scores for name in (*MEASURES_2D, *MEASURES_3D)
    ) else []  # fmt: skip
    series = {name: [s.measures.get(name) for s in scores] for name in ("AJ", "APD", "survival", "<10 cm", "APD-3D")}
    draw: Callable = bars([s.clip for s in scores], series, "share")
    return Report(tables, values, notes, draw)


def _mean(scores: list[TrackScore], name: str) -> float | None:
    known = [value for s in scores if (value := s.measures.get(name)) is not None]
    return float(np.mean(known)) if known else None
