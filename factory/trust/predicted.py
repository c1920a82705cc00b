"""From how far halves lie apart to how far the whole is off."""

from dataclasses import dataclass

from factory.trust.assess import Signals


@dataclass(frozen=True)
class Predicted:
    """Median expectation and an upper bound (95 %) of a solve's error; None where there is none to tell.

    ate_percent: root mean square position error after Sim(3), % of the path. ate_px: the same as the shift of a point
    at the median depth, px at 720p. rotation_deg: from frame to frame. translation_deg: of the direction of the
    camera's way over a third to two thirds of a second.
    """

    ate_percent: float | None
    ate_percent_bound: float | None
    ate_px: float | None
    rotation_deg: float | None
    translation_deg: float | None


@dataclass(frozen=True)
class Prediction:
    """Two independent halves differ by twice the whole's error, and thinning them adds to that.

    provenance: true error by the halves' distance 0.13 to 0.80, median 0.3, of 24 solves with truth.
    """

    share: float = 0.3
    bound_share: float = 0.8
    least_percent: float = 0.02  # what the halves cannot see: the lens; a guess

    def __call__(self, signals: Signals) -> Predicted:
        apart = signals.apart
        if apart is None:
            return Predicted(None, None, None, None, None)
        turn = self.share * apart.rotation_deg
        if signals.rotation_only:
            return Predicted(None, None, None, turn, None)
        percent = self.least_percent + self.share * apart.ate_percent
        bound = self.least_percent + self.bound_share * apart.ate_percent
        px = None if signals.px_by_percent is None else percent * signals.px_by_percent
        shift = None if apart.translation_deg is None else self.share * apart.translation_deg
        return Predicted(percent, bound, px, turn, shift)
