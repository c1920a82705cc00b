"""Arrays too large for a manifest: how they are packed into files. Where the files lie is storage's business.

A row names its files (columns `tracks`, `masks`, `points`). The pose phase leaves three of a clip, all for its F
sampled frames, whose numbers in the source are `frame_index`; `np.load` reads them without pickle. Readers trust
nothing. The third, points.npz: see `factory.points`.

tracks.npz: N observations of M point tracks, sorted by track, then frame.
    track        int32 (N,)       0..M-1, the track of each observation
    frame        int32 (N,)       0..F-1, its sampled frame
    xy           float32 (N, 2)   where, pixels of the working frame, pixel centres at integers
    size         int64 (2,)       width and height of the working frame, which is the clip's picture (black bars
                                  cropped), shrunk where a side has more than `frames.grey_side_px` pixels
    is_dynamic   bool (M,)        whether the track moves on its own
    times_s      float64 (F,)     seconds in the source
    frame_index  int64 (F,)       number in the source

masks.npz: which pixels move on their own, of the clip's picture shrunk to the masks' size.
    frame_index  int64 (F,)       number in the source
    shape        int64 (3,)       F, H, W
    bits         uint8            the masks as one row of bits: np.unpackbits(bits, count=F * H * W).reshape(F, H, W)
"""

import io
import zipfile
import zlib

import numpy as np

from factory.errors import StorageError
from factory.tracks import Tracks

BROKEN = (OSError, EOFError, KeyError, ValueError, TypeError, OverflowError, MemoryError, NotImplementedError)


def pack_arrays(**arrays: np.ndarray) -> bytes:
    """An npz of named arrays."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def read_arrays(content: bytes, *names: str) -> dict[str, np.ndarray]:
    """The arrays of an npz: all of them, or those of `names`. Raises StorageError when the content is broken."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {name: file[name] for name in names or file.files}
    except (*BROKEN, zipfile.BadZipFile, zlib.error, AttributeError) as error:  # AttributeError: one array, no archive
        raise broken(str(error)) from error


def pack_tracks(tracks: Tracks, is_dynamic: np.ndarray) -> bytes:
    """See above. is_dynamic: bool (M,). What `velocity_px_s` says is left out."""
    return pack_arrays(
        track=tracks.track,
        frame=tracks.frame,
        xy=tracks.xy.astype(np.float32),
        times_s=tracks.times_s,
        frame_index=tracks.frame_index,
        size=np.array([tracks.width, tracks.height]),
        is_dynamic=is_dynamic,
    )


def read_tracks(content: bytes) -> tuple[Tracks, np.ndarray]:
    """Tracks, positions to float32, and is_dynamic bool (M,). Raises StorageError when the content is broken: of
    another type or shape, or not numbered and sorted as `Tracks` wants it."""
    kinds = {"track": "i", "frame": "i", "xy": "f", "times_s": "f", "frame_index": "i", "size": "i", "is_dynamic": "b"}
    found = read_arrays(content, *kinds)
    for name, kind in kinds.items():
        if found[name].dtype.kind != kind:
            raise broken(f"{name} is of type {found[name].dtype}")
    track, frame, times_s = found["track"], found["frame"], found["times_s"]
    count, frames = len(found["is_dynamic"].ravel()), len(times_s.ravel())
    shapes = {"track": (track.size,), "frame": (track.size,), "xy": (track.size, 2), "size": (2,)}
    shapes |= {"times_s": (frames,), "frame_index": (frames,), "is_dynamic": (count,)}
    for name, shape in shapes.items():
        if found[name].shape != shape:
            raise broken(f"{name} has shape {found[name].shape}, not {shape}")
    steps = np.diff(track)
    ordered = np.all((steps == 1) | ((steps == 0) & (np.diff(frame) > 0)))
    ends = (track[0], track[-1]) == (0, count - 1) if track.size else count == 0
    inside = np.all((frame >= 0) & (frame < frames)) and np.all(found["size"] > 0)
    finite = np.isfinite(found["xy"]).all() and np.isfinite(times_s).all()
    if not (ordered and ends and inside and finite):
        raise broken("its observations are not finite, numbered, and sorted by track and frame")
    whole = (track.astype(np.int32), frame.astype(np.int32), found["xy"].astype(np.float64))
    width, height = map(int, found["size"])
    tracks = Tracks(*whole, times_s.astype(np.float64), found["frame_index"].astype(np.int64), width, height)
    return tracks, found["is_dynamic"]


def pack_masks(frame_index: np.ndarray, masks: np.ndarray) -> bytes:
    """An npz of dynamic masks: bool (F, H, W), one bit a pixel, with the frames' numbers in the source int64 (F,)."""
    return pack_arrays(frame_index=frame_index, shape=np.array(masks.shape), bits=np.packbits(masks))


def read_masks(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The frames' numbers int64 (F,) and masks bool (F, H, W). Raises StorageError when the content is broken."""
    found = read_arrays(content, "frame_index", "shape", "bits")
    numbers, bits = found["frame_index"], found["bits"]
    if found["shape"].dtype.kind != "i" or numbers.dtype.kind != "i" or bits.dtype != np.uint8:
        raise broken("its arrays are of other types")
    shape = tuple(found["shape"].ravel().tolist())
    count = 1
    for length in shape:  # in Python's numbers, which do not overflow
        count *= length
    if len(shape) != 3 or min(shape) < 0 or numbers.shape != shape[:1] or bits.shape != (-(-count // 8),):
        raise broken(f"its arrays do not have the shape {shape}")
    return numbers.astype(np.int64), np.unpackbits(bits, count=count).reshape(shape).astype(bool)


def broken(why: str) -> StorageError:
    """The error of a file that is not what it should be."""
    return StorageError(f"an artifact cannot be read ({why}): delete the manifest part that names it, and run again.")
