"""A clip decoded once, whoever asks first."""

from collections.abc import Iterator

import numpy as np
import pytest

from factory.errors import VideoError
from factory.frames import Frames, Passing


def passing(count: int = 6, every: int = 2, asked: list[int] | None = None) -> Iterator[Passing]:
    for i in range(count):
        if asked is not None:
            asked.append(i)
        grey = np.full((4, 6), i % 256, np.uint8)
        yield Passing(
            i, i / 24, grey, i % every == 0, np.full((2, 3, 3), i % 256, np.uint8) if i % every == 0 else None
        )


def test_nothing_is_decoded_before_it_is_asked_for_and_nothing_twice():
    asked: list[int] = []
    frames = Frames(passing(asked=asked))
    assert asked == []
    assert [frame.index for frame in frames.passing()] == [0, 1, 2, 3, 4, 5]
    assert [frame.index for frame in frames.passing()] == [0, 2, 4]
    assert (len(frames), frames.frame_index.tolist(), frames.times_s.tolist()) == (3, [0, 2, 4], [0.0, 2 / 24, 4 / 24])
    assert [grey[0, 0] for grey in frames.grey] == [0, 2, 4]
    assert frames.colour[:, 0, 0, 0].tolist() == [0, 2, 4]
    assert asked == [0, 1, 2, 3, 4, 5]


def test_who_stops_half_way_leaves_the_rest_to_the_next():
    asked: list[int] = []
    frames = Frames(passing(asked=asked))
    for frame in frames.passing():
        if frame.index == 2:
            break
    assert asked == [0, 1, 2]
    assert [frame.index for frame in frames.passing()] == [0, 2, 3, 4, 5]
    assert frames.frame_index.tolist() == [0, 2, 4]


def test_frames_between_the_sampled_ones_do_not_stay():
    frames = Frames(passing(count=1000, every=100))
    held = sum(1 for _ in frames.passing())
    assert (held, len(frames._kept)) == (1000, 10)


def test_an_error_of_decoding_reaches_whoever_asks():
    def broken() -> Iterator[Passing]:
        yield from passing(2, 1)
        raise VideoError("the file ends here.")

    frames = Frames(broken())
    for _ in range(2):
        with pytest.raises(VideoError, match="ends here"):
            _ = frames.grey


def test_frames_without_colour_say_so():
    with pytest.raises(ValueError, match="without their colours"):
        _ = Frames([Passing(0, 0.0, np.zeros((4, 6), np.uint8))]).colour


def test_networks_get_three_channels_either_way():
    grey = np.arange(24, dtype=np.uint8).reshape(4, 6)
    seen = Frames([Passing(0, 0.0, grey), Passing(1, 0.1, grey + 1)]).rgb
    assert seen.shape == (2, 4, 6, 3)
    np.testing.assert_array_equal(seen[1, ..., 2], grey + 1)
    colour = np.zeros((2, 3, 3), np.uint8)
    assert Frames([Passing(0, 0.0, grey, colour=colour)]).rgb.shape == (1, 2, 3, 3)
