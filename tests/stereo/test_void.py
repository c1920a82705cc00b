"""What the world phase measures depth in: nothing in black bars or beside them, and no more pixels than it can hold."""

import cv2
import numpy as np
import pytest

from factory.clip import Clip, ClipRecord
from factory.phases.world_stages import MeasureDepth
from factory.stereo.rectify import depth_from_disparity
from factory.stereo.void import MARGIN_PX, never_shown
from tests.stereo.made_rigs import PICTURE, pictures, rig
from tests.videos import whole, write

BAR_PX = 32


def test_what_is_black_all_the_time_from_a_corner_on_is_never_shown():
    frames = [np.full((60, 80), 9, np.uint8) for _ in range(3)]
    for number, frame in enumerate(frames):
        frame[20:] = 100
        frame[30:50, 30:50] = 12  # black, but in the picture
        frame[20:, 60:] = 5 if number else 100  # not always
    found = never_shown(frames)
    assert found[: 20 + MARGIN_PX].all()
    assert not found[20 + MARGIN_PX :].any()
    assert not never_shown([frame[20:] for frame in frames]).any()


@pytest.fixture
def boxed(tmp_path):
    """A record of a letterboxed video of three frames, as the world phase takes it."""
    eyes = pictures(3)
    both = [np.concatenate(pair, axis=1) for pair in zip(eyes.left, eyes.right, strict=True)]
    frames = [np.pad(frame, ((BAR_PX, BAR_PX), (0, 0)))[..., None].repeat(3, axis=2) for frame in both]
    clip: Clip = whole(write(tmp_path / "boxed.mp4", frames, fps=12))
    layout = {"arrangement": "side_by_side", "projection": "rectified", "swapped": False, "squeeze": 1.0}
    layout |= {"fov_bounds": None, "circle": [0.5] * 4, "fisheye_deg": 180.0, "across_deg": 71.0}
    given = {"path": tmp_path / "boxed.mp4", "layout": layout, "left_from_right": rig().ravel().tolist()}
    given |= {"baseline_m": 0.063, "world_from_cam": [np.eye(4).ravel().tolist()] * 3}
    return ClipRecord(clip, given | {"frame_index": [0, 1, 2], "timestamps": [0.0, 1 / 12, 2 / 12]})


def test_no_depth_is_measured_in_bars_or_beside_them(boxed):
    edge = BAR_PX + MARGIN_PX
    for found in MeasureDepth()(boxed)["rectified"].disparities:
        assert not np.isfinite(found.disparity[:edge]).any()
        assert not found.confident[-edge:].any()
        assert found.confident[edge:-edge].mean() > 0.5
        assert found.thrown["unseen"] >= 2 * edge * PICTURE[0]


def test_depth_of_large_pictures_is_measured_in_smaller_ones(boxed):
    large, small = (MeasureDepth(most_px=px)(boxed)["rectified"] for px in (460_000, 50_000))
    assert small.left[0].size <= 50_000
    width, height = small.left[0].shape[::-1]
    assert width / height == pytest.approx(PICTURE[0] / (PICTURE[1] + 2 * BAR_PX), rel=0.02)
    middle = (slice(height // 3, height // 2), slice(width // 4, -width // 4))
    ranges_m = []
    for each in (large, small):
        found = depth_from_disparity(each.view, each.disparities[0].disparity, 0.063)
        ranges_m.append(cv2.resize(found, (width, height), interpolation=cv2.INTER_NEAREST)[middle])
    assert np.nanmedian(ranges_m[1]) == pytest.approx(np.nanmedian(ranges_m[0]), rel=0.02)
