"""ISNet with true weights, which `standin_weights.py` takes from a package: what stands out in a picture."""

import cv2
import numpy as np

from tests.models.real_detector import session

SIDE_PX = 512  # of the square that it sees
WIDER = 0.1  # of a box's sides, added to each: what stands out, stands out from something


class IsNet:
    """ISNet (Qin et al., ECCV 2022); half a CPU second or more a call, however large the box."""

    def __init__(self, folder: str) -> None:
        self._session = session(folder, "isnet.onnx")

    def inside(self, frame: np.ndarray, box: np.ndarray) -> np.ndarray:
        """bool (H, W): what stands out in a box, seen with a bit of what is around it. frame: uint8 (H, W, 3) RGB. box:
        float (4,) x0, y0, x1, y1 in pixels."""
        mask = np.zeros(frame.shape[:2], bool)
        inner, outer = window(box, mask.shape), window(wider(box), mask.shape)
        if not mask[inner].size:
            return mask
        crop = frame[outer]
        square = cv2.resize(crop, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LINEAR).astype(np.float32)
        alpha = self._session.run(["output"], {"input": ((square - 128) / 256).transpose(2, 0, 1)[None]})[0][0, 0]
        found = np.zeros_like(mask)
        found[outer] = cv2.resize(alpha, crop.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
        mask[inner] = found[inner]
        return mask


def wider(box: np.ndarray) -> np.ndarray:
    """float (4,), a box with a tenth more on each side."""
    around = WIDER * (box[2:] - box[:2])
    return np.concatenate([box[:2] - around, box[2:] + around])


def window(box: np.ndarray, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The pixels of a box, as rows and columns of a picture of shape (H, W)."""
    x0, y0, x1, y1 = np.clip(np.rint(box), 0, [shape[1], shape[0]] * 2).astype(int)
    return slice(y0, y1), slice(x0, x1)
