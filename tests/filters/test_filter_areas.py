"""Known answers for what is seen in areas: movers, plain walls, water, soft backgrounds, a shaken camera."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from filter_scenes import HEIGHT, WIDTH, project, record, room, texture, walk

from factory.filters.coverage import Coverage
from factory.filters.drawn import DrawnLook
from factory.filters.field import GRID_PX, MotionField
from factory.filters.movers import Movers
from factory.filters.shaken import Shake
from factory.filters.tracks import PointTracks

FRAMES, STEP_PX = 24, 3.0
SIDE = 56  # of the thing that moves: 5 % of the picture; flow from coarse to fine loses smaller ones
FOUND = (*Movers.gives, *Coverage.gives)


def scene(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A random picture with detail of every size, as pictures have: flow is found from coarse to fine."""
    noise = np.random.default_rng(seed).normal(0, 1, (height, width, 3)).astype(np.float32)
    layers = [cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (1.5, 4.0, 10.0)]
    return np.clip(127 + 90 * sum(layers), 0, 255).astype(np.uint8)


def seen(frames: np.ndarray):
    found = PointTracks()(record(frames=frames))
    return Coverage()(Movers()(MotionField()(found)))


def panned(picture: np.ndarray) -> list[np.ndarray]:
    """The camera goes over a flat picture, wider than what it sees."""
    return [
        cv2.warpAffine(picture, np.float32([[1, 0, -STEP_PX * t], [0, 1, 0]]), (WIDTH, HEIGHT)) for t in range(FRAMES)
    ]


def with_thing(frames: list[np.ndarray], at) -> np.ndarray:
    """A textured square whose corner is at `at(t)`."""
    thing, frames = scene(9, SIDE, SIDE), [frame.copy() for frame in frames]
    for t, frame in enumerate(frames):
        x, y = (round(v) for v in at(t))
        part = frame[max(y, 0) : y + SIDE, max(x, 0) : x + SIDE]
        part[:] = thing[max(-y, 0) :, max(-x, 0) :][: part.shape[0], : part.shape[1]]
    return np.stack(frames)


WALL = panned(scene(1, HEIGHT, WIDTH + 100))


def test_a_thing_that_moves_is_found_with_its_area():
    found = seen(with_thing(WALL, lambda t: (60 + t, 60)))
    area = SIDE**2 / (WIDTH * HEIGHT)
    assert 0.1 * area < found["mover_share"] < 1.5 * area
    assert 0.5 * area < found["evident_share"] < 2 * area
    assert found["brief_mover_share"] >= found["mover_share"]


def test_nothing_moves_before_a_camera_that_does():
    found = seen(np.stack(WALL))
    assert (found["mover_share"], found["brief_mover_share"]) == (0, 0)
    assert found["evident_share"] < 0.001
    assert found["cover_share"] > 0.9
    assert found["border_cover_share"] > 0.9
    assert found["chaos_share"] < 0.1


def test_what_is_painted_on_the_wall_does_not_move():
    found = seen(with_thing(WALL, lambda t: (150 - STEP_PX * t, 70)))
    assert found["mover_share"] == 0
    assert found["evident_share"] < 0.003


def test_what_comes_in_from_the_edge_is_evident_and_no_mover():
    found = seen(with_thing(WALL, lambda _: (-SIDE / 2, 70)))  # it stays at the edge while the wall goes by
    assert found["mover_share"] == 0
    assert found["evident_share"] > 0.003


def test_flow_on_a_plain_wall_is_no_evidence():
    """Half of the picture without texture but for noise: flow there is invented."""
    rng = np.random.default_rng(0)
    frames = np.stack(WALL)
    plain = 128 + rng.normal(0, 1.0, frames[:, :, : WIDTH // 2].shape)
    frames[:, :, : WIDTH // 2] = np.clip(plain, 0, 255).astype(np.uint8)
    found = seen(frames)
    assert found["evident_share"] < 0.003
    assert found["cover_share"] < 0.7


def test_water_covers_nothing():
    """Every patch goes its own way, each moment another."""
    rng = np.random.default_rng(2)
    x, y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    picture, frames = scene(3), []
    for _ in range(FRAMES):
        way = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH, 2)).astype(np.float32), (0, 0), 12) * np.float32(300)
        where = x + way[..., 0], y + way[..., 1]
        frames.append(cv2.remap(picture, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))
    found = seen(np.stack(frames))
    assert found["cover_share"] < 0.3
    assert found["chaos_share"] > 0.15


def test_a_soft_background_is_not_covered():
    sharp = np.stack(WALL)
    soft = np.stack([cv2.GaussianBlur(frame, (0, 0), 12) for frame in WALL])
    soft[:, 60:120, 110:210] = sharp[:, 60:120, 110:210]
    assert seen(soft)["cover_share"] < 0.35
    assert seen(soft)["border_cover_share"] < 0.1


def test_a_picture_that_rests_or_is_blank_has_no_figures_or_empty_ones():
    blank = seen(np.full((FRAMES, HEIGHT, WIDTH, 3), 90, np.uint8))
    assert [blank[name] for name in FOUND] == [None] * len(FOUND)
    rests = seen(np.stack([scene(4)] * FRAMES))
    assert rests["mover_share"] == 0
    assert rests["evident_share"] == 0


@pytest.mark.parametrize("frames", [5, 8])
def test_short_clips_have_a_field(frames):
    assert seen(np.stack(WALL[:frames]))["cover_share"] is not None


def test_runs_follow_their_pairs_and_do_not_overlap():
    found = PointTracks()(record(frames=np.stack(WALL)))
    pairs = MotionField()(found)["field_pairs"]
    assert len(pairs) <= 24
    for one, two in pairwise(pairs):
        assert one.run < two.run or (one.run == two.run and one.j == two.i)
    assert pairs[0].flow.shape == (HEIGHT // GRID_PX, WIDTH // GRID_PX, 2)
    assert np.median(pairs[0].flow[..., 0]) == pytest.approx(-STEP_PX * (pairs[0].j - pairs[0].i), abs=0.2)


def test_a_hand_shakes_and_a_rail_does_not():
    centres, rotations = walk(36, (0.05, 0.0, 0.0))
    hand = centres + np.random.default_rng(0).normal(0, 0.02, centres.shape)
    seen_by = [record(tracks=project(room(), where, rotations)) for where in (centres, hand)]
    glides, shakes = (Shake()(each)["shake"] for each in seen_by)
    assert glides < 0.003
    assert shakes > 4 * glides


def test_grain_is_told_where_the_picture_is_smooth_and_colour_where_it_is_lit():
    rng = np.random.default_rng(0)
    smooth = np.full((HEIGHT, WIDTH, 3), (150, 120, 120), np.uint8)
    grainy = np.clip(smooth + rng.normal(0, 1.0, smooth.shape[:2])[..., None], 0, 255).astype(np.uint8)
    told = [DrawnLook()(record(stills=[picture])) for picture in (smooth, grainy)]
    assert told[0]["grain"] == 0
    assert told[1]["grain"] == pytest.approx(0.6, abs=0.2)  # the median of |N(0, 1)| is 0.67, a part of it stays smooth
    assert told[0]["saturation"] == pytest.approx(255 * 30 / 150, abs=2)
    assert DrawnLook()(record(stills=[texture(0)]))["grain"] is None
