"""Dynamic masks against truth: region similarity J and contour accuracy F as DAVIS defines them, precision and
recall."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np

from factory.errors import StorageError
from factory.evaluate.frames import FrameFolder, expected_count, frame_folders, frames_of, unmatched
from factory.evaluate.report import Report, Table, bars

BOUNDARY_TOLERANCE = 0.008  # of the diagonal: Perazzi et al., CVPR 2016
# Share of the frame that truly moves; the bounds are ours.
SIZES = {"under 5 %": (0.0, 0.05), "5 to 20 %": (0.05, 0.2), "over 20 %": (0.2, 1.01)}


@dataclass(frozen=True)
class MaskScore:
    """Means over the frames of one clip. frames: scored, of `expected` that the estimate's sampling would have; a frame
    it lacks counts 0 in all of them."""

    clip: str
    frames: int
    expected: int
    j: float
    f: float
    precision: float
    recall: float
    by_size: dict[str, list[float]] = field(default_factory=dict)

    @property
    def jf(self) -> float:
        return (self.j + self.f) / 2


def region_similarity(estimate: np.ndarray, truth: np.ndarray) -> float:
    """J: intersection over union of bool masks (H, W); 1 where both are empty."""
    union = np.count_nonzero(estimate | truth)
    return np.count_nonzero(estimate & truth) / union if union else 1.0


def precision_recall(estimate: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Of pixels. Nothing claimed is precise, nothing to find is found: 1 where the divisor is 0."""
    both = np.count_nonzero(estimate & truth)
    claimed, wanted = np.count_nonzero(estimate), np.count_nonzero(truth)
    return (both / claimed if claimed else 1.0), (both / wanted if wanted else 1.0)


def contour(mask: np.ndarray) -> np.ndarray:
    """Pixels of bool (H, W) whose right, lower or lower right neighbour is on the other side; the frame is no
    contour."""
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    here = padded[:-1, :-1]
    return (here != padded[:-1, 1:]) | (here != padded[1:, :-1]) | (here != padded[1:, 1:])


def contour_accuracy(estimate: np.ndarray, truth: np.ndarray, tolerance: float = BOUNDARY_TOLERANCE) -> float:
    """F: harmonic mean of the shares of either contour that lie within `tolerance` of the diagonal of the other.

    Distance in pixels, rounded up, on a disk. 1 where neither has a contour, 0 where one has.
    """
    reach = int(np.ceil(tolerance * np.hypot(*truth.shape)))
    ours, theirs = contour(estimate), contour(truth)
    if not ours.any() or not theirs.any():
        return float(ours.any() == theirs.any())
    offsets = np.arange(-reach, reach + 1)
    disk = (offsets[:, None] ** 2 + offsets[None] ** 2 <= reach**2).astype(np.uint8)
    near_ours, near_theirs = (cv2.dilate(edge.astype(np.uint8), disk) > 0 for edge in (ours, theirs))
    precision = np.count_nonzero(ours & near_theirs) / np.count_nonzero(ours)
    recall = np.count_nonzero(theirs & near_ours) / np.count_nonzero(theirs)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def read_mask(path: Path) -> np.ndarray:
    """bool (H, W): where the picture is above 0. Raises StorageError."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise StorageError(f"{path} is not a picture.")
    return np.any(picture[..., :3] > 0, axis=2) if picture.ndim == 3 else picture > 0


def score_clip(truth: FrameFolder, files: dict[int, Path]) -> MaskScore:
    """One clip; an estimate of another size is brought to the truth's."""
    name = truth.names[0]
    common = sorted(set(files) & set(truth.files))
    expected = max(expected_count(list(truth.files), list(files)), len(common), 1)
    rows, sizes = [], {size: list[float]() for size in SIZES}
    for number in common:
        wanted, ours = read_mask(truth.files[number]), read_mask(files[number])
        if ours.shape != wanted.shape:
            size = wanted.shape[::-1]
            ours = cv2.resize(ours.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        j = region_similarity(ours, wanted)
        rows.append((j, contour_accuracy(ours, wanted), *precision_recall(ours, wanted)))
        share = float(wanted.mean())
        sizes[next(s for s, (least, below) in SIZES.items() if least <= share < below)].append(j)
    j, f, precision, recall = map(float, np.sum(rows, axis=0) / expected if rows else np.zeros(4))
    return MaskScore(name, len(common), expected, j, f, precision, recall, sizes)


def evaluate_masks(estimates: Path, truth: Path) -> Report:
    """Every clip of the truth; one without an estimate has J = F = 0. Raises StorageError, ConfigError."""
    known = frame_folders(estimates, "masks", (".png",))
    truths = frame_folders(truth, "masks", (".png",))
    scores = [score_clip(folder, frames_of(folder, known)) for folder in truths]
    lines = [[s.clip, f"{s.frames}/{s.expected}", *_figures(s)] for s in scores]
    mean = [float(np.mean(column)) for column in zip(*map(_figures, scores), strict=True)]
    names = ["clip", "frames", "J", "F", "J&F", "precision", "recall"]
    table = Table("masks; a frame the estimate lacks counts 0", names, [*lines, [f"mean of {len(scores)}", "", *mean]])
    by_size = []
    for size in SIZES:
        if many := [j for score in scores for j in score.by_size[size]]:
            by_size.append([size, len(many), float(np.mean(many))])
    sizes = Table("J by the share of the frame that moves, frames both have", ["moving", "frames", "J"], by_size)
    values = {
        "mean": dict(zip(names[2:], mean, strict=True)),
        "clips": [{name: value for name, value in asdict(s).items() if name != "by_size"} for s in scores],
        "by_size": [dict(zip(("moving", "frames", "J"), row, strict=True)) for row in by_size],
    }
    missing = [s.clip for s in scores if not s.frames]
    notes = [f"no masks for {', '.join(missing)}: counted as 0"] if missing else []
    notes += [note] if (note := unmatched(truths, known)) else []
    draw: Callable = bars([s.clip for s in scores], {"J": [s.j for s in scores], "F": [s.f for s in scores]}, "J, F")
    return Report([table, *([sizes] if by_size else [])], values, notes, draw)


def _figures(score: MaskScore) -> Sequence[float]:
    return [score.j, score.f, score.jf, score.precision, score.recall]
