"""World tracks with known answers."""

import numpy as np

from factory.geometry.lens import Lens, transverse
from factory.tracks import Tracks
from factory.world.solve import SolveTracks
from factory.world.tracks import WorldTracks
from tests.world.walks import walks

LENS, SIZE = transverse(200.0, (400, 400)), (400, 400)


def path_of(seen) -> np.ndarray:
    """float64 (F, 4, 4) of a camera that looks along z."""
    poses = np.tile(np.eye(4), (len(seen.times_s), 1, 1))
    for row, frame in enumerate(seen.frame):
        poses[frame, :3, 3] = seen.centres[row]
    return poses


def tracks_of(seen, lens: Lens = LENS, size=SIZE) -> Tracks:
    """Where the sightings are in the picture of that camera."""
    xy, ahead = lens.project(seen.rays)
    assert ahead.all()
    return Tracks(seen.track, seen.frame, xy, seen.times_s, np.arange(len(seen.times_s)) + 100, *size)


def made(**options) -> WorldTracks:
    """Those of `walks`."""
    seen, _ = walks(**{"count": 12, "speed": 1.0, "noise": 1.0, **options})
    return SolveTracks().solved(LENS, seen, tracks_of(seen), path_of(seen))
