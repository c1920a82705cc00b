"""When two masks are of one object, and what becomes of them."""

from collections.abc import Callable

import numpy as np

SAME_UNION, COVERED, SAME_FRAMES = 0.9, 0.9, 0.3  # Dynapo's


def merged(masks: np.ndarray, same: Callable[[np.ndarray, np.ndarray], bool]) -> np.ndarray:
    """masks: bool (O, F, h, w). Those that are the same, bool (F, h, w) each, become one in the place of the first,
    until none are."""
    return np.array([np.logical_or.reduce(masks[group]) for group in groups(masks, same)], bool).reshape(
        -1, *masks.shape[1:]
    )


def groups(masks: np.ndarray, same: Callable[[np.ndarray, np.ndarray], bool]) -> list[list[int]]:
    """The numbers of masks that are one object, by their first."""
    found: list[tuple[list[int], np.ndarray]] = []
    for number, mask in enumerate(masks):
        mine, whole = [number], mask
        for other in [one for one in found if same(one[1], mask)]:
            mine, whole = other[0] + mine, other[1] | whole
            found = [one for one in found if one is not other]
        found.append((mine, whole))
    return sorted(sorted(mine) for mine, _ in found)


def same_object(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two masks, bool (F, h, w), are of one object: where both are seen they are the same, or one holds the
    other, in many frames (Dynapo's public code: 0.9 of the union or of one of them, in 30 % of the frames)."""
    both = np.sum(one & other, axis=(1, 2))
    sizes = np.sum(one, axis=(1, 2)), np.sum(other, axis=(1, 2))
    seen = (sizes[0] > 0) & (sizes[1] > 0)
    if not seen.any():
        return False
    alike = both >= SAME_UNION * (sizes[0] + sizes[1] - both)
    held = both >= COVERED * np.minimum(*sizes)
    return bool(np.mean((alike | held)[seen]) >= SAME_FRAMES)


def box_overlap(one: np.ndarray, other: np.ndarray, share: float) -> float:
    """Of the frames that two masks, bool (F, h, w), are both seen in, the share in which their boxes overlap by more
    than `share` of the smaller."""
    met, seen = 0, 0
    for frame in range(len(one)):
        boxes = mask_box(one[frame]), mask_box(other[frame])
        if boxes[0] is None or boxes[1] is None:
            continue
        seen += 1
        low, high = np.maximum(boxes[0][:2], boxes[1][:2]), np.minimum(boxes[0][2:], boxes[1][2:])
        smaller = min(float(np.prod(box[2:] - box[:2])) for box in (boxes[0], boxes[1]))
        met += float(np.prod(np.maximum(high - low, 0))) > share * smaller
    return met / seen if seen else 0.0


def mask_box(mask: np.ndarray) -> np.ndarray | None:
    """Left, top, right and bottom of a mask, bool (h, w), in pixels, the last two exclusive: int (4,); None of an
    empty one."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(columns):
        return None
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
