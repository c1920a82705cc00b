"""Two eyes: the second picture of a stereo clip, and rigs as they are built."""

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from factory.synth.scene import rigid
from factory.synth.take import Take

BASELINE_M = 0.063  # between the pupils of people, and the lenses of VR180 cameras


def rig(misrotation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0), baseline_m: float = BASELINE_M) -> np.ndarray:
    """left_from_right, float64 (4, 4): the right eye `baseline_m` to the right, turned by a rotation vector from where
    the maker wanted it; without that, pairs are rectified."""
    return rigid((baseline_m, 0.0, 0.0), Rotation.from_rotvec(misrotation_deg, degrees=True))


def right_eye(take: Take, left_from_right: np.ndarray) -> Take:
    """The take as the right eye films it: the same moments, lens and film."""
    return replace(take, path=lambda times_s: take.path(times_s) @ left_from_right)
