"""Pairs of near-duplicates among made-up clips, beside the comparison of all with all."""

import numpy as np
import pytest

from factory.near_duplicates import lookup
from factory.near_duplicates.lookup import meetings, signs_of, tables_of
from factory.near_duplicates.pairs import Signed, near_pairs, steps
from factory.near_duplicates.signature import WHOLE, seen, signature
from tests.near_duplicates.pictures import natural


def clips_of(films, source=None):
    """films: the pictures of each clip."""
    raw = [signature(image) for film in films for image in film]
    first = np.cumsum([0, *(len(film) for film in films)])
    rows = np.frombuffer(b"".join(raw), np.uint8).reshape(-1, 48)
    return Signed(rows, first, np.arange(len(films)) if source is None else np.array(source))


def film(seed, count=3):
    return [natural(100 * seed + i) for i in range(count)]


def pairs_of(clips):
    return set(map(tuple, near_pairs(clips).tolist()))


@pytest.fixture(scope="module")
def films():
    """30 of three pictures each, then copies of the first four: cropped, mirrored, both, two thirds of it."""
    plain = [film(seed) for seed in range(30)]
    copies = [
        [image[10:, 5:185] for image in plain[0]],
        [image[:, ::-1] for image in plain[1]],
        [image[:132, 12:][:, ::-1] for image in plain[2]],
        [*plain[3][1:], natural(9999)],
    ]
    return plain + copies


def test_copies_are_found_and_nothing_else(films):
    assert pairs_of(clips_of(films)) == {(0, 30), (1, 31), (2, 32), (3, 33)}


def test_the_order_of_clips_does_not_matter(films):
    order = np.random.default_rng(0).permutation(len(films))
    found = pairs_of(clips_of([films[i] for i in order]))
    assert {tuple(sorted((int(order[a]), int(order[b])))) for a, b in found} == {(0, 30), (1, 31), (2, 32), (3, 33)}


def test_clips_of_one_source_are_no_copies_of_each_other(films):
    assert pairs_of(clips_of(films, [*range(30), 0, 1, 2, 3])) == set()


def test_one_picture_in_common_is_not_enough_but_where_it_is_all_there_is():
    shared = natural(7)
    assert pairs_of(clips_of([[*film(1), shared], [*film(2), shared]])) == set()
    assert pairs_of(clips_of([[*film(1), shared], [shared]])) == {(0, 1)}


def test_clips_without_signatures_pair_with_nobody():
    assert pairs_of(clips_of([[], film(1), [], film(1)])) == {(1, 3)}
    assert pairs_of(clips_of([[], []])) == set()


def test_every_step_is_told(films):
    told = []
    near_pairs(clips_of(films[:3]), lambda: told.append(1))
    assert len(told) == steps()


def test_a_look_of_thousands_of_sources_pairs_with_the_first_of_them(monkeypatch):
    """Not each with each, which would take for ever; and all are found."""
    monkeypatch.setattr(lookup, "DEPTH", 4)
    found = pairs_of(clips_of([film(0)] * 50))
    assert {b for a, b in found if a == 0} == set(range(1, 50))
    assert len(found) < 50 * 4


def test_a_table_holds_one_entry_a_source_of_a_key():
    signs = signs_of(seen(clips_of([[natural(0)]] * 6).signatures, WHOLE))
    tables = tables_of(signs, np.array([0, 0, 0, 1, 1, 2]))
    assert all(table.rows.tolist() == [0, 3, 5] for table in tables)


def test_unrelated_signatures_seldom_meet():
    """What is looked at grows with the signatures, not with their square."""
    rng = np.random.default_rng(0)
    for count in (1000, 8000):
        signs = rng.integers(0, 2**63, count, np.uint64) << np.uint64(1)
        tables = tables_of(signs, np.arange(count))
        met = sum(len(probe) for table in tables for probe, _ in meetings(table, signs, signs))
        assert met < 2 * len(tables) * count
