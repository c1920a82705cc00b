"""Which clips of different sources are near-duplicates: each of several pictures of the one is in the other."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from factory.near_duplicates.lookup import meetings, signs_of, tables_of
from factory.near_duplicates.signature import COMPARED, MIRROR, WHOLE, seen, windows

# Correlation of two signatures from which on they show the same. Of the pictures of 190 real videos one pair in 100,000
# that has nothing in common reaches 0.79, the one in its best window, and two pairs of videos 0.86 and 0.91 once;
# pictures that lost a tenth of width and height have 0.95 in the median, 0.88 in one of a hundred.
ALIKE = 0.85
PICTURES = 2  # so many pictures of each must have one in the other, under one crop; all, where a clip has fewer
BLOCK = 1 << 12  # pairs of clips compared at a time: memory
SIGNED_BLOCK = 1 << 16  # signatures resampled at a time: memory


@dataclass(frozen=True)
class Signed:
    """Clips by number, 0 and up. signatures: uint8 (N, 48), those of one clip together. first: int64 (C + 1,), where
    those of each clip begin, and N. source: int64 (C,), a number for each source."""

    signatures: np.ndarray
    first: np.ndarray
    source: np.ndarray


def near_pairs(clips: Signed, done: Callable[[], object] = lambda: None) -> np.ndarray:
    """Pairs of clips of different sources that show the same, cropped by up to a seventh, mirrored or not: int64
    (P, 2), each once, the smaller number first, sorted. `done` is called with each of `steps()` steps.

    Equal clips in equal order give equal pairs. What is common to more than `lookup.DEPTH` sources pairs with the first
    of them, not with all.
    """
    count = len(clips.source)
    clip = np.repeat(np.arange(count), np.diff(clips.first))
    signs = _signs(clips.signatures, WHOLE)
    tables = tables_of(signs, clips.source[clip])
    mirror = signs_of(MIRROR[None] < 0)[0]
    known = np.empty(0, np.int64)
    for window in windows():
        turned = _signs(clips.signatures, window)
        for flip, probes in ((np.ones_like(MIRROR), turned), (MIRROR, turned ^ mirror)):
            codes = [np.empty(0, np.int64)]
            for table in tables:
                for probe, found in meetings(table, probes, signs):
                    code = clip[probe] * count + clip[found]
                    new = clips.source[clip[probe]] != clips.source[clip[found]]
                    new[new] = ~np.isin(_ordered(code[new], count), known)
                    a, b = clips.signatures[probe[new]], clips.signatures[found[new]]
                    alike = ((seen(a, window) * flip) * seen(b, WHOLE)).sum(axis=1) >= ALIKE
                    codes.append(np.unique(code[new][alike]))
            asked = np.unique(np.concatenate(codes))
            same = _same(clips, asked, window, flip)
            known = np.union1d(known, _ordered(asked[same], count))
            done()
    return np.stack([known // max(count, 1), known % max(count, 1)], axis=1)


def steps() -> int:
    return 2 * len(windows())


def _ordered(code: np.ndarray, count: int) -> np.ndarray:
    """Both directions of a pair as one."""
    a, b = code // count, code % count
    return np.minimum(a, b) * count + np.maximum(a, b)


def _signs(signatures: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Signs of what shows in the window: uint64 (N,)."""
    found = np.empty(len(signatures), np.uint64)
    for begin in range(0, len(signatures), SIGNED_BLOCK):
        found[begin : begin + SIGNED_BLOCK] = signs_of(seen(signatures[begin : begin + SIGNED_BLOCK], window))
    return found


def _same(clips: Signed, codes: np.ndarray, window: np.ndarray, flip: np.ndarray) -> np.ndarray:
    """Of pairs of clips (a * C + b), whether enough pictures of a, seen in the window, are in b, and of b in a."""
    found, lengths = np.zeros(len(codes), bool), np.diff(clips.first)
    for begin in range(0, len(codes), BLOCK):
        a, b = np.divmod(codes[begin : begin + BLOCK], len(clips.source))
        agree = (_seen(clips, a, window) * flip) @ _seen(clips, b, WHOLE).transpose(0, 2, 1) >= ALIKE
        matched = np.minimum(agree.any(axis=2).sum(axis=1), agree.any(axis=1).sum(axis=1))
        found[begin : begin + BLOCK] = matched >= np.minimum(PICTURES, np.minimum(lengths[a], lengths[b]))
    return found


def _seen(clips: Signed, numbers: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Of some clips what shows in the window, float32 (P, M, 64), M the most pictures of one; zero where a clip has
    fewer."""
    lengths = np.diff(clips.first)
    most = int(lengths[numbers].max(initial=1))
    place = np.arange(most)
    there = place < lengths[numbers][:, None]
    rows = np.where(there, clips.first[numbers][:, None] + place, 0)
    return seen(clips.signatures[rows.ravel()], window).reshape(len(numbers), most, COMPARED) * there[..., None]
