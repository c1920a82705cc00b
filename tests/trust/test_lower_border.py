"""A body that hides all but the lower border is not told from the world, and the answer is refused."""

from dataclasses import replace

import numpy as np

from factory.sfm.attempts import solve_tracks
from factory.sfm.options import PairOptions, SolveOptions
from factory.trust.lower_border import LowerBorder
from factory.trust.rule import AcceptRule
from tests.sfm.scenes import HEIGHT, WIDTH, scene, walk

OPTIONS = SolveOptions(pairs=PairOptions(strides=(1, 2, 4, 8)))
MOST = AcceptRule().most_lower_rival


def of_the_rest(least_x: float) -> float:
    """The share where what moves is solved and the world shows at the bottom alone, right of `least_x` pixels."""
    seen = scene(walk(20), static=1500, moving=200)
    low = seen.tracks.xy[:, 1] > 0.78 * HEIGHT
    lowest = np.full(seen.tracks.count, np.inf)
    np.minimum.at(lowest, seen.tracks.track, seen.tracks.xy[:, 1])
    left = seen.is_dynamic | (lowest > 0.78 * HEIGHT)
    shown = seen.tracks.observations(~low | (seen.tracks.xy[:, 0] > least_x))
    share = LowerBorder()(solve_tracks(seen.tracks.select(left), seen.is_dynamic[left], OPTIONS), shown.select(left))
    assert share is not None
    return share


def test_a_world_that_shows_at_the_bottom_alone_speaks_against_a_solve_of_the_rest():
    assert of_the_rest(least_x=0.0) > MOST


def test_a_thing_at_a_place_of_the_bottom_does_not_where_nothing_else_is_seen():
    """A toy car that is followed over a plain floor."""
    assert 0.1 < of_the_rest(least_x=0.6 * WIDTH) < MOST


def test_a_right_solve_has_a_lower_border_of_its_own():
    seen = scene(walk(20), static=500, moving=100)
    share = LowerBorder()(solve_tracks(seen.tracks, ~seen.is_dynamic, OPTIONS), seen.tracks)
    assert share is not None
    assert share < 0.2


def test_what_goes_with_the_camera_is_its_vehicle():
    """A bonnet: it stands still in the picture, whatever the world does."""
    seen = scene(walk(20), static=500)
    first = np.unique(seen.tracks.track, return_index=True)[1]
    low = seen.tracks.xy[first, 1] > 0.7 * HEIGHT
    held = low[seen.tracks.track]
    tracks = replace(seen.tracks, xy=np.where(held[:, None], seen.tracks.xy[first][seen.tracks.track], seen.tracks.xy))
    share = LowerBorder()(solve_tracks(tracks, ~low, OPTIONS), tracks)
    assert share is not None
    assert share < 0.1


def test_without_tracks_at_the_bottom_there_is_nothing_to_say():
    seen = scene(walk(20), static=300)
    path = solve_tracks(seen.tracks, np.ones(seen.tracks.count, bool), OPTIONS)
    above = seen.tracks.observations(seen.tracks.xy[:, 1] < 0.7 * HEIGHT)
    assert LowerBorder()(path, above) is None
