"""The epipolar motion mask on flow that is known: of a scene with depth, seen by a camera that moves."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from factory.masks.sampson import SampsonMask

HEIGHT, WIDTH, FOCAL = 120, 200, 180.0


@dataclass
class Scene:
    """Flow of points at depths between 3 and 9, under a step to the right and a turn; a box moves by `own` besides."""

    own: tuple[float, float] = (0.0, 0.0)

    def pairs(self, frames: np.ndarray, pairs: np.ndarray, warps: np.ndarray | None = None) -> np.ndarray:
        del frames, warps
        y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
        depth = 6 + 3 * np.sin(x / 23) * np.cos(y / 17)
        rays = np.stack([(x - WIDTH / 2) / FOCAL, (y - HEIGHT / 2) / FOCAL, np.ones_like(x)], axis=-1)
        found = []
        for i, j in pairs:
            step = float(j - i)
            angle = 0.01 * step
            turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
            there = (rays * depth[..., None]) @ turn.T + np.array([-0.3, 0, 0.1]) * step
            flow = there[..., :2] / there[..., 2:] * FOCAL + [WIDTH / 2, HEIGHT / 2] - np.stack([x, y], axis=-1)
            flow[box()] += np.array(self.own) * step
            found.append(flow)
        return np.stack(found).astype(np.float32)


def box() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[40:80, 90:130] = True
    return mask


def test_what_leaves_its_epipolar_line_is_found():
    masks = SampsonMask()(Scene((0.0, 6.0)), np.zeros((3, HEIGHT, WIDTH, 3), np.uint8))
    for mask in masks:
        assert (mask & box()).sum() / (mask | box()).sum() > 0.75  # dilated by two pixels


def test_points_are_drawn_from_all_over_the_picture():
    """Each so manyth pixel of the rows one behind the other would lie in a few columns."""
    taken = []

    def find(here, there, method):
        taken.append(here)
        return findFundamentalMat(here, there, method)

    findFundamentalMat = cv2.findFundamentalMat
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cv2, "findFundamentalMat", find)
        SampsonMask(points=500)(Scene(), np.zeros((2, HEIGHT, WIDTH, 3), np.uint8))
    assert len(np.unique(taken[0][:, 0])) > 0.8 * WIDTH
    assert len(np.unique(taken[0][:, 1])) > 0.8 * HEIGHT


def test_depth_alone_is_no_motion():
    assert not SampsonMask()(Scene(), np.zeros((3, HEIGHT, WIDTH, 3), np.uint8)).any()


def test_a_fifth_of_the_picture_at_the_most_before_it_is_dilated():
    masks = SampsonMask(highest=0.05, open_px=1, dilate_px=1)(
        Scene((0.0, 6.0)), np.zeros((2, HEIGHT, WIDTH, 3), np.uint8)
    )
    assert 0 < masks.mean() < 0.1


def test_clips_of_one_frame_and_of_none():
    for count in (0, 1):
        masks = SampsonMask()(Scene(), np.zeros((count, HEIGHT, WIDTH, 3), np.uint8))
        assert masks.shape == (count, HEIGHT, WIDTH)
        assert not masks.any()
