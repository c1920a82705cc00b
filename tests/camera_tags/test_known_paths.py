"""63 made paths of 21 kinds: each gets its tags, and amounts that are what was made."""

import numpy as np
import pytest

from factory.camera_tags.path import camera_path
from factory.camera_tags.tags import CameraTags, TagBounds
from tests.camera_tags.paths import PLANS, SEEDS, Known, known_path

CLOSE = {"pan": 1.5, "tilt": 1.5, "roll": 1.5, "orbit": 4.0}  # degrees; the drift is 0.3 in either way
MOVES_CLOSE = 0.04


def tagged(known: Known) -> CameraTags:
    seen = known.registered
    focal_px = None if known.focal_px is None else known.focal_px[seen]
    path = camera_path(known.times_s[seen], known.world_from_cam[seen], known.median_depth, focal_px)
    return TagBounds()(path)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", PLANS)
def test_a_path_of_a_kind_is_called_so(name: str, seed: int):
    known = known_path(name, seed)
    found = tagged(known)
    assert set(found.tags) == known.tags
    assert set(found.amounts) == {"pan", "tilt", "roll", "orbit", "dolly", "truck", "pedestal"} | (
        set() if known.focal_px is None else {"zoom"}
    )
    for kind, amount in found.amounts.items():
        assert amount.net == pytest.approx(known.amounts[kind], abs=CLOSE.get(kind, MOVES_CLOSE)), kind


@pytest.mark.parametrize("seed", SEEDS)
def test_there_and_back_is_nothing_net_and_twice_the_way_in_total(seed: int):
    found = tagged(known_path("pan_and_back", seed)).amounts["pan"]
    assert abs(found.net) < 1.5
    assert found.total == pytest.approx(2 * found.extent, abs=2.5)
    assert found.extent > 20


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["pan", "walk", "orbit_and_pedestal", "drive_round_a_bend"])
def test_a_film_run_backwards_has_the_opposite_amounts(name: str, seed: int):
    known = known_path(name, seed)
    seen = known.registered
    back = TagBounds()(
        camera_path(-known.times_s[seen][::-1], known.world_from_cam[seen][::-1], known.median_depth, None)
    )
    there = tagged(known)
    assert set(back.tags) == set(there.tags)
    for kind, amount in there.amounts.items():
        assert back.amounts[kind].net == pytest.approx(-amount.net, abs=1e-2 * max(1, abs(amount.net)))


def test_where_positions_cannot_be_used_no_move_is_told_and_no_standing_either():
    known = known_path("pan_and_dolly", 0)
    path = camera_path(known.times_s, known.world_from_cam, None, None)
    assert set(path.amounts) == {"pan", "tilt", "roll"}
    assert TagBounds()(path).tags == ("pan",)
    walk = known_path("dolly", 0)
    turned = camera_path(walk.times_s, walk.world_from_cam, None, None)
    assert TagBounds()(turned, may_move=True).tags == ()
    assert TagBounds()(turned).tags == ("static",)


@pytest.mark.parametrize("frames", [2, 3, 4])
def test_few_frames_tell_turns_and_moves_but_no_shake(frames: int):
    known = known_path("pan_and_dolly", 0)
    few = np.linspace(0, len(known.times_s) - 1, frames).astype(int)
    found = TagBounds()(camera_path(known.times_s[few], known.world_from_cam[few], known.median_depth, None))
    assert set(found.tags) == {"pan", "dolly"}
    assert found.shake_deg is None
    assert found.amounts["pan"].net == pytest.approx(known.amounts["pan"], abs=1.5)


def test_what_shakes_too_fast_for_the_frames_is_not_told():
    known = known_path("held_still", 1)
    every = TagBounds()(camera_path(known.times_s, known.world_from_cam, known.median_depth, None))
    third = TagBounds()(camera_path(known.times_s[::3], known.world_from_cam[::3], known.median_depth, None))
    assert every.hand_held
    assert third.shake_deg is None
    assert third.tags == ("static",)
