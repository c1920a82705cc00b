"""Whether both eyes show the same moment: by how many frames the right one is behind."""

import numpy as np
from scipy.spatial.transform import Rotation

from factory.stereo.rig_start import MOST_PAIRS, Hold, epipolar_errors, fit_rig
from factory.stereo.sighted import Sighted

# How much the squared error grows a frame off, by what it is: under it the clip moves too little to tell. A real walk
# 0.5, a car 16, rendered clips 10 and more; cameras that stand 0.04 to 0.4.
LEAST_GROWTH = 0.3


def lag_frames(seen: Sighted, left_from_right: np.ndarray, hold: Hold) -> float | None:
    """By how many frames, or parts of one, the right eye is late; None where the clip does not tell.

    Pairs of one frame, and of each with the next, are asked for the rig that suits them best, from the one that was
    found; their squared errors are a parabola of the time between the eyes, whose least is where they agree. Of real
    clips with the right eye moved by a frame the answer moves by 1.04 (a walk) and 1.2 (a car).
    """
    tracks = seen.tracks
    now = np.flatnonzero((np.diff(tracks.track) == 0) & (np.diff(tracks.frame) == 1))
    yaw_deg = float(np.degrees(Rotation.from_matrix(left_from_right[:3, :3]).as_rotvec()[1]))
    squares = []
    for left, right in ((now + 1, now), (now, now), (now, now + 1)):
        rows = np.flatnonzero(seen.paired[right])
        if not len(rows):
            return None
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_PAIRS)).astype(int)]
        rays = seen.left_rays[left[rows]], seen.right_rays[right[rows]]
        rig = left_from_right
        if hold != "held":
            rig, _ = fit_rig(*rays, seen.lens.focal_px, yaw_deg, hold == "refined")
        squares.append(float(np.median(np.abs(epipolar_errors(*rays, rig)))) ** 2)
    before, same, after = squares
    growth = 0.5 * (before + after) - same
    # Two frames off the parabola has not its least between them, and still says so.
    if max(before, after) - same < LEAST_GROWTH * same or growth <= 0:
        return None
    return float(np.clip(0.25 * (before - after) / growth, -2.0, 2.0))
