"""ViPE's results: a video, poses, intrinsics and masks of each clip, which its viewer and its users' readers take."""

import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from factory.artifacts import pack_arrays
from factory.data.result import ClipResult
from factory.errors import StorageError
from factory.export.clips import POSES, posed, posed_clips, shots
from factory.export.names import file_name
from factory.export.selection import Selection
from factory.storage.local import write_atomic
from factory.storage.output import Storage
from factory.video.encode import encode_video

NEEDS = POSES
RATE_FACTOR = 16  # of x264, whose 18 is said to be visually lossless: it is looked at by networks, too
CAMERA = "_camera.txt"
PHRASES = "0: background\n1: moving\n"
STORED_AT = (1980, 1, 1, 0, 0, 0)  # in the zip: equal masks give equal bytes


def export(storage: Storage, phase: str, dest: Path, selection: Selection) -> Counter[str]:
    """Writes `rgb/<name>.mp4`, `pose/<name>.npz`, `intrinsics/<name>.npz`, `intrinsics/<name>_camera.txt` and, where
    there are masks, `mask/<name>.zip` and `mask/<name>.txt` a clip; returns how many by status.

    The video holds the registered frames alone, without black bars: its frame i has pose and intrinsics i. pose: `data`
    float32 (n, 4, 4) camera-to-world, OpenCV axes; intrinsics: `data` float32 (n, 4) fx, fy, cx, cy, pixel centres at
    integers; `inds` is 0..n-1 in both. `times_s` and `frame_index` (in the source) beside the poses are ours. ViPE's
    pinhole has no distortion: pictures and masks are undistorted with the same K. There is no depth. mask: a PNG a
    frame, 1 = moving.
    """
    done: Counter[str] = Counter()
    for name, clip in posed_clips(storage, phase, selection):
        stem, which = file_name(name, CAMERA).removesuffix(CAMERA), posed(clip)
        at = {"inds": np.arange(len(which))}
        intrinsics = clip.intrinsics[which][:, [0, 1, 0, 1], [0, 1, 2, 2]]
        poses = {"data": clip.world_from_cam[which].astype(np.float32), "times_s": clip.times_s[which]}
        write_atomic(dest / "rgb" / f"{stem}.mp4", _video(clip, which))
        if clip["masks"] is not None:
            write_atomic(dest / "mask" / f"{stem}.zip", _masks(clip, which))
            write_atomic(dest / "mask" / f"{stem}.txt", PHRASES.encode())
        camera = "".join(f"{i}: PINHOLE\n" for i in range(len(which)))
        write_atomic(dest / "intrinsics" / f"{stem}{CAMERA}", camera.encode())
        write_atomic(dest / "intrinsics" / f"{stem}.npz", pack_arrays(data=intrinsics.astype(np.float32), **at))
        write_atomic(dest / "pose" / f"{stem}.npz", pack_arrays(**poses, **at, frame_index=clip.frame_index[which]))
        done[clip.rows[phase]["status"]] += 1
    return done


def _video(clip: ClipResult, which: np.ndarray) -> bytes:
    frames = (_straight(clip, i, shot) for i, shot in zip(which, shots(clip, which), strict=True))
    return encode_video(frames, clip.size, clip["fps"] or 1.0, RATE_FACTOR)


def _masks(clip: ClipResult, which: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, png in enumerate(_pngs(clip, which)):
            archive.writestr(zipfile.ZipInfo(f"{i:05d}.png", STORED_AT), png)
    return buffer.getvalue()


def _pngs(clip: ClipResult, which: np.ndarray) -> Iterator[bytes]:
    masks = clip.masks()
    for i in which:
        whole = cv2.resize(masks[i].astype(np.uint8) * 255, clip.size, interpolation=cv2.INTER_NEAREST)
        done, png = cv2.imencode(".png", (_straight(clip, i, whole) > 127).astype(np.uint8))
        if not done:
            raise StorageError(f"mask {i} of {clip.clip.source} cannot be encoded as PNG: report it.")
        yield png.tobytes()


def _straight(clip: ClipResult, frame: int, picture: np.ndarray) -> np.ndarray:
    """A picture of a sampled frame as a lens without distortion would take it."""
    k1, k2 = clip.distortion
    if not (k1 or k2):
        return picture
    return cv2.undistort(picture, clip.intrinsics[frame], np.array([k1, k2, 0.0, 0.0]))
