"""Points followed over pictures whose motion is known."""

import cv2
import numpy as np
import pytest

from factory.world.follow import Follow, dense

HEIGHT, WIDTH = 120, 160


def texture(seed=0, height=240, width=320):
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width))
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.5), None, 20, 235, cv2.NORM_MINMAX).astype(np.float32)


def sliding(count, step=(1.3, 0.4), seed=0):
    """A texture that moves by a step a frame."""
    sheet = texture(seed)
    frames = []
    for number in range(count):
        shift = np.array([[1, 0, 40 + step[0] * number], [0, 1, 40 + step[1] * number]], np.float32)
        warped = cv2.warpAffine(sheet, shift, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
        frames.append(np.clip(warped, 0, 255).astype(np.uint8))
    return frames


def followed(frames, **options):
    return Follow(**options)(frames, np.arange(len(frames)) / 12, np.arange(len(frames)) + 7)


def test_points_go_where_the_texture_goes_both_ways_in_time():
    step = np.array([1.3, 0.4])
    found = followed(sliding(20, step))
    tracks = found.tracks
    assert tracks.frame_index.tolist() == list(range(7, 27))
    seed_row = np.flatnonzero(tracks.frame == found.seed_frame[tracks.track])
    assert tracks.track[seed_row].tolist() == list(range(tracks.count))
    since = tracks.frame - found.seed_frame[tracks.track]
    off = np.linalg.norm(tracks.xy - (tracks.xy[seed_row][tracks.track] - since[:, None] * step), axis=1)
    assert np.quantile(off, 0.95) < 0.3
    assert (since < -5).sum() > 500
    assert (since > 5).sum() > 500


def test_tracks_have_no_gaps_and_are_seeded_on_the_grid_s_frames():
    found = followed(sliding(20), every_frames=6)
    tracks = found.tracks
    same = np.diff(tracks.track) == 0
    assert set(np.diff(tracks.frame)[same].tolist()) == {1}
    assert set(found.seed_frame.tolist()) <= {0, 6, 12, 18, 19}
    assert found.seed_frame.dtype == np.int32


def test_new_seeds_keep_away_from_tracks_that_there_are():
    """A still picture: after the first grid only a few places are left."""
    found = followed([sliding(1)[0]] * 13, stride_px=4, apart_px=2.5)
    first = (found.seed_frame == 0).sum()
    assert first > 700
    assert (found.seed_frame > 0).sum() < 0.4 * first
    at = found.tracks.frame == 12
    before, new = (found.tracks.xy[at & (found.seed_frame[found.tracks.track] == f)] for f in (0, 12))
    nearest = np.linalg.norm(before[:, None] - new[None], axis=2).min(axis=0)
    assert nearest.min() > 2.4


def test_plain_places_get_no_seeds():
    frames = sliding(5, step=(0, 0))
    for frame in frames:
        frame[:, :80] = 128
    found = followed(frames)
    assert found.tracks.xy[:, 0].min() > 74


def test_a_point_that_is_covered_ends():
    """A square of another texture passes over; what it covers must not go on as part of it."""
    frames, cover = sliding(16, step=(0, 0)), texture(5, 40, 40).astype(np.uint8)
    for number, frame in enumerate(frames):
        x = 5 + 8 * number
        frame[40:80, x : x + 40] = cover[:, : max(0, WIDTH - x)]
    found = followed(frames)
    tracks = found.tracks
    start = tracks.xy[np.flatnonzero(tracks.frame == found.seed_frame[tracks.track])][tracks.track]
    drifted = np.linalg.norm(tracks.xy - start, axis=1) > 3
    on_cover = (tracks.xy[:, 1] > 38) & (tracks.xy[:, 1] < 82)
    outside = drifted & ~on_cover
    assert outside.mean() < 0.002
    seeded_beside = (start[:, 0] > 60 + 8 * found.seed_frame[tracks.track]) & (start[:, 1] > 45) & (start[:, 1] < 75)
    dragged = seeded_beside & drifted
    assert dragged.sum() < 0.03 * seeded_beside.sum()


def test_a_point_that_comes_to_show_something_else_ends():
    """One texture fades into another in the middle of the picture: nothing moves, every way leads back."""
    first, second = sliding(1, seed=0)[0].astype(float), sliding(1, seed=1)[0].astype(float)
    frames = []
    for share in np.linspace(0, 1, 13):
        frame = first.copy()
        frame[30:90, 40:120] = ((1 - share) * first + share * second)[30:90, 40:120]
        frames.append(frame.astype(np.uint8))

    def lasting(correlation):
        found = followed(frames, every_frames=100, correlation=correlation)
        tracks = found.tracks
        inside = np.all((tracks.xy > (48, 38)) & (tracks.xy < (112, 82)), axis=1)
        from_start = inside & (found.seed_frame[tracks.track] == 0)
        return np.sum(from_start & (tracks.frame == 12)) / np.sum(from_start & (tracks.frame == 0))

    assert lasting(0.6) < 0.1
    assert lasting(0.0) > 0.2


def test_equal_pictures_give_equal_tracks():
    first, second = followed(sliding(6)), followed(sliding(6))
    np.testing.assert_array_equal(first.tracks.xy, second.tracks.xy)


def test_dense_is_denser():
    frames = sliding(12)
    assert len(dense()(frames, np.arange(12.0), np.arange(12)).tracks.track) > 1.5 * len(followed(frames).tracks.track)


@pytest.mark.parametrize("count", [1, 2])
def test_short_clips(count):
    found = followed(sliding(count))
    assert (found.tracks.count > 0) == (count > 1)


def test_large_pictures_get_no_more_seeds_than_others():
    frames = sliding(2)
    least, most = (len(followed(frames, most_cells=cells, every_frames=9).seed_frame) for cells in (200, 100_000))
    assert most > 2 * 400  # a grid of 5 px
    assert 200 < least <= 2 * 200  # on both frames
