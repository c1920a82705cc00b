"""Cuts between shots, on frames made here: where they are, and where none is."""

from functools import cache

import cv2
import numpy as np
import pytest

from factory.ingest.shots import CutFinder
from factory.ingest.survey import SurveySource

HEIGHT, WIDTH = 180, 320


def cuts(frames, fps=24.0):
    settings = SurveySource()
    finder = CutFinder(settings.cut_change, settings.cut_adaptive, settings.cut_fade, fps)
    for frame in frames:
        finder.add(frame, cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))
    return finder.finish()


@cache
def world(seed, height=HEIGHT, width=4 * WIDTH):
    """A wide picture of many sizes of detail, as real ones have: uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    layers = [
        size * np.kron(rng.normal(size=(height // size + 1, width // size + 1, 3)), np.ones((size, size, 1)))
        for size in (4, 8, 16, 32, 64)
    ]
    sum_ = np.sum([layer[:height, :width] for layer in layers], axis=0)
    return np.clip(128 + 50 * sum_ / sum_.std(), 0, 255).astype(np.uint8)


def shot(seed, count=10, step_px=4, start_px=0):
    """A pan over a world."""
    wide = world(seed)
    return [wide[:, start_px + step_px * t :][:, :WIDTH] for t in range(count)]


def grey(frames, contrast, level):
    return [np.repeat((f.mean(axis=2, keepdims=True) * contrast + level).astype(np.uint8), 3, axis=2) for f in frames]


def noisy(frames, sigma=3.0):
    rng = np.random.default_rng(0)
    return [np.clip(f + rng.normal(0, sigma, (*f.shape[:2], 1)), 0, 255).astype(np.uint8) for f in frames]


def pattern(kind, period_px, angle_deg, count=10, step_px=2.0):
    """A pan along something that repeats in both directions or in one."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    angle, frames = np.radians(angle_deg), []
    for t in range(count):
        across = ((x + step_px * t) * np.cos(angle) + y * np.sin(angle)) / period_px
        along = (y * np.cos(angle) - (x + step_px * t) * np.sin(angle)) / period_px
        tile = np.random.default_rng(int(period_px)).uniform(-1, 1, (6, 6))
        shape = {
            "stripes": lambda: np.sin(2 * np.pi * across),  # noqa: B023
            "checkerboard": lambda: np.sign(np.sin(2 * np.pi * across) * np.sin(2 * np.pi * along)),  # noqa: B023
            "carpet": lambda: tile[(across * 6).astype(int) % 6, (along * 6).astype(int) % 6],  # noqa: B023
        }[kind]()
        frames.append(np.repeat((128 + 90 * shape).astype(np.uint8)[..., None], 3, axis=2))
    return noisy(frames)


@pytest.mark.parametrize(("contrast", "level"), [(1.0, 0), (0.5, 64), (0.2, 100)])
def test_a_join_in_grey_is_found_at_any_contrast(contrast, level):
    assert cuts(grey([*shot(0), *shot(1)], contrast, level)) == (10,)


@pytest.mark.parametrize("kind", ["stripes", "checkerboard", "carpet"])
@pytest.mark.parametrize("second", [(14, 0), (22, 55), (31, 20)])
def test_unrelated_patterns_that_repeat_are_two_shots(kind, second):
    assert cuts([*pattern(kind, 20, 0), *pattern(kind, *second)]) == (10,)


def test_a_fast_pan_over_a_pattern_is_one_shot():
    light = world(5)[:, :, :1] / 255.0
    tiles = np.tile(pattern("checkerboard", 40, 0, count=1)[0], (1, 4, 1)) * (0.4 + 0.6 * light)
    assert cuts([tiles.astype(np.uint8)[:, 60 * t :][:, :WIDTH] for t in range(14)]) == ()


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("value", [0, 255])
def test_a_flash_or_a_dropout_does_not_split_a_shot(length, value):
    frames = shot(2, 24)
    for t in range(10, 10 + length):
        frames[t] = np.full_like(frames[t], value)
    assert cuts(frames) == ()


def test_a_flash_on_a_join_does_not_hide_it():
    white = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    found = cuts([*shot(2), white, white, *shot(3)])
    assert found
    assert set(found) <= {10, 12}


def test_a_still_picture_with_noise_is_one_shot():
    flat = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    assert cuts(noisy([world(3)[:, :WIDTH]] * 20, sigma=12)) == ()
    assert cuts(noisy([flat] * 20, sigma=25)) == ()


def test_a_fade_through_black_is_cut_in_the_middle_of_the_black():
    down = [(f * k).astype(np.uint8) for f, k in zip(shot(4), np.linspace(1, 0, 10), strict=True)]
    black = [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 10
    assert len(cuts([*shot(4), *down, *black, *down[::-1], *shot(4)])) == 1
    assert 20 < cuts([*shot(4), *down, *black, *down[::-1], *shot(4)])[0] < 30
    assert 18 < cuts([*shot(4), *down, *black])[0] < 22


@pytest.mark.parametrize("value", [0, 255])
def test_a_quick_fade_is_a_cut_when_another_scene_follows(value):
    def faded(frames):
        return [
            (f * k + value * (1 - k)).astype(np.uint8) for f, k in zip(frames, np.linspace(1, 0.02, 12), strict=True)
        ]

    out = [*shot(4), *faded(shot(4, 12))]
    (cut,) = cuts([*out, *faded(shot(5, 12))[::-1], *shot(5)])
    assert 20 <= cut <= 25
    assert cuts([*out, *faded(shot(4, 12))[::-1], *shot(4)]) == ()


def test_a_dark_scene_is_no_fade():
    """Lamps at night: darker in the mean than black, now and then lighter, and a picture all the time."""
    lamps = [np.where(f > 210, f // 2, f // 24) for f in shot(6, 40)]
    frames = [np.clip(f * (1.5 + np.sin(t / 3)), 0, 255).astype(np.uint8) for t, f in enumerate(lamps)]
    means = [f.mean() for f in frames]
    assert min(means) < SurveySource().cut_fade < max(means)
    assert cuts(frames) == ()


def test_flat_colours_without_texture_are_told_apart():
    colours = [(200, 40, 40), (40, 60, 200), (40, 180, 60)]
    assert cuts([np.full((HEIGHT, WIDTH, 3), c, np.uint8) for c in colours for _ in range(8)]) == (8, 16)


def test_black_bars_do_not_hide_a_join():
    frames = [f.copy() for f in [*shot(7), *shot(8)]]
    for frame in frames:
        frame[:30], frame[-30:] = 0, 0
    assert cuts(frames) == (10,)


def test_an_overlay_that_stays_does_not_hide_a_join():
    frames = [f.copy() for f in [*shot(7), *shot(8)]]
    for frame in frames:
        frame[-40:] = world(9)[:40, :WIDTH]  # a ticker over the whole width
        frame[5:30, -60:-5] = world(9)[60:85, :55]
    assert cuts(frames) == (10,)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_a_frame_that_mixes_both_scenes_does_not_hide_a_join(share):
    mixed = (share * shot(7)[-1] + (1 - share) * shot(8)[0]).astype(np.uint8)
    assert cuts([*shot(7), mixed, *shot(8)]) == (11,)


def test_a_change_of_the_frame_size_is_a_cut():
    assert cuts([*shot(7), *(cv2.resize(f, (160, 90)) for f in shot(7))]) == (10,)
    assert cuts([*shot(7), *(f[:, 80:240] for f in shot(8))]) == (10,)


def test_another_view_of_the_same_place_is_a_cut():
    closer = [cv2.resize(f[30:130, 60:240], (WIDTH, HEIGHT)) for f in shot(7)]
    assert cuts([*shot(7), *closer]) == (10,)


def test_photos_far_apart_in_time_are_one_shot():
    wide = world(10)
    photos = [wide[:, x : x + WIDTH] for x in (0, 120, 260, 150, 400, 500, 380)]
    assert cuts(photos, fps=1.0) == ()
    assert cuts([*photos, *shot(11, 5, 90)], fps=1.0) == (7,)
