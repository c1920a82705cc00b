"""Objects: moving tracks that go together, masks that are one, one body of all that moves, labels that travel."""

import numpy as np
import pytest

from factory.errors import StorageError
from factory.masks.motion import DynamicMasks
from factory.masks.regions import Links, Regions
from factory.prior.clusters import RigidClusters
from factory.prior.merge import groups, mask_box, merged, same_object
from factory.prior.named import Named, Sighting
from factory.prior.object_masks import ObjectMasks
from factory.prior.objects_file import found_json, keyframe, named_json, pack_instances, read_instances
from factory.prior.one_body import one_body
from factory.prior.seeds import ChooseSeed, box_mask, tightness
from factory.prior.travelling import travelled
from factory.tracks import tracks_from

FRAMES, WIDTH, HEIGHT = 16, 320, 180


def moving_boxes(paths):
    """Tracks of 40 points in each box of 50 x 40 px that goes along its path (F, 2), and its masks (O, F, h, w)."""
    rng = np.random.default_rng(0)
    rows, masks = [], np.zeros((len(paths), FRAMES, HEIGHT, WIDTH), bool)
    for number, path in enumerate(paths):
        inside = rng.uniform((2, 2), (48, 38), (40, 2))
        for f, (x, y) in enumerate(path):
            masks[number, f, int(y) : int(y) + 40, int(x) : int(x) + 50] = True
            rows += [(40 * number + n, f, x + at[0], y + at[1]) for n, at in enumerate(inside)]
    track, frame, x, y = np.array(rows).T
    times, xy = np.arange(FRAMES) / 12, np.stack([x, y], axis=1)
    size = (WIDTH, HEIGHT)
    return tracks_from(track.astype(int), frame.astype(int), xy, times, np.arange(FRAMES), size), masks


def along(x, y, dx, dy):
    return np.array([(x + dx * f, y + dy * f) for f in range(FRAMES)])


def test_two_things_that_pass_each_other_are_two_objects():
    tracks, masks = moving_boxes([along(10, 30, 12, 0), along(240, 90, -12, 0)])
    union = masks.any(axis=0)
    found = RigidClusters()(tracks, DynamicMasks(union, union.mean(axis=(1, 2))))
    assert len(found) == 2
    for mask in masks:
        overlap = [np.logical_and(mask, each).sum() / np.logical_or(mask, each).sum() for each in found]
        assert max(overlap) > 0.95
    assert not (found[0] & found[1]).any()


def test_what_moves_as_one_is_one_and_without_tracks_there_is_none():
    tracks, masks = moving_boxes([along(10, 30, 5, 1), along(65, 30, 5, 1)])
    union = masks.any(axis=0)
    assert len(RigidClusters()(tracks, DynamicMasks(union, union.mean(axis=(1, 2))))) == 1
    few = tracks.observations((tracks.track % 40) < 2)  # too few tracks for an object
    found = RigidClusters()(few, DynamicMasks(union, union.mean(axis=(1, 2))))
    assert (found.dtype, found.shape) == (bool, (0, *union.shape))
    nothing = np.zeros_like(union)
    assert RigidClusters()(tracks, DynamicMasks(nothing, nothing.mean(axis=(1, 2)))).shape == (0, *union.shape)


def test_masks_that_are_the_same_or_hold_each_other_are_one():
    masks = np.zeros((4, 10, 20, 20), bool)
    masks[0, :, 2:10, 2:10] = masks[1, :, 2:10, 2:9] = masks[3, :, 12:18, 12:18] = True
    masks[2, :2, 2:10, 2:10] = True  # seen in two frames alone, and held there
    assert groups(masks, same_object) == [[0, 1, 2], [3]]
    assert merged(masks, same_object).shape == (2, 10, 20, 20)
    assert np.array_equal(merged(masks, same_object)[0], masks[0])
    apart = np.roll(masks[0], 6, axis=2)
    assert not same_object(masks[0], apart)
    assert mask_box(masks[0, 0]).tolist() == [2, 2, 10, 10]
    assert mask_box(np.zeros((3, 3), bool)) is None


def regions_of(cells):
    """Regions of one pixel a cell, of pictures of `cells` pixels in a row; touching neighbours and followers."""
    frames, count = len(cells), cells.shape[1]
    at = np.arange(frames * count, dtype=np.int32).reshape(frames, 1, count).repeat(8, axis=1).repeat(8, axis=2)
    size, lab = np.full(frames * count, 64.0), np.zeros((frames * count, 3))
    regions = Regions(at, np.arange(0, frames * count + 1, count), size, lab)
    number = np.arange(frames * count).reshape(frames, count)
    i = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    j = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    return regions, Links(i, j, np.ones(len(i)))


def test_one_body_comes_back_where_it_was_hidden_and_others_stay_out():
    cells = np.zeros((12, 20), bool)
    cells[:4, 2:4] = cells[8:, 4:6] = True  # hidden for four frames
    cells[:, 12:14] = True  # another, seen all the time
    regions, links = regions_of(cells)
    known = np.zeros(cells.size, bool)
    known[2] = True
    found = one_body(regions, links, cells.ravel(), known).reshape(cells.shape)
    assert found[:4, 2:4].all()
    assert found[8:, 4:6].all()
    assert not found[:, 12:14].any()
    assert np.array_equal(one_body(regions, links, cells.ravel(), np.zeros(cells.size, bool)), cells.ravel())


def test_labels_travel_to_tracks_that_go_along():
    tracks, _ = moving_boxes([along(10, 30, 6, 0), along(100, 60, -3, 1)])
    late = tracks.observations((tracks.track % 2 == 0) | (tracks.frame >= 6))  # half of them begin at frame 6
    assert late.count == tracks.count
    value = np.full(late.count, np.nan)
    ids, _ = late.at(0)
    value[ids] = np.where(ids < 40, 0.0, 1.0)
    found = travelled(late, value, 0)
    np.testing.assert_allclose(found[:40], 0.0, atol=0.1)
    np.testing.assert_allclose(found[40:], 1.0, atol=0.1)


def test_the_seed_of_a_box_is_motion_where_it_fills_it_and_colour_where_motion_sees_nothing():
    rng = np.random.default_rng(1)
    rgb = rng.integers(90, 110, (90, 160, 3)).astype(np.uint8)
    thing = np.zeros((90, 160), bool)
    thing[30:60, 50:100] = True
    thing[30:36, 50:60] = False
    rgb[thing] = rng.integers(190, 230, (thing.sum(), 3))
    box = np.array([49.5, 29.5, 99.5, 59.5])
    choose = ChooseSeed()
    unseen = choose(rgb, np.zeros_like(thing), box)
    assert not unseen.motion
    assert (unseen.mask & thing).sum() / (unseen.mask | thing).sum() > 0.95
    grey = choose(np.full_like(rgb, 100), np.zeros_like(thing), box)
    assert np.array_equal(grey.mask, box_mask(box, thing.shape))  # no colour tells: the box itself
    seen = choose(np.full_like(rgb, 100), thing, box)
    assert seen.motion
    assert np.array_equal(seen.mask, thing)
    assert tightness(thing, box_mask(box, thing.shape)) == 1.0


def test_where_the_solve_is_refused_a_large_box_with_bits_of_motion_is_asked_of_colour():
    grey, bits = np.full((90, 160, 3), 100, np.uint8), np.zeros((90, 160), bool)
    bits[12:30, 20:60] = True
    large, small = np.array([4.5, 9.5, 154.5, 89.5]), np.array([9.5, 9.5, 79.5, 79.5])
    choose = ChooseSeed()
    assert np.array_equal(choose(grey, bits, large).mask, bits)
    doubted = choose(grey, bits, large, doubted=True)
    assert not doubted.motion
    assert np.array_equal(doubted.mask, box_mask(large, bits.shape))
    assert np.array_equal(choose(grey, bits, small, doubted=True).mask, bits)


def test_boxes_are_cut_to_the_picture():
    assert box_mask(np.array([-9.0, 5, 400, 5.2]), (90, 160)).sum() == 160


def test_files_of_objects_come_back_and_broken_ones_are_told():
    _, masks = moving_boxes([along(0, 30, 12, 0), along(100, 60, -3, 1)])
    index = np.arange(FRAMES) * 2 + 100
    numbers, found = read_instances(pack_instances(index, masks))
    assert np.array_equal(numbers, index)
    assert np.array_equal(found, masks)
    assert read_instances(pack_instances(index, masks[:0]))[1].shape == (0, *masks.shape[1:])
    for wrong in (b"", pack_instances(index[1:], masks), pack_instances(index, masks[0])):
        with pytest.raises(StorageError):
            read_instances(wrong)
    assert keyframe(masks[0]) == 1  # at first it touches the border
    (one, other) = found_json(ObjectMasks(("car", "dog"), masks, "language"), (1.0, None), index, (640, 360))
    assert one["keyframe"] == 102
    assert one["box_px"] == [23.5, 59.5, 123.5, 139.5]
    assert (other["shown_ratio"], other["moving_ratio"]) == (1.0, None)
    told = named_json([Named("car", (Sighting(1, np.array([0.0, 0, 0.5, 1])), Sighting(2)))], index, (640, 360))
    first, second = told[0]["seen"]
    assert first == {"frame_index": 102, "box_px": [-0.5, -0.5, 319.5, 359.5]}
    assert second == {"frame_index": 104, "box_px": None}
