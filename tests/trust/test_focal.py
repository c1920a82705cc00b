"""What a clip tells of its focal length."""

from dataclasses import replace

import numpy as np

from factory.phases.pose_stages import standing
from factory.sfm.attempts import solve_tracks
from factory.sfm.options import PairOptions, SolveOptions
from factory.trust.focal import focal_log_sd
from tests.sfm.scenes import scene, walk

OPTIONS = SolveOptions(pairs=PairOptions(strides=(1, 2, 4, 8)))


def told(poses: np.ndarray, noise_px: float = 0.15) -> float | None:
    seen = scene(poses, static=300, noise_px=noise_px)
    return focal_log_sd(solve_tracks(seen.tracks, np.ones(seen.tracks.count, bool), OPTIONS))


def test_a_camera_that_turns_on_its_way_tells_more_than_one_that_goes_straight_ahead():
    ahead = np.tile(np.eye(4), (20, 1, 1))
    ahead[:, 2, 3] = np.linspace(0, 1.2, 20)
    turning, straight = told(walk(20, turn_deg=12.0)), told(ahead)
    assert turning is not None
    assert straight is not None
    assert turning < 0.02
    assert straight > 0.2


def test_where_there_is_no_path_nothing_is_told():
    seen = scene(walk(6), static=50)
    assert focal_log_sd(standing(seen.tracks)) is None
    nowhere = replace(standing(seen.tracks).posed(np.full((6, 4, 4), np.nan)), rotation_only=False)
    assert focal_log_sd(nowhere) is None
