"""Pictures seen through homographies, as flow between frames that have moved far apart is asked for."""

from collections.abc import Iterator, Mapping

import cv2
import numpy as np

Images = np.ndarray | Mapping[int, np.ndarray]


def seen_through(images: Images, pairs: np.ndarray, warps: np.ndarray | None) -> Iterator[np.ndarray]:
    """The second picture of each pair, uint8 of their shape, as `factory.models.roles.Flow` sees it.

    images: by frame, uint8 (H, W) or (H, W, 3) each. pairs: int (P, 2). warps: float64 (P, 3, 3) or None.
    """
    for number, (_, j) in enumerate(pairs.tolist()):
        yield images[j] if warps is None else warped(images[j], warps[number])


def warped(image: np.ndarray, warp: np.ndarray) -> np.ndarray:
    """seen[p] = image[warp(p)], edges repeated. image: uint8 (H, W) or (H, W, 3). warp: (3, 3)."""
    size, flags = image.shape[1::-1], cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    return np.asarray(cv2.warpPerspective(image, warp, size, flags=flags, borderMode=cv2.BORDER_REPLICATE))
