"""Near-duplicates among a million made-up signatures: copies found, false ones, seconds, memory. Asserts nothing.

    python -m tests.bench.many_signatures OUTPUT [--signatures 1000000]

Signatures are drawn with the covariance of those in OUTPUT, of real videos: unrelated ones meet more often than noise.
Clips have five, half alike; sources have four clips. One clip in fifty is a copy of another: without up to 12 % of
width and height, anywhere, every other one mirrored, all with noise of a third of the signal.
"""

import argparse
import resource
import time

import numpy as np

from factory.export.selection import Selection
from factory.near_duplicates import signature as kept
from factory.near_duplicates.pairs import Signed, near_pairs, steps
from factory.storage.output import Storage
from factory.subsets.clips import chosen, signed

PICTURES, CLIPS_A_SOURCE, CLIPS_A_COPY, NOISE, SMALLEST = 5, 4, 50, 0.33, 0.88
BLOCK = 10_000  # clips packed at a time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", help="of a run on real videos")
    parser.add_argument("--signatures", type=int, default=1_000_000)
    options = parser.parse_args()
    real = unpacked(signed(chosen(Storage.at(options.output), Selection(), "i.signatures")).signatures)
    clips, planted = made(real, options.signatures // PICTURES, np.random.default_rng(0))
    before = memory_mb()
    wall, cpu = time.perf_counter(), time.process_time()
    told: list[int] = []
    pairs = set(map(tuple, near_pairs(clips, lambda: told.append(len(told))).tolist()))
    assert len(told) == steps()
    print(f"{len(clips.signatures)} signatures, {len(planted)} copies: {len(pairs & planted) / len(planted):.2%} found")
    print(f"{len(pairs - planted)} other pairs")
    print(f"{time.perf_counter() - wall:.0f} s, {time.process_time() - cpu:.0f} s of CPU")
    print(f"{memory_mb()} MB at most, {before} MB to make them up")


def made(real: np.ndarray, count: int, rng: np.random.Generator) -> tuple[Signed, set[tuple[int, int]]]:
    """So many clips, and the pairs that are copies."""
    size = real.shape[1]
    spread = np.linalg.cholesky(np.cov(real.T) + 1e-6 * np.eye(size)).astype(np.float32)
    common = rng.standard_normal((count, 1, size), np.float32)
    waves = (common + rng.standard_normal((count, PICTURES, size), np.float32)) @ spread.T
    some = rng.permutation(count)[: count // CLIPS_A_COPY * 2].reshape(-1, 2)
    mirror = np.where(kept._COLUMN % 2 == 1, -1, 1)
    for number, (a, b) in enumerate(some):
        copy = waves[a] @ window(rng).T
        copy += NOISE * np.sqrt((copy**2).mean()) * rng.standard_normal(copy.shape)
        waves[b] = copy * (mirror if number % 2 else 1)
    packed = np.concatenate([pack(waves[i : i + BLOCK].reshape(-1, size)) for i in range(0, count, BLOCK)])
    source = np.arange(count) // CLIPS_A_SOURCE
    planted = {(int(min(pair)), int(max(pair))) for pair in some if source[pair[0]] != source[pair[1]]}
    return Signed(packed, np.arange(0, count * PICTURES + 1, PICTURES), source), planted


def window(rng: np.random.Generator) -> np.ndarray:
    """A crop's coefficients by the whole picture's, of all that are kept: (96, 96)."""
    width, height = rng.uniform(SMALLEST, 1, 2)
    x, y = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    return kept.resampled(x, x + width, y, y + height)


def pack(waves: np.ndarray) -> np.ndarray:
    """As `signature` does: uint8 (N, 48)."""
    return kept.packed(waves / np.sqrt((waves**2).mean(axis=1, keepdims=True)))


def unpacked(signatures: np.ndarray) -> np.ndarray:
    """Coefficients by their spread: float (N, 96)."""
    levels = np.stack([signatures >> 4, signatures & 15], axis=2).reshape(len(signatures), -1)
    return np.asarray((levels * 2 / kept.LEVELS - 1) * kept.REACH)


def memory_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
