"""The last steps of a solve that stands: points found again in more frames, doubtful tracks out, a tight loss."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from factory.geometry.camera import corner_bend, one_to_one
from factory.sfm.mapping.averaging import thinned
from factory.sfm.mapping.bundle import LOSS_PX, Adjustment, adjust, retriangulated, robust_cost
from factory.sfm.mapping.resection import resected
from factory.sfm.model.model import Model, errors_px
from factory.sfm.points.guided import Extension, carried, extended
from factory.tracks import Tracks


@dataclass(frozen=True)
class Sharpening:
    """How a good model is made better.

    provenance: two rendered clips whose path the loss of 0.5 px leaves 0.051 and 0.128 % off: 0.039 and 0.071 with
    doubtful tracks out and a loss of 0.1 px, 0.036 and 0.053 with the points found again. Weights from each patch's
    own gradients changed nothing.
    """

    loss_share: float = 1.4  # the loss by the median error; of 1 to 2.5 all are as good
    least_loss_px: float = 0.08
    most_spread: float = 2.5  # a track's root mean square error by the median track's, beyond which it is out
    iterations: int = 40  # 25 leave focal length and distortion of a wide lens 0.8 % off, 80 gain no more
    first_per_frame: int = 120  # longest tracks that take these; then all take the last, whose tracks end as before
    last_iterations: int = 8
    extension: Extension | None = field(default_factory=Extension)
    # Least share of the robust cost that distortion must save (None: never asked): 0.0016 to 0.06 with lenses that
    # have some (two rendered, three real clips), 0.0013 at most in 13 rendered clips without, whose paths it bends.
    radial_gain: float | None = 0.0015
    radial_per_frame: int = 150
    radial_iterations: int = 8
    most_k1: float = 0.3  # beyond it the model is being abused; twice as far with a second term
    # The same for a second term. With the first alone strong distortion loses outer tracks, which come back in rounds:
    # a desk behind k1 = -0.30, k2 = 0.08 goes from a focal length 20 % long and a path 0.75 % off to 2 % and 0.14 %.
    twice_gain: float = 0.02  # a guess
    # By how much the first term must draw the corner in, 0.17 there: with k1 = -0.02 (0.006) a second one took up what
    # a phone's shutter does in a cafe, and bent the lens both ways.
    twice_bend: float = 0.03
    twice_rounds: int = 3
    twice_iterations: int = 10
    # By how much the focal length may change with it: where a path is short they trade places (a pond: 53 % too long,
    # k1 = 0.25, for a lens without distortion); a lens with k1 = -0.1 to -0.3 changes it by up to 15 %.
    most_focal_change: float = 0.25
    # By how much the lens may push the corner out. Where tracks fill the middle alone, k1 > 0 makes up for a focal
    # length far too long: through a carriage's window 26 and 44 % (0.07 and 0.09), on a pond 67 % (0.07), the paths 1.5
    # to 2.2 % off, and gold. Real clips 0.03 at the most, those with true poses 0.01.
    most_push: float = 0.04


def sharpened(
    tracks: Tracks,
    model: Model,
    least_share: np.ndarray,
    cut_px: float,
    least_angle_deg: float,
    grey_frames: Sequence[np.ndarray],
    how: Sharpening,
    readout_s: float | None = None,
) -> tuple[Tracks, Model, np.ndarray]:
    """The tracks with new sightings, the model of them, and which observations are new, bool (N,): better poses and
    points, and distortion where it pays.

    least_share: float64 (M,), as for `retriangulated`. readout_s: of a rolling shutter, see `Trajectory`.
    """
    nothing = np.zeros(len(tracks.track), bool)
    model = retriangulated(tracks, model, cut_px, least_share, least_angle_deg)
    if not model.kept.any():
        return tracks, model, nothing
    model = _tight(tracks, model, how, 10)
    curved = model if model.camera.radial_terms else _with_distortion(tracks, model, how, 1)
    if curved is not None and curved.camera.radial_terms < 2:
        model = retriangulated(tracks, curved, cut_px, least_share, least_angle_deg)
        strong = corner_bend(curved.camera, tracks.width, tracks.height) >= how.twice_bend
        twice = _with_distortion(tracks, model, how, 2) if strong else None
        if twice is not None:
            model = retriangulated(tracks, twice, cut_px, least_share, least_angle_deg)
            for _ in range(how.twice_rounds):
                model = _tight(tracks, model, how, how.twice_iterations)
                model = retriangulated(tracks, model, cut_px, least_share, least_angle_deg)
    more, new = (tracks, nothing)
    if how.extension is not None:
        more, new = extended(tracks, model, grey_frames, how.extension, readout_s)
    wide = resected(more, carried(model, new), 0, 2.0 * cut_px)
    wide = retriangulated(more, wide, cut_px, least_share, least_angle_deg)
    return more, _tight(more, wide, how, how.last_iterations, how.iterations), new


def _tight(tracks: Tracks, model: Model, how: Sharpening, iterations: int, first_iterations: int = 0) -> Model:
    """Adjusted under the tight loss without the tracks whose errors are far above the others'; as it is where nothing
    fits.

    first_iterations: of the longest tracks alone, before: what converges slowly, the focal length and the shape of the
    whole path, needs many steps but few tracks.
    """
    if not model.kept.any():
        return model
    model = model.keep(model.kept & _steady(tracks, model, how.most_spread)[tracks.track])
    loss_px, radial = _loss_px(tracks, model, how), model.camera.radial_terms
    if model.focal_px is not None:  # a focal length a frame hangs on more tracks than the longest
        iterations = max(iterations, first_iterations)
    elif first_iterations > 0:
        held = np.bincount(tracks.track[model.kept], minlength=tracks.count) > 0
        part = model.keep(model.kept & thinned(tracks, held, how.first_per_frame)[tracks.track])
        part = adjust(tracks, part, Adjustment("CAUCHY", loss_px, first_iterations, radial=radial))
        points = np.where(np.isfinite(part.points), part.points, model.points)
        model = replace(part, points=points, kept=model.kept & part.registered[tracks.frame])
    return adjust(tracks, model, Adjustment("CAUCHY", loss_px, iterations, radial=radial))


def _loss_px(tracks: Tracks, model: Model, how: Sharpening) -> float:
    return max(how.least_loss_px, how.loss_share * float(np.median(errors_px(tracks, model)[model.kept])))


def _with_distortion(tracks: Tracks, model: Model, how: Sharpening, terms: int) -> Model | None:
    """A part of the model with one more term of distortion, where it pays: focal length and k1 trade places where a
    clip shows little. None where it does not."""
    if how.radial_gain is None or model.focal_px is not None or not model.kept.any():
        return None
    loss_px, held = _loss_px(tracks, model, how), np.bincount(tracks.track[model.kept], minlength=tracks.count) > 0
    part = model.keep(model.kept & thinned(tracks, held, how.radial_per_frame)[tracks.track])
    hows = [Adjustment("CAUCHY", loss_px, how.radial_iterations, radial=count) for count in (terms, terms - 1)]
    curved, straight = (adjust(tracks, part, each) for each in hows)
    kept = curved.kept & straight.kept
    before, after = (robust_cost(tracks, m.keep(kept), loss_px) for m in (straight, curved))
    gain = how.radial_gain if terms == 1 else how.twice_gain
    change = abs(np.log(curved.camera.focal_px / straight.camera.focal_px))
    sane = (
        one_to_one(curved.camera, tracks.width, tracks.height)
        and abs(curved.camera.k1) < how.most_k1 * terms
        and change < np.log1p(how.most_focal_change)
        and corner_bend(curved.camera, tracks.width, tracks.height) >= -how.most_push
    )
    return curved if sane and after < (1.0 - gain) * before else None


def bent_gain(tracks: Tracks, model: Model, per_frame: int, most_k1: float = 0.3) -> float:
    """By what factor the robust cost of the longest tracks falls when the lens may have radial distortion; 1 where that
    would be beyond `most_k1`: a strong zoom under one focal length asks for 3.

    A lens with k1 = -0.08 gives 1.15, where a focal length a frame gives 1.03; three zooming ones 0.99 to 1.04, where
    that gives 1.13 to 1.43.
    """
    held = np.bincount(tracks.track[model.kept], minlength=tracks.count) > 0
    part = model.keep(model.kept & thinned(tracks, held, per_frame)[tracks.track])
    if not part.kept.any():
        return 1.0
    hows = [Adjustment("CAUCHY", LOSS_PX, 12, radial=radial) for radial in (0, 1)]
    straight, bent = (adjust(tracks, part, how) for how in hows)
    if abs(bent.camera.k1) >= most_k1:
        return 1.0
    before, after = (robust_cost(tracks, m.keep(part.kept), LOSS_PX) for m in (straight, bent))
    return before / max(after, 1e-9)


def _steady(tracks: Tracks, model: Model, most_spread: float) -> np.ndarray:
    """Tracks whose error is not far above the others': bool (M,). A corner made by two edges at different depths, or
    a shadow's, fits to a third of a pixel and pulls all the same."""
    seen, errors = np.bincount(tracks.track[model.kept], minlength=tracks.count), errors_px(tracks, model)
    square = np.bincount(tracks.track[model.kept], errors[model.kept] ** 2, tracks.count) / np.maximum(seen, 1)
    typical = np.median(np.sqrt(square[seen > 0])) if np.any(seen > 0) else 0.0
    return np.asarray((seen > 0) & (np.sqrt(square) <= most_spread * typical))
