"""Tracks that masks hold are dynamic whatever a vote would say, and the vote on the others is that on them alone."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from factory.background.choose import ChooseBackground
from factory.clip import Clip, ClipRecord
from factory.frames import Frames
from factory.masks.motion import DynamicMasks
from factory.phases.keep import KeepArtifacts
from factory.phases.mask_labels import LabelByMask, inside
from factory.phases.pose_stages import DecodeFrames, JudgeCamera, SolveCamera, TrackPoints
from factory.stage import check_chain
from factory.tracks import tracks_from

FRAMES, WIDTH, HEIGHT = 20, 640, 360
CLIP = Clip("c", "c.mp4", 0.0, 1.0, WIDTH, HEIGHT, 24.0, 0, FRAMES)


def scene():
    """A camera that moves along x before points at depths of 4 to 20 m, and a box of points in front, left of the
    middle, that moves down on its own. Returns the tracks, and which are the box's: bool (M,)."""
    rng = np.random.default_rng(3)
    world = np.column_stack([rng.uniform(-8, 8, 500), rng.uniform(-4, 4, 500), rng.uniform(4, 20, 500)])
    box = np.column_stack([rng.uniform(-1.4, -0.4, 120), rng.uniform(-0.8, 0.2, 120), rng.uniform(3, 3.4, 120)])
    points, is_box = np.concatenate([world, box]), np.arange(620) >= 500
    seen = []
    for f in range(FRAMES):
        here = points - [0.06 * f, 0, 0] + is_box[:, None] * [0, 0.05 * f, 0]
        xy = 500 * here[:, :2] / here[:, 2:] + [(WIDTH - 1) / 2, (HEIGHT - 1) / 2]
        ids = np.flatnonzero(np.all((xy >= 0) & (xy <= [WIDTH - 1, HEIGHT - 1]), axis=1))
        seen.append((ids, np.full(len(ids), f), xy[ids] + rng.normal(0, 0.1, (len(ids), 2))))
    track, frame, xy = (np.concatenate(part) for part in zip(*seen, strict=True))
    counted = np.flatnonzero(np.bincount(track, minlength=620) >= 2)
    times = np.arange(FRAMES) / 12
    return tracks_from(track, frame, xy, times, np.arange(FRAMES), (WIDTH, HEIGHT)), is_box[counted]


def masks_of(tracks, chosen, side=4):
    """Masks a quarter of the frames' size of the rectangle that the chosen tracks span in each frame."""
    masks = np.zeros((tracks.frames, HEIGHT // side, WIDTH // side), bool)
    for f in range(tracks.frames):
        ids, xy = tracks.at(f)
        (left, top), (right, low) = xy[chosen[ids]].min(axis=0), xy[chosen[ids]].max(axis=0)
        masks[f, int(top) // side : int(low) // side + 1, int(left) // side : int(right) // side + 1] = True
    return DynamicMasks(masks, masks.mean(axis=(1, 2)))


def labelled(tracks, masks):
    return LabelByMask()(ClipRecord(CLIP, {"tracks": tracks, "dynamic_masks": masks}))["background"]


def test_masked_tracks_are_dynamic_and_the_rest_is_voted_on_alone():
    tracks, is_box = scene()
    masks = masks_of(tracks, is_box)
    held = inside(tracks, masks) >= 0.5
    assert held[is_box].all()
    found = labelled(tracks, masks)
    assert found.is_dynamic[is_box].all()
    assert not found.is_background[held].any()
    assert (found.value[held] == 0).all()
    alone = ChooseBackground()(tracks.select(~held))
    assert np.array_equal(found.is_background[~held], alone.is_background)
    assert np.array_equal(found.value[~held], alone.value, equal_nan=True)
    assert found.is_background[~held].mean() > 0.95


def test_the_mask_wins_where_the_vote_calls_static_and_the_vote_where_there_is_no_mask():
    tracks, is_box = scene()
    still = np.zeros(tracks.count, bool)
    still[np.flatnonzero(~is_box & ChooseBackground()(tracks).is_background)[:40]] = True
    found = labelled(tracks, masks_of(tracks, still))
    assert found.is_dynamic[still].all()  # static by the vote
    outside = is_box & (inside(tracks, masks_of(tracks, still)) < 0.5)
    nothing = DynamicMasks(np.zeros((FRAMES, 90, 160), bool), np.zeros(FRAMES))
    voted = labelled(tracks, nothing)
    assert np.array_equal(voted.is_background, ChooseBackground()(tracks).is_background)
    assert voted.is_dynamic[is_box].mean() > 0.9
    assert outside.sum() == 0 or found.is_dynamic[outside].mean() > 0.9


def test_a_picture_full_of_masks_leaves_nothing():
    tracks, _ = scene()
    found = labelled(tracks, DynamicMasks(np.ones((FRAMES, 9, 16), bool), np.ones(FRAMES)))
    assert found.is_dynamic.all()
    assert found.reason is not None


def test_masks_are_looked_up_where_pixels_lie():
    at = np.array([[3.4, 0.0], [3.6, 0.0], [639.0, 359.0]])  # the first of a column of four ends at 3.5
    tracks = tracks_from(
        np.repeat([0, 1, 2], 2), np.tile([0, 1], 3), np.repeat(at, 2, axis=0), [0, 1], [0, 1], (640, 360)
    )
    masks = np.zeros((2, 90, 160), bool)
    masks[:, 0, 1] = masks[0, -1, -1] = True
    assert inside(tracks, DynamicMasks(masks, np.zeros(2))).tolist() == [0.0, 1.0, 0.5]
    with pytest.raises(ValueError, match="masks of 3 frames and tracks of 2"):
        inside(tracks, DynamicMasks(np.zeros((3, 9, 16), bool), np.zeros(3)))
    with pytest.raises(ValueError, match="of different frames"):
        inside(tracks, DynamicMasks(np.zeros((2, 9, 16), bool), np.zeros(2), tracks.frame_index + 1))


@dataclass
class Masks:
    needs: ClassVar = ("tracks",)
    gives: ClassVar = ("dynamic_masks",)


def test_a_chain_may_mask_before_it_solves():
    stages = (DecodeFrames(), TrackPoints(), Masks(), LabelByMask(), JudgeCamera(), SolveCamera(), KeepArtifacts())
    check_chain([(type(stage).__name__, stage) for stage in stages], ("path", "storage", "artifact_folder"))


def test_a_camera_is_solved_behind_masks():
    tracks, is_box = scene()
    record = ClipRecord(CLIP, {"tracks": tracks, "dynamic_masks": masks_of(tracks, is_box), "frames": Frames([])})
    record = JudgeCamera()(LabelByMask()(record))
    assert record["camera_motion"].verdict == "parallax"
    assert record["background"].is_dynamic[is_box].all()


def test_a_mask_holds_when_the_camera_stands_and_what_it_holds_rests():
    """Someone who sits before a camera on a tripod moves no more than the wall, and is masked all the same."""
    rng = np.random.default_rng(4)
    at = rng.uniform((0, 0), (WIDTH - 1, HEIGHT - 1), (500, 2))
    track, frame = np.repeat(np.arange(500), FRAMES), np.tile(np.arange(FRAMES), 500)
    xy = at[track] + rng.normal(0, 0.05, (len(track), 2))
    tracks = tracks_from(track, frame, xy, np.arange(FRAMES) / 12, np.arange(FRAMES), (WIDTH, HEIGHT))
    sits = np.all(np.abs(at - [WIDTH / 2, HEIGHT / 2]) < 60, axis=1)
    record = ClipRecord(CLIP, {"tracks": tracks, "dynamic_masks": masks_of(tracks, sits)})
    record = JudgeCamera()(LabelByMask()(record))
    assert record["camera_motion"].verdict == "still"
    assert record["background"].is_dynamic[sits].all()
    assert record["background"].is_background[~sits].mean() > 0.95
