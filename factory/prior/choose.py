"""Which of two solves is kept: the one by the tracks' own vote, or the one by what is named as moving."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from factory.construct import Share
from factory.geometry.trajectory import pose_errors
from factory.sfm.model.trajectory import Trajectory
from factory.trust.worth import Trust

Choice = Literal["motion", "prior", "overruled", "conflict"]


@dataclass(frozen=True)
class ChoosePose:
    """The first solve stands unless what is named has a share in it; then there are two. Where both stand and agree,
    the better one is taken. Where they do not, one is of a thing that moves: named things that stand still leave the
    second solve as it was, so it is the first, unless the prior names the world itself; the prior overrules it, and
    such a path is not called gold. A prior that names half of what the first rests on, and leaves nothing that can be
    solved, is an alarm: then nothing stands.
    """

    least_share: Share = 0.02  # of the kept observations in the named masks: below, a second solve changes nothing
    alarm_share: Share = 0.5
    # Of the kept observations in boxes of what is named and in none of its masks. A frame held before the camera, whose
    # opening was cut out in its place, 0.98; a guess.
    most_missed: Share = 0.7
    # Apart by more than both are said to be off at the most, and by this, in % of the path; a guess.
    least_apart_percent: float = 0.5
    least_apart_deg: float = 0.1  # the same of the rotation from frame to frame, where one has no path

    def asks(self, share: float, first: Trust) -> bool:
        """Whether a second solve is worth its time. share: of the first one's kept observations in the named masks."""
        return bool(first.reasons) or share >= self.least_share

    def __call__(self, share: float, first: tuple[Trajectory, Trust], again: tuple[Trajectory, Trust]) -> Choice:
        stands = not first[1].reasons, not again[1].reasons
        if not stands[0]:
            return "prior" if stands[1] else "motion"
        if stands[1] and self.agree(first, again):
            return "prior" if _expected(again[1]) <= _expected(first[1]) else "motion"
        if stands[1]:
            return "overruled"
        return "conflict" if share >= self.alarm_share else "motion"

    def agree(self, first: tuple[Trajectory, Trust], again: tuple[Trajectory, Trust]) -> bool:
        """Whether two solves of one clip tell the same way, as far as they say that they can."""
        placed = np.flatnonzero(first[0].registered & again[0].registered)
        if len(placed) < 3 or first[0].rotation_only != again[0].rotation_only:
            return False
        apart = pose_errors(again[0].world_from_cam[placed], first[0].world_from_cam[placed])
        if apart.ate_percent is None:
            return apart.rpe_rotation_deg <= self.least_apart_deg
        bounds = sum(trust.predicted.ate_percent_bound or 0.0 for _, trust in (first, again))
        return apart.ate_percent <= max(bounds, self.least_apart_percent)


def _expected(trust: Trust) -> float:
    percent = trust.predicted.ate_percent
    return np.inf if percent is None else percent
