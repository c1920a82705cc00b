"""Arrays too large for a manifest: how they are packed into files. Where the files lie is storage's business.

`artifacts/<first two letters of the id>/<clip id>/` of an output holds two of a clip, both for its F sampled frames,
whose numbers in the source are `frame_index`; `np.load` reads them without pickle.

tracks.npz: N observations of M point tracks, sorted by track, then frame.
    track        int32 (N,)       0..M-1, the track of each observation
    frame        int32 (N,)       0..F-1, its sampled frame
    xy           float32 (N, 2)   where, pixels of the working frame, pixel centres at integers
    size         int64 (2,)       width and height of the working frame, which is the clip's picture (black bars
                                  cropped), shrunk where a side has more than `max_side_px` pixels
    is_dynamic   bool (M,)        whether the track moves on its own
    times_s      float64 (F,)     seconds in the source
    frame_index  int64 (F,)       number in the source

masks.npz: which pixels move on their own, of the clip's picture shrunk to the masks' size.
    frame_index  int64 (F,)       number in the source
    shape        int64 (3,)       F, H, W
    bits         uint8            the masks as one row of bits: np.unpackbits(bits, count=F * H * W).reshape(F, H, W)
"""

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
