"""Arrays too large for a manifest: how they are packed into files. Where the files lie is storage's business."""

import io

import numpy as np

from factory.errors import StorageError


def pack_masks(frame_index: np.ndarray, masks: np.ndarray) -> bytes:
    """An npz of dynamic masks: bool (F, H, W), one bit a pixel, with the frames' numbers in the source int64 (F,)."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, frame_index=frame_index, shape=masks.shape, bits=np.packbits(masks))
    return buffer.getvalue()


def read_masks(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The frames' numbers int64 (F,) and masks bool (F, H, W). Raises StorageError when the content is broken."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            shape = tuple(int(n) for n in file["shape"])
            bits = np.unpackbits(file["bits"], count=int(np.prod(shape)))
            return file["frame_index"], bits.reshape(shape).astype(bool)
    except (OSError, KeyError, ValueError) as error:
        raise StorageError(f"an artifact with masks cannot be read ({error}): run the pose phase again.") from error


def pack_arrays(**arrays: np.ndarray) -> bytes:
    """An npz of named arrays."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()
