"""Depth maps against truth: AbsRel, RMSE, log RMSE and delta < 1.25^k, aligned per clip or not at all."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from factory.errors import ConfigError, StorageError
from factory.evaluate.frames import FrameFolder, expected_count, frame_folders, frames_of, unmatched
from factory.evaluate.report import Report, Table, bars

Align = Literal["none", "median", "scale-shift"]
Coding = Literal["mm", "inverse"]
SUFFIXES = (".npz", ".npy", ".png")
INVERSE_UNIT_M = 6553.5  # an `inverse` PNG holds 6553.5 m / depth, as `factory synth` writes them
RANGE_M = (0.1, 100.0)  # Dynapo's range for Sintel; it takes 0.1 to 10 for indoor scenes
MEASURES = ("AbsRel", "RMSE", "log RMSE", "d<1.25", "d<1.25^2", "d<1.25^3")
SAMPLES_A_FRAME = 20_000  # pixels that the alignment looks at


@dataclass(frozen=True)
class DepthScore:
    """measures: over all pixels of the clip both have, by name; None where there is none. covered: share of the true
    pixels, of frames the estimate's sampling would have, with an estimate. scale, shift: what was done to the
    estimate."""

    clip: str
    frames: int
    expected: int
    covered: float
    measures: dict[str, float] | None
    scale: float = 1.0
    shift: float = 0.0


def read_depth(path: Path, coding: Coding | None) -> np.ndarray:
    """float64 (H, W), metres or the estimate's own unit; nan where unknown.

    .npz (array `depth`, or the only one) and .npy hold it as it is, what is not finite or not above 0 is unknown. A
    16-bit PNG is coded: `mm` holds millimetres with 0 and 65535 unknown, `inverse` 6553.5 m / depth with 0 unknown.
    Raises StorageError, and ConfigError for a PNG of unstated coding.
    """
    if path.suffix == ".png":
        return _decoded(path, coding)
    try:
        loaded = np.load(path, allow_pickle=False)
        depth = loaded if path.suffix == ".npy" else loaded["depth" if "depth" in loaded.files else loaded.files[0]]
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise StorageError(f"{path} holds no depth map ({error}).") from error
    if depth.ndim != 2:
        raise StorageError(f"{path} holds an array of shape {depth.shape}: a depth map is (height, width).")
    depth = depth.astype(float)
    return np.where(np.isfinite(depth) & (depth > 0), depth, np.nan)


def _decoded(path: Path, coding: Coding | None) -> np.ndarray:
    if coding is None:
        raise ConfigError(
            f"{path} could be millimetres or inverse depth: say which with --estimate-png or --truth-png."
        )
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 2 or picture.dtype != np.uint16:
        raise StorageError(f"{path} is not a 16-bit grey PNG.")
    value = picture.astype(float)
    if coding == "inverse":
        return np.where(picture > 0, INVERSE_UNIT_M / np.maximum(value, 1), np.nan)
    return np.where((picture > 0) & (picture < 65535), value / 1000, np.nan)


def fit(estimate: np.ndarray, truth: np.ndarray, align: Align) -> tuple[float, float]:
    """Scale and shift for the estimate, of values (N,): the median of the ratios, or least squares in depth."""
    if align == "none" or not len(estimate):
        return 1.0, 0.0
    if align == "median":
        return float(np.median(truth / estimate)), 0.0
    design = np.stack([estimate, np.ones_like(estimate)], axis=1)
    scale, shift = np.linalg.lstsq(design, truth, rcond=None)[0]
    return float(scale), float(shift)


def sums(estimate: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Over pixels (N,), of values above 0: the sums that `measures` turns into MEASURES, float64 (6,)."""
    ratio = np.maximum(estimate / truth, truth / estimate)
    log = np.log(estimate) - np.log(truth)
    below = [np.count_nonzero(ratio < 1.25**k) for k in (1, 2, 3)]
    return np.array([np.sum(np.abs(estimate - truth) / truth), np.sum((estimate - truth) ** 2), np.sum(log**2), *below])


def measures(total: np.ndarray, pixels: int) -> dict[str, float]:
    mean = total / pixels
    mean[1:3] = np.sqrt(mean[1:3])
    return dict(zip(MEASURES, map(float, mean), strict=True))


def score_clip(
    truth: FrameFolder, files: Mapping[int, Path], align: Align, range_m: tuple[float, float],
    codings: tuple[Coding | None, Coding | None],
) -> DepthScore:  # fmt: skip
    """One clip. Only truth inside `range_m` counts; the aligned estimate is held inside it. One scale (and shift) a
    clip: what drifts within it is an error."""
    common = sorted(set(files) & set(truth.files))
    expected = max(expected_count(list(truth.files), list(files)), len(common), 1)

    def pairs() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for number in common:
            ours, true = read_depth(files[number], codings[0]), read_depth(truth.files[number], codings[1])
            if ours.shape != true.shape:
                ours = cv2.resize(ours, true.shape[::-1], interpolation=cv2.INTER_NEAREST)
            counted = (true >= range_m[0]) & (true <= range_m[1])
            yield ours[counted], true[counted]

    thin: list[list[np.ndarray]] = [[np.empty(0)], [np.empty(0)]]
    for ours, true in pairs():
        known = np.flatnonzero(np.isfinite(ours))
        known = known[:: max(1, len(known) // SAMPLES_A_FRAME)]
        thin[0].append(ours[known])
        thin[1].append(true[known])
    scale, shift = fit(np.concatenate(thin[0]), np.concatenate(thin[1]), align)
    total, pixels, wanted = np.zeros(len(MEASURES)), 0, 0
    for ours, true in pairs():
        known = np.isfinite(ours)
        total += sums(np.clip(scale * ours[known] + shift, *range_m), true[known])
        pixels, wanted = pixels + int(known.sum()), wanted + len(ours)
    found = measures(total, pixels) if pixels else None
    covered = pixels / wanted * len(common) / expected if wanted else 0.0
    return DepthScore(truth.names[0], len(common), expected, covered, found, scale, shift)


def evaluate_depth(
    estimates: Path, truth: Path, align: Align = "median", range_m: tuple[float, float] = RANGE_M,
    codings: tuple[Coding | None, Coding | None] = (None, None),
) -> Report:  # fmt: skip
    """Every clip of the truth. No number can stand for depth that is not there: clips without any are told apart, and
    how much is covered is a column. Raises StorageError, ConfigError."""
    known = frame_folders(estimates, "depth", SUFFIXES)
    truths = frame_folders(truth, "depth", SUFFIXES)
    scores = [score_clip(folder, frames_of(folder, known), align, range_m, codings) for folder in truths]
    rows: list = [[s.clip, f"{s.frames}/{s.expected}", 100 * s.covered, *_figures(s)] for s in scores]
    solved = [s for s in scores if s.measures]
    mean = [float(np.mean([s.measures[name] for s in solved if s.measures])) for name in MEASURES] if solved else []
    covered = 100 * float(np.mean([s.covered for s in scores]))
    if solved:
        rows.append([f"mean of {len(solved)} of {len(scores)}", "", covered, *mean])
    title = f"depth; alignment: {align}, one a clip; truth from {range_m[0]:g} to {range_m[1]:g}"
    table = Table(title, ["clip", "frames", "covered %", *MEASURES], rows)
    missing = [s.clip for s in scores if not s.measures]
    notes = [f"no depth for {', '.join(missing)}: not in the mean, which compares only with equals"] if missing else []
    values = {"align": align, "range": range_m, "mean": dict(zip(MEASURES, mean, strict=False)),
              "scored": len(solved), "clips": [asdict(s) for s in scores]}  # fmt: skip
    series = {name: [(s.measures or {}).get(name) for s in scores] for name in ("AbsRel", "d<1.25")}
    notes += [note] if (note := unmatched(truths, known)) else []
    draw: Callable = bars([s.clip for s in scores], series, "AbsRel, share with d<1.25")
    return Report([table], values, notes, draw)


def _figures(score: DepthScore) -> list[float | None]:
    return [None if score.measures is None else score.measures[name] for name in MEASURES]
