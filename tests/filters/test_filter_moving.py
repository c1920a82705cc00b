"""Known answers for what moves: patches, tracks that die early, bodies on their epipolar lines, near static things."""

import numpy as np
import pytest
from filter_scenes import HEIGHT, WIDTH, dense, flat, join, project, record, room, walk

from factory.filters.moving import MovingShare
from factory.filters.two_view import TwoView, ViewPair

FRAMES = 30
SIDEWAYS = ((0.06, 0.0, 0.0), 0.0)  # the epipolar lines are horizontal
BOUND = 0.011  # above what static scenes reach


def moving_share(tracks):
    result = TwoView()(record(tracks=tracks))
    return MovingShare()(result)["moving_share"]


def short_lived(tracks, life, seed=0):
    """The same points, but each track lives `life` frames only, from a frame drawn at random."""
    xy = dense(tracks)
    for n, birth in enumerate(np.random.default_rng(seed).integers(-life + 2, FRAMES - 1, xy.shape[1])):
        xy[: max(birth, 0), n] = np.nan
        xy[birth + life :, n] = np.nan
    return flat(xy)


def walker(speed, sway, count=150):
    """A body 0.5 by 1.6 across, (F, N, 3), along the epipolar lines at `speed` a frame, which sways by `sway` of it."""
    points = np.random.default_rng(5).uniform((-0.25, -0.8, -0.1), (0.25, 0.8, 0.1), (count, 3))
    points += np.array([0.3, 0, 4.0])
    time = np.arange(FRAMES) - FRAMES / 2
    return points + (speed * (time + sway * np.sin(time)))[:, None, None] * np.array([1.0, 0, 0])


def far_room(count=1500):
    return np.random.default_rng(0).uniform((-12, -5, 8), (14, 5, 14), (count, 3))


# The wrong way it gives itself away before any background. The right way it looks like something nearer that stands
# still, and is found only where all else is far.
@pytest.mark.parametrize("sway", [0.0, 0.5])
@pytest.mark.parametrize(("speed", "background"), [(0.09, room()), (0.09, far_room()), (-0.09, far_room())])
def test_a_walker_along_the_epipolar_lines_is_found_although_its_tracks_die_soon(speed, background, sway):
    camera = walk(FRAMES, *SIDEWAYS)
    still = project(background, *camera)
    assert moving_share(still) < 0.002
    assert moving_share(join(still, short_lived(project(walker(speed, sway), *camera), 4))) > BOUND


@pytest.mark.parametrize("step", [(0.06, 0.01, 0.03), (0.02, 0.0, 0.0), (0.01, 0.0, 0.08)])
@pytest.mark.parametrize("near", [1.0, 1.5, 2.0])
def test_near_posts_before_a_far_background_do_not_move(step, near):
    rng = np.random.default_rng(0)
    x = np.repeat(np.arange(-2, 4, 0.6), 240)
    offset = rng.uniform((-0.07, -0.8, -0.05), (0.07, 0.8, 0.05), (len(x), 3))
    posts = offset + np.column_stack([x, np.zeros(len(x)), np.full(len(x), near)])
    camera = walk(FRAMES, step)
    assert moving_share(join(project(far_room(), *camera), project(posts, *camera))) < BOUND / 2


def pair_of(track, xy, error_px=0.0, behind=False, seed=1):
    """A pair whose points swirl, so that no homography explains them, all by nearly the same."""
    swirl = np.array([6.0, 0]) + np.random.default_rng(seed).normal(0, 0.9, (600, 2))
    n = len(track)
    error, wrong_way = np.broadcast_to(error_px, n), np.broadcast_to(behind, n)
    direction = np.array([1.0, 0, 0])
    return ViewPair(track, xy, xy + swirl[track], 0.2, np.eye(3), direction, error, np.ones(n), wrong_way)


def grid():
    """Points (600, 2) over the picture, and a Tracks of the picture's size."""
    xy = np.random.default_rng(0).uniform((0, 0), (WIDTH, HEIGHT), (600, 2))
    return xy, flat(np.zeros((2, 600, 2)))


@pytest.mark.parametrize(("left", "right", "expected"), [(0.0, 1.0, 0.0), (0.4, 0.6, 0.07)])
def test_what_moves_the_wrong_way_is_an_object_unless_it_reaches_from_side_to_side(left, right, expected):
    xy, tracks = grid()
    part = xy / [WIDTH, HEIGHT]
    behind = (part[:, 0] >= left) & (part[:, 0] <= right) & (part[:, 1] > 0.6)
    moving = MovingShare().moving([pair_of(np.arange(600), xy, behind=behind)], tracks)
    assert moving.mean() == pytest.approx(expected, abs=0.03)


def test_the_longest_pair_in_which_a_point_lives_decides():
    xy, tracks = grid()
    left, right = (np.abs(xy - centre).max(axis=1) < 30 for centre in ([80, 90], [240, 90]))
    short = pair_of(np.arange(600), xy, np.where(left | right, 5.0, 0.0))
    kept = np.flatnonzero(~left)  # the points on the left die, those on the right turn out to be static
    moving = MovingShare().moving([short, pair_of(kept, xy[kept])], tracks)
    assert moving[left].mean() > 0.6  # at the rim, those that are static outvote
    assert not moving[~left].any()


def test_a_suspect_among_points_that_go_its_way_and_are_not_suspect_does_not_move():
    xy, tracks = grid()
    suspects = np.random.default_rng(3).random(600) < 0.1
    assert MovingShare().moving([pair_of(np.arange(600), xy, np.where(suspects, 5.0, 0.0))], tracks).mean() < 0.005


def test_steps_lead_to_the_pairs_shortest_first():
    result = TwoView()(record(tracks=project(room(), *walk(FRAMES, *SIDEWAYS))))
    assert [pairs[-1] for pairs in result["view_steps"]] == result["view_pairs"]
    for pairs in result["view_steps"]:
        assert [pair.seconds for pair in pairs] == sorted({pair.seconds for pair in pairs})
    assert max(map(len, result["view_steps"])) > 1
