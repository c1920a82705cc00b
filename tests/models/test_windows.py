"""The tracker of windows on a follower whose motion is known: joined exactly, each point once."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.frames import Frames, Passing
from factory.models.roles import Followed
from factory.models.windows import WindowTracker
from tests.models import contracts

SIZE = (60, 90)  # of the colour pictures; the grey ones are twice as large


@dataclass
class Drift:
    """All points move by so many pixels a frame; they are seen inside the picture, and not in the frames `hidden`."""

    step: tuple[float, float] = (1.5, -0.5)
    hidden: tuple[int, ...] = ()
    calls: list[int] = field(default_factory=list)

    def follow(self, frames: np.ndarray, queries: np.ndarray) -> Followed:
        self.calls.append(len(frames))
        number = np.arange(len(frames))
        xy = queries[:, None, 1:] + (number[None] - queries[:, :1])[..., None] * np.array(self.step)
        inside = np.all((xy >= 0) & (xy <= np.array(SIZE[::-1]) - 1), axis=-1)
        shown = ~np.isin(frames[:, 0, 0, 0], self.hidden)
        return Followed(xy.astype(np.float32), inside & shown)


def clip(count: int) -> Frames:
    def frames():
        for number in range(count):
            colour = np.full((*SIZE, 3), number % 256, np.uint8)
            yield Passing(number, number / 12, np.zeros((2 * SIZE[0], 2 * SIZE[1]), np.uint8), colour=colour)

    return Frames(frames())


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(2, 40),
    window=st.integers(2, 17),
    step=st.tuples(st.floats(-4, 4, width=16), st.floats(-4, 4, width=16)),
)
def test_tracks_are_joined_exactly_across_windows(count, window, step):
    follower = Drift(step)
    tracks = WindowTracker(follower, window, points=60, least_frames=1).track(clip(count))
    assert max(follower.calls) <= window
    first = np.searchsorted(tracks.track, np.arange(tracks.count))
    born, where = tracks.frame[first][tracks.track], tracks.xy[first][tracks.track]
    moved = (tracks.frame - born)[:, None] * 2 * np.array(step)  # grey pictures are twice as large
    np.testing.assert_allclose(tracks.xy, where + moved, atol=2e-3)
    gaps = np.diff(tracks.frame)[np.diff(tracks.track) == 0]
    assert np.all(gaps == 1)  # nothing hides here: a track has no holes, and ends where it leaves the picture


def test_a_point_that_stays_is_one_track_from_the_first_frame_to_the_last():
    tracks = WindowTracker(Drift((0, 0)), window=5, points=60).track(clip(23))
    assert set(tracks.lengths()) == {23}
    assert tracks.count == 6 * 9


def test_what_comes_into_the_picture_is_found_and_nothing_is_tracked_twice():
    tracks = WindowTracker(Drift((3.0, 0)), window=8, points=60).track(clip(30))
    spacing = 2 * np.sqrt(SIZE[0] * SIZE[1] / 60)
    for frame in range(30):
        _, xy = tracks.at(frame)
        apart = np.linalg.norm(xy[:, None] - xy[None], axis=-1) + 1e9 * np.eye(len(xy))
        assert apart.min() > 0.4 * spacing
    assert np.any(tracks.at(29)[1][:, 0] < 60)  # on the side where the picture fills anew


def test_points_that_are_hidden_where_windows_meet_end_there():
    tracks = WindowTracker(Drift((0, 0), hidden=(4,)), window=5, points=60).track(clip(9))
    assert 4 not in tracks.frame
    assert tracks.frame.max() == 8


@pytest.mark.parametrize("count", [1, 2, 300])
def test_clips_of_any_length(count):
    tracks = WindowTracker(Drift((0, 0)), points=20, least_frames=1).track(clip(count))
    assert tracks.frames == count
    assert tracks.count > 0


def test_a_clip_of_one_frame_has_no_tracks_by_default():
    assert WindowTracker(Drift()).track(clip(1)).count == 0


def follower_of(kind: str, **settings):
    missing = "it is on no index: install it from its repository"
    if kind == "tapir":
        pytest.importorskip("tapnet.torch.tapir_model", reason=missing)
        from factory.models.tapir import Tapir

        return Tapir(weights="none", device="cpu", side_px=128, **settings)
    pytest.importorskip("cotracker.predictor", reason=missing)
    from factory.models.cotracker import CoTracker

    return CoTracker(weights="none", device="cpu", **settings)


@pytest.mark.parametrize("kind", ["tapir", "cotracker"])
def test_a_follower_keeps_the_contract_of_its_role(kind):
    contracts.follower(follower_of(kind))


def test_tapir_is_its_repository_s_own():
    backend = follower_of("tapir")
    import torch

    backend.load()
    frames = contracts.textured(5, 128, 128, shift_px=2)  # of the size at which it sees: nothing is resized
    queries = np.array([[0, 40.0, 30], [3, 70, 55]], np.float32)
    with torch.inference_mode():
        video = torch.from_numpy(frames).float()[None] / 127.5 - 1
        asked = torch.tensor([[[0, 30.5, 40.5], [3, 55.5, 70.5]]])
        told = backend._network(video, asked)
    ours = backend.follow(frames, queries)
    theirs = told["tracks"][0].numpy() - 0.5
    for number, (at, *_) in enumerate(queries):
        others = np.arange(5) != int(at)
        np.testing.assert_allclose(ours.xy[number, others], theirs[number, others], atol=1e-3)
