"""How strongly what moves accelerates across the line of sight: that hardly depends on what ranges are said to be."""

import numpy as np

from factory.world.lifted import Lifted, row_of

STEP = 3  # frames to each side; at 12 a second half a pixel of noise is 0.1 of the scene's 3 units by second squared


def across_acceleration(seen: Lifted) -> float:
    """Root mean square of one component, by second squared in the unit of length of `seen`, over sightings whose track
    is seen 3 frames before and after, the three being taken to be as far as their median says; 0 without any."""
    time_s, frames = seen.times_s[seen.frame], len(seen.times_s)
    before, after = (row_of(seen.track, seen.frame, way, frames) for way in (-STEP, STEP))
    inner = (seen.frame >= STEP) & (seen.frame < frames - STEP)
    here = np.flatnonzero((before >= 0) & (after >= 0) & inner)
    if not len(here):
        return 0.0
    rows = (before[here], here, after[here])
    ranges = np.median([seen.ranges[row] for row in rows], axis=0)[:, None]
    first, middle, last = (seen.centres[row] + ranges * seen.rays[row] for row in rows)
    since_s, until_s = ((time_s[b] - time_s[a])[:, None] for a, b in ((rows[0], rows[1]), (rows[1], rows[2])))
    acceleration = 2 * ((last - middle) / until_s - (middle - first) / since_s) / (since_s + until_s)
    ray = seen.rays[here]
    acceleration -= np.einsum("ni,ni->n", acceleration, ray)[:, None] * ray
    return float(np.sqrt(np.mean(np.sum(acceleration**2, axis=1)) / 2))
