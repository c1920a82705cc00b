"""Real clips with known poses: the figures this package stands on, each with half as much again to spare."""

from pathlib import Path

import pytest

from tests.bench.pose import errors_of, ours


@pytest.mark.media
@pytest.mark.parametrize(
    "clip, most_ate_percent",
    [("kitchen_breakdance", 1.9), ("kitti06_start", 0.045), ("tum_fr3_office_1hz", 0.48), ("fox_portrait", 0.08)],
)
def test_every_frame_is_placed_and_the_path_is_right(media: Path, clip: str, most_ate_percent: float):
    folder = media / "gt_poses" / clip
    video = next(p for p in sorted(folder.glob("*.mp4")) if "stereo" not in p.name)
    result = ours(video)
    errors, registered = errors_of(result, video)
    assert registered == 1.0
    assert errors.ate_percent is not None
    assert errors.ate_percent < most_ate_percent
    assert result.note.startswith("accepted")
