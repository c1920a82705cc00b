"""Semi-global smoothing of a cost volume (Hirschmueller 2008): one path each from left, right, above and below."""

from collections.abc import Iterator

import numpy as np


def semi_global(cost: np.ndarray, grey: np.ndarray, p1: float, p2: float, edge_levels: float = 10.0) -> np.ndarray:
    """Mean over four paths of the cost with what planes that jump between neighbouring pixels cost besides, float32
    (D, h, w).

    cost: float32 (D, h, w). grey: float32 (h, w), grey levels. p1: of one plane up or down, p2: of more, lowered to a
    fifth where neighbours differ by much more than `edge_levels`. Each path is walked pixel by pixel, all rows (or
    columns) and planes at once.
    """
    total = np.zeros_like(cost)
    for axis in (1, 2):
        lines = np.moveaxis(cost, axis, 0)  # steps, planes, width of the front
        lines = np.ascontiguousarray(lines)
        jump = np.abs(np.diff(np.moveaxis(grey, axis - 1, 0), axis=0))
        jump = (p2 * (0.2 + 0.8 * np.exp(-jump / edge_levels))).astype(np.float32)
        found = np.zeros_like(lines)
        for step, front in _walked(lines, jump, np.float32(p1)):
            found[step] += front
        total += np.moveaxis(found, 0, axis)
    total *= 0.25
    return total


def _walked(lines: np.ndarray, jump: np.ndarray, p1: np.float32) -> Iterator[tuple[int, np.ndarray]]:
    """Costs along the path, to and fro: the step, and float32 (D, n), which the next step writes over.

    lines: float32 (steps, D, n). jump: float32 (steps - 1, n), what a jump costs between steps.
    """
    steps, planes, front = lines.shape
    for forth in (True, False):
        before = np.full((planes + 2, front), np.inf, np.float32)  # rims: no plane lies beyond the first and the last
        best = np.empty((planes, front), np.float32)
        inner = before[1:-1]
        order = range(steps) if forth else range(steps - 1, -1, -1)
        for count, step in enumerate(order):
            if count == 0:
                inner[:] = lines[step]
            else:
                least = inner.min(axis=0)
                np.minimum(before[:-2], before[2:], out=best)
                best += p1
                np.minimum(best, inner, out=best)
                np.minimum(best, least + jump[step - 1 if forth else step], out=best)
                best -= least
                np.add(best, lines[step], out=inner)
            yield step, inner
