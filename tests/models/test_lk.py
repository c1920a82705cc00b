"""The tracker on textures that move by known amounts."""

import pickle

import cv2
import numpy as np
import pytest

from factory.clip import sampled
from factory.models.dis import DisFlow
from factory.models.lk import LucasKanade
from factory.tracks import Tracks
from factory.video import Frame
from tests.passing import decoding

HEIGHT, WIDTH = 180, 320


def texture(seed: int = 0, height: int = 400, width: int = 1600, contrast: float = 255.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    fine = cv2.GaussianBlur(rng.uniform(-1, 1, (height, width)), (0, 0), 1.5)
    coarse = cv2.GaussianBlur(rng.uniform(-1, 1, (height, width)), (0, 0), 8)
    both = fine / fine.std() + coarse / coarse.std()
    return np.clip(128 + contrast * both / 8, 0, 255).astype(np.uint8)


def moving(picture: np.ndarray, step: tuple[float, float], count: int, fps: float) -> list[Frame]:
    """Frames whose content moves by `step` pixels a frame: exact sub-pixel shifts of one picture."""
    frames = []
    for i in range(count):
        matrix = np.array([[1.0, 0.0, step[0] * i - 700], [0.0, 1.0, step[1] * i - 100]])
        frames.append(Frame(i, i / fps, cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)))
    return frames


def steps(tracks: Tracks) -> np.ndarray:
    same = np.diff(tracks.track) == 0
    return np.diff(tracks.xy, axis=0)[same] / np.diff(tracks.frame)[same, None]


def test_positions_follow_a_known_shift():
    tracks = LucasKanade().track(decoding(moving(texture(), (1.3, 0.4), 25, 24.0), 24.0))
    assert tracks.frames == 13
    assert tracks.lengths().mean() > 8
    np.testing.assert_allclose(np.median(steps(tracks), axis=0), [2.6, 0.8], atol=0.02)
    assert np.percentile(np.linalg.norm(steps(tracks) - [2.6, 0.8], axis=1), 95) < 0.2


def test_a_fast_pan_is_followed_because_flow_starts_the_search():
    frames = moving(texture(), (38.0, 4.0), 12, 12.0)
    with_flow = LucasKanade().track(decoding(frames, 12.0))
    without = LucasKanade(start_side_px=0).track(decoding(frames, 12.0))
    np.testing.assert_allclose(np.median(steps(with_flow), axis=0), [38.0, 4.0], atol=0.05)
    assert len(with_flow.track) > 0.98 * len(without.track)
    assert len(with_flow.track) / with_flow.frames > 250


@pytest.mark.parametrize("fps", [10.0, 24.0, 50.0])
def test_kept_frames_are_the_sampled_ones(fps):
    frames = moving(texture(), (0.5, 0.0), 40, fps)
    tracks = LucasKanade().track(decoding(frames, fps))
    expected = [f.index for f in sampled(frames, 12.0, fps)]
    assert tracks.frame_index.tolist() == expected
    np.testing.assert_allclose(tracks.times_s, np.array(expected) / fps)


def test_a_fast_source_is_thinned_but_its_samples_are_not():
    frames = moving(texture(), (0.4, 0.0), 60, 120.0)
    followed = [f.index for f in decoding(frames, 120.0).passing()]
    assert len(followed) < 25
    assert {f.index for f in sampled(frames, 12.0, 120.0)} <= set(followed)


def test_points_are_bounded_and_spread():
    tracks = LucasKanade(points=150).track(decoding(moving(texture(), (1.0, 0.0), 20, 12.0), 12.0))
    for frame in range(tracks.frames):
        ids, xy = tracks.at(frame)
        assert len(ids) <= 150
    _, xy = tracks.at(0)
    apart = np.linalg.norm(xy[:, None] - xy[None], axis=2)[~np.eye(len(xy), dtype=bool)]
    assert apart.min() >= 8.9


def test_weak_texture_still_gives_tracks():
    weak = texture(contrast=255.0)
    weak[:, :] = (128 + (weak.astype(float) - 128) * 0.03).round()
    weak[80:130, 720:790] = texture()[80:130, 720:790]  # one strong patch sets the scale of `quality`
    frames = moving(weak, (0.5, 0.0), 12, 12.0)
    strict = LucasKanade(few=0.0).track(decoding(frames, 12.0))
    both = LucasKanade().track(decoding(frames, 12.0))
    assert len(both.track) > 1.3 * len(strict.track)
    np.testing.assert_allclose(np.median(steps(both), axis=0), [0.5, 0.0], atol=0.1)


def test_no_texture_is_no_track():
    grey = [Frame(i, i / 12, np.full((HEIGHT, WIDTH), 90, np.uint8)) for i in range(5)]
    tracks = LucasKanade().track(decoding(grey, 12.0))
    assert (tracks.count, tracks.frames) == (0, 5)


def test_no_frame_is_no_track():
    tracks = LucasKanade().track(decoding([], 24.0))
    assert (tracks.count, tracks.frames) == (0, 0)


def test_a_point_that_vanishes_does_not_return_wrong():
    frames = moving(texture(0), (0.5, 0.0), 6, 12.0) + moving(texture(9), (0.5, 0.0), 6, 12.0)
    cut = [Frame(i, i / 12, f.image) for i, f in enumerate(frames)]
    tracks = LucasKanade().track(decoding(cut, 12.0))
    across = len(tracks.pair(5, 6)[0])
    assert across < 0.1 * len(tracks.pair(4, 5)[0])


def test_dense_flow_of_a_shift():
    one, _, two = moving(texture(), (2.0, -1.0), 3, 12.0)
    flow = DisFlow("fast").flow(one.image, two.image)
    np.testing.assert_allclose(np.median(flow[20:-20, 20:-20], axis=(0, 1)), [4.0, -2.0], atol=0.1)


def test_a_flow_that_was_used_travels():
    one, two = (frame.image for frame in moving(texture(), (2.0, -1.0), 2, 12.0))
    used = DisFlow("ultrafast")
    found = used.flow(one, two)
    arrived = pickle.loads(pickle.dumps(used))
    assert arrived == used
    np.testing.assert_array_equal(arrived.flow(one, two), found)
