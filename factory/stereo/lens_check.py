"""Whether a clip suits the lens that it is said to have: what focal length its tracks ask for, and how surely.

Depth by disparity grows with the focal length, what a camera's turns do to the picture does not: a rig of known length
is bent by a wrong one, and a clip whose camera does more than go straight on tells.
"""

from dataclasses import dataclass, replace

import numpy as np

from factory.geometry.trajectory import align_rigid, align_similarity
from factory.sfm.mapping.averaging import thinned
from factory.stereo.rig_bundle import RigAdjustment, adjust_rig, adjust_rig_and_lens
from factory.stereo.rig_model import RigModel, errors_px, triangulated
from factory.stereo.sighted import Sighted, sighted
from factory.stereo.solve import RigOptions, RigSolve, explaining

ROUNDS = 3
NEAR = 0.002  # a step of the focal length's logarithm that ends them
PER_FRAME = 60  # tracks; 100 end within 0.3 % of it
LOSS_PX, ITERATIONS = 0.5, 20
STEP = 1.05  # held at this and its inverse; at 1.25 both costs are those of other solves
# Standard deviation of the logarithm at a rise of 1, as in `trust.focal`: 27 rendered clips are off by 0.0 to 1.7 times
# it, a car's cameras by 0.3 times, whatever lens they start from.
SHARE = 0.08
TELLING_LOG_SD = 0.05  # rendered clips have 0.005 to 0.044, a car that goes straight on 0.14


@dataclass(frozen=True)
class LensCheck:
    """ratio: the focal length that the clip asks for by the one that was told. log_sd: standard deviation of its
    logarithm, 1 at the most. scale_slope, ate_slope: what an error of the focal length does to the path's scale and, as
    a share of it, to its positions where they are rigidly aligned: errors by that of the logarithm."""

    ratio: float
    log_sd: float
    scale_slope: float
    ate_slope: float

    @property
    def telling(self) -> bool:
        """Whether the clip knows its lens."""
        return self.log_sd <= TELLING_LOG_SD

    @property
    def off(self) -> float:
        """Size of the ratio's logarithm."""
        return abs(float(np.log(self.ratio)))


def lens_check(solve: RigSolve, options: RigOptions) -> LensCheck | None:
    """Of a solve with these options; None where it has no path. Of a camera that stands it says nothing: whatever the
    lens, nothing moves."""
    if solve.model is None:
        return None
    seen, model, free_rig = solve.seen, solve.model, solve.hold == "refined"
    how = RigAdjustment(LOSS_PX, ITERATIONS, free_rig)
    share = options.least_share  # at first: a wrong lens explains most tracks in part
    for _ in range(ROUNDS):
        part = _part(seen, model, options.static_px, share)
        if not part.kept_left.any():
            return None
        before_px = seen.lens.focal_px
        seen, model = adjust_rig_and_lens(seen, part, how)
        if abs(np.log(seen.lens.focal_px / before_px)) < NEAR and share == options.static_share:
            break
        share = options.static_share
    part = _part(seen, model, options.static_px, share)
    if not part.kept_left.any():
        return None
    shorter, same, longer = (_held(seen, part, how, factor) for factor in (1 / STEP, 1.0, STEP))
    log_sd = _log_sd(shorter.cost, same.cost, longer.cost)
    return LensCheck(float(seen.lens.focal_px / solve.seen.lens.focal_px), log_sd, *_slopes(shorter.way, longer.way))


def _part(seen: Sighted, model: RigModel, cut_px: float, share: float) -> RigModel:
    """With new points, and with the longest of the tracks that they explain."""
    model = explaining(seen, triangulated(seen, model, cut_px), cut_px, share)
    chosen = thinned(seen.tracks, np.isfinite(model.points[:, 0]), PER_FRAME)
    rows = chosen[seen.tracks.track]
    return model.keep(model.kept_left & rows, model.kept_right & rows) if chosen.any() else model


def _log_sd(shorter: float, same: float, longer: float) -> float:
    """By the rise, the curvature of the robust cost in the logarithm of the focal length by the cost itself, of a
    parabola through three adjustments; as `trust.focal` has it of one eye."""
    rise = (shorter + longer - 2.0 * same) / np.log(STEP) ** 2 / max(same, 1e-9)
    return float(min(1.0, SHARE / max(rise, 1e-9) ** 0.5))


def _slopes(shorter: np.ndarray, longer: np.ndarray) -> tuple[float, float]:
    """Of the ways, (F, 3), with both focal lengths."""
    step, length = 2.0 * np.log(STEP), float(np.linalg.norm(np.diff(shorter, axis=0), axis=1).sum())
    if length == 0.0 or np.ptp(longer, axis=0).max() == 0.0:
        return 0.0, 0.0
    apart = align_rigid(longer, shorter).points(longer) - shorter
    rms = float(np.sqrt(np.mean(np.sum(apart**2, axis=1))))
    return abs(float(np.log(align_similarity(longer, shorter).scale))) / step, rms / length / step


@dataclass(frozen=True)
class _Held:
    """cost: robust, of the kept sightings. way: float64 (F, 3), of the placed frames."""

    cost: float
    way: np.ndarray


def _held(seen: Sighted, model: RigModel, how: RigAdjustment, factor: float) -> _Held:
    """The same sightings with the focal length held at `factor` times that of `seen`."""
    seen = sighted(seen.stereo, replace(seen.lens, focal_px=factor * seen.lens.focal_px))
    model = adjust_rig(seen, model, how)
    pairs = zip(errors_px(seen, model), (model.kept_left, model.kept_right), strict=True)
    errors = np.concatenate([each[kept] for each, kept in pairs])
    return _Held(float(np.sum(np.log1p((errors / how.loss_px) ** 2))), model.world_from_left[model.placed, :3, 3])
