"""What is left of a prediction when something else has moved the poses since."""

import math
from dataclasses import replace

import numpy as np

from factory.geometry.trajectory import pose_errors
from factory.trust.halves import translation_apart_deg
from factory.trust.predicted import Predicted


def widened(predicted: Predicted, solved: np.ndarray, moved: np.ndarray, px_by_percent: float | None) -> Predicted:
    """The prediction of a solve, for poses float64 (F, 4, 4) that were moved away from it: halves of the tracks are
    solved as the solve was, and say nothing of what was done to it afterwards. Whether that was for better or worse
    nobody knows, so all of it counts as error."""
    apart = pose_errors(moved, solved)
    if predicted.ate_percent is None or apart.ate_percent is None:
        turn = None if predicted.rotation_deg is None else math.hypot(predicted.rotation_deg, apart.rpe_rotation_deg)
        return replace(predicted, rotation_deg=turn)
    percent = math.hypot(predicted.ate_percent, apart.ate_percent)
    way = translation_apart_deg(moved, solved)
    return Predicted(
        percent,
        None if predicted.ate_percent_bound is None else predicted.ate_percent_bound + apart.ate_percent,
        None if px_by_percent is None else percent * px_by_percent,
        None if predicted.rotation_deg is None else math.hypot(predicted.rotation_deg, apart.rpe_rotation_deg),
        None if predicted.translation_deg is None or way is None else math.hypot(predicted.translation_deg, way),
    )
