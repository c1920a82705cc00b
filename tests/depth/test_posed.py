from dataclasses import replace

import numpy as np
import pytest

from factory.depth.posed import Posed, anchors, closed
from tests.depth.walks import walk

MADE = walk()
NOTHING = np.zeros_like(MADE.posed.moving)


def test_points_lie_in_the_pictures_at_their_true_depth():
    """Points are told for pictures of any size."""
    points = MADE.posed.points
    larger = replace(points, xy=(points.xy + 0.5) * 4 - 0.5, width=points.width * 4, height=points.height * 4)
    for told in (points, larger):
        seen = anchors(replace(MADE.posed, points=told), NOTHING)
        x, y = np.clip(seen.xy.round().astype(int), 0, [127, 95]).T
        assert np.median(np.abs(seen.inverse * MADE.depth[seen.frame, y, x] - 1)) < 0.005
        assert np.all(np.diff(seen.frame) >= 0)
        assert len(seen.of(3).xy) == np.sum(told.frame == 3)


def test_points_that_cannot_be_trusted_are_left_out():
    points, masks = MADE.posed.points, NOTHING.copy()
    masks[:, :, :64] = True
    assert anchors(MADE.posed, masks).xy[:, 0].min() > 63
    wrong = replace(points, error_px=np.where(np.arange(len(points.xyz)) % 2, 9, 0.3))
    assert len(anchors(replace(MADE.posed, points=wrong), NOTHING).frame) == np.sum(points.point % 2 == 0)
    behind = replace(points, xyz=points.xyz - [0, 0, 100])
    assert len(anchors(replace(MADE.posed, points=behind), NOTHING).frame) == 0
    poses = MADE.posed.world_from_cam.copy()
    poses[2] = np.nan
    assert 2 not in anchors(replace(MADE.posed, world_from_cam=poses), NOTHING).frame
    assert len(anchors(replace(MADE.posed, points=None), NOTHING).frame) == 0


def test_gaps_in_masks_are_closed_up_to_a_width():
    masks = np.zeros((1, 60, 80), bool)
    masks[0, 20:, 10:30] = masks[0, 20:, 36:60] = True  # to the lower border
    assert closed(masks, 9)[0, 25:, 10:60].all()
    assert np.array_equal(closed(masks, 3), masks)
    assert not closed(masks, 9)[0, :15].any()


def test_numbers_of_frames_have_to_fit():
    posed = MADE.posed
    with pytest.raises(ValueError, match="other numbers"):
        Posed(posed.frames, posed.cameras[:2], posed.world_from_cam, None, posed.moving)
    with pytest.raises(ValueError, match="masks"):
        Posed(posed.frames, posed.cameras, posed.world_from_cam, None, posed.moving[:, :5])
