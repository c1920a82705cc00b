"""A lens that zooms: the focal length of every frame up to a common factor, before any poses are known."""

from dataclasses import dataclass, replace

import numpy as np

from factory.sfm.pairs.relative import stride_pairs
from factory.sfm.zoom.ratios import zoom_ratios
from factory.tracks import Tracks


@dataclass(frozen=True)
class ZoomSearch:
    """When and how a solve with one focal length a frame is tried.

    provenance: 23 rendered clips of 30 samples with true focal lengths, the lens zooming by 10 % to 2 x or not, the
    camera moving sideways, round, forward, backward, or turning; numbers in the comments are theirs.
    """

    prior: float = 0.9  # focal length the pairs are judged with, of the longer side; the truth gives the same chain
    trials: int = 60  # 60 find a pair's model in 3 ms
    strides: tuple[int, ...] = (2, 4, 8)  # error 0.1 to 1.6 %; (1, 2, 4) 0.2 to 2.6 %
    rate_sigma: float = 0.05  # log focal a frame: 2 x in a second; holds the chain where pairs say nothing
    bend_sigma: float = 0.01  # its change from frame to frame: guess
    least_sigma: float = 0.001  # of a pair's log ratio: what its own scatter does not know of; guess
    gate_per_frame: int = 150  # observations of the gate's test
    gate_iterations: int = 12
    turning_gain: float = 1.008  # of the same test, from which on a camera that only turns and zooms is thought of
    gate_gain: float = 1.025  # without a zoom 1.004 to 1.020, with one 1.048 to 2.4
    # Starts are the chain to these powers: it shrinks where motion hides half of a zoom (backwards: 4 -> 0.2 % ATE).
    powers: tuple[float, ...] = (1.0, 1.5)
    least_kept: float = 0.95  # of the shared solve's observations: without a zoom 0.998 to 1.006, with one 0.994 to 1.2
    least_gain: float = 1.02  # without a zoom 1.000 to 1.004, with one 1.039 to 2.6
    # A lens is turned by a hand or a motor: smooth in time. On real clips a rolling shutter passes all tests above with
    # focal lengths that jitter by 0.2 to 1 % a frame or stay within 1 to 2 %; rendered zooms of 10 % and more jitter by
    # 0.01 to 0.1 %.
    # Median distance of the log focal length from a parabola through five frames. A zoom that turns back within two
    # seconds (25 % in and out over 20 frames) leaves 0.0002; by its two neighbours alone it looked as if it jittered.
    most_jitter: float = 0.0009
    # Of the log focal length, what stays within it is one focal length: from a tenth of the frames to nine tenths, as
    # one frame 14 % off that followed a near walker made a zoom of 35 equal ones, and a path 6.8 % off gold.
    least_range: float = 0.032

    def believed(self, focal_px: np.ndarray) -> bool:
        """Whether focal lengths of successive frames, float64 (F,), are those of a lens that zooms."""
        log_focal = np.log(focal_px)
        if len(log_focal) < 5 or np.ptp(np.quantile(log_focal, (0.1, 0.9))) < self.least_range:
            return False
        return float(np.median(np.abs(np.diff(log_focal, n=4)))) * 3 / 35 <= self.most_jitter


def focal_chain(tracks: Tracks, search: ZoomSearch) -> np.ndarray | None:
    """Focal length of every frame by that of the clip, float64 (F,), geometric mean 1; None where no pair says.

    Where motion and zoom look alike in two views (forward motion), it shrinks towards no zoom.
    """
    focal_px = search.prior * max(tracks.width, tracks.height)
    found = zoom_ratios(tracks, stride_pairs(tracks.frames, search.strides), focal_px, search.trials)
    if found is None:
        return None
    return chained(found.i, found.j, found.log_ratio, found.sigma, tracks.frames, search)


def chained(
    i: np.ndarray, j: np.ndarray, log_ratio: np.ndarray, sigma: np.ndarray, frames: int, search: ZoomSearch
) -> np.ndarray:
    """Factors float64 (frames,), geometric mean 1, whose log differences are those of pairs (i, j), int (P,), with
    standard deviations `sigma` (P,): robust least squares, with weak priors on rate and bend."""
    identity = np.eye(frames)
    rate, bend = np.diff(identity, axis=0), np.diff(identity, n=2, axis=0)
    matrix = np.concatenate([identity[j] - identity[i], rate, bend, np.ones((1, frames))])
    target = np.concatenate([log_ratio, np.zeros(len(matrix) - len(log_ratio))])
    spread = np.hypot(sigma, search.least_sigma)
    priors = [np.full(len(rate), search.rate_sigma), np.full(len(bend), search.bend_sigma), [1.0]]
    weight = 1.0 / np.concatenate([spread, *priors])
    found: np.ndarray = np.zeros(frames)
    for _ in range(10):  # Cauchy weights of two standard deviations
        found = np.asarray(np.linalg.lstsq(matrix * weight[:, None], target * weight, rcond=None)[0])
        off = (found[j] - found[i] - log_ratio) / (2.0 * spread)
        weight[: len(spread)] = 1.0 / (spread * np.sqrt(1.0 + off**2))
    return np.asarray(np.exp(found - found.mean()))


def steadied(tracks: Tracks, zoom: np.ndarray) -> Tracks:
    """The tracks as a lens that does not zoom would have seen them: positions in frame f from the middle by `zoom`[f],
    float64 (F,)."""
    middle = np.array([tracks.width - 1, tracks.height - 1]) / 2
    return replace(tracks, xy=middle + (tracks.xy - middle) / zoom[tracks.frame][:, None])
