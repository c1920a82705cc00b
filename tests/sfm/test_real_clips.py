"""Real clips with known poses: the figures this package stands on, each with half as much again to spare."""

from pathlib import Path

import pytest

from tests.bench.pose.__main__ import scored
from tests.bench.pose.clips import true_clips
from tests.bench.pose.ours import ours, pose_stages


@pytest.mark.media
@pytest.mark.parametrize(
    "name, most_ate_percent",
    [("kitchen_breakdance", 1.9), ("kitti06_start", 0.045), ("tum_fr3_office_1hz", 0.48), ("fox_portrait", 0.08)],
)
def test_every_frame_is_placed_and_the_path_is_right(media: Path, name: str, most_ate_percent: float):
    clip = next(true_clips([media / "gt_poses"], [name]))
    result, _, _ = ours(clip, pose_stages())
    score = scored(clip, "ours", result, clip.frames())
    assert score.registered == 1.0
    assert score.ate < most_ate_percent
    assert score.verdict == "ok"
