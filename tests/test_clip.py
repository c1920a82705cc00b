from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from factory.clip import sampled, stable_id


@dataclass(frozen=True)
class At:
    time_s: float


def times(fps: float, count: int) -> list[At]:
    return [At(i / fps) for i in range(count)]


def test_half_the_rate_keeps_every_second_frame():
    assert [f.time_s * 24 for f in sampled(times(24, 10), 12, 24)] == [0, 2, 4, 6, 8]


def test_a_slower_source_keeps_all_its_frames():
    frames = times(5, 7)
    assert list(sampled(frames, 12, 5)) == frames


def test_uneven_times_are_sampled_in_seconds():
    fast, slow = [At(i / 60) for i in range(60)], [At(1 + i / 6) for i in range(6)]
    kept = list(sampled(fast + slow, 12, 33))
    assert [f for f in kept if f.time_s < 0.99] != fast
    assert abs(len([f for f in kept if f.time_s < 0.99]) - 12) <= 1
    assert [f for f in kept if f.time_s >= 1] == slow


@given(st.floats(1, 120), st.floats(1, 60), st.integers(1, 200))
def test_sampled_frames_are_a_rising_subset_that_starts_at_the_first(native_fps, fps, count):
    frames = times(native_fps, count)
    kept = list(sampled(frames, fps, native_fps))
    assert kept[0] == frames[0]
    assert all(a.time_s < b.time_s for a, b in pairwise(kept))
    assert len(kept) <= count
    gaps = np.diff([f.time_s for f in kept])
    assert (gaps > 0.5 / fps - 0.51 / native_fps).all()
    expected = min(count, (count - 1) / native_fps * fps + 1)
    assert abs(len(kept) - expected) <= 1.5


def test_ids_are_stable_and_tell_spans_apart():
    assert stable_id("hash", 0.0, 1.5) == "c61245febe99ad2315b2"
    assert stable_id("hash", 0.0, 1.5) != stable_id("hash", 0.0, 1.500002)
    assert stable_id("a", "b") != stable_id("ab", "")
