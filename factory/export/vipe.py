"""ViPE's results: video, poses, intrinsics, masks and depth of each clip, for its viewer and its users' readers."""

import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from factory.artifacts import pack_arrays
from factory.data.result import ClipResult
from factory.export.clips import POSES, posed, posed_clips, shots
from factory.export.depth_pictures import depth_of, exr_of, openexr, png_of
from factory.export.names import file_name
from factory.export.selection import Selection
from factory.manifest.phases import phase_with
from factory.storage.local import write_atomic
from factory.storage.output import Storage
from factory.video.encode import encode_video

NEEDS = POSES
DEPTH = "mono_depth"
RATE_FACTOR = 16  # of x264, whose 18 is said to be visually lossless: it is looked at by networks, too
CAMERA = "_camera.txt"
PHRASES = "0: background\n1: moving\n"
STORED_AT = (1980, 1, 1, 0, 0, 0)  # in the zip: equal masks give equal bytes


def export(storage: Storage, phase: str, dest: Path, selection: Selection) -> Counter[str]:
    """Writes `rgb/<name>.mp4`, `pose/<name>.npz`, `intrinsics/<name>.npz`, `intrinsics/<name>_camera.txt`, where there
    are masks `mask/<name>.zip` and `mask/<name>.txt`, and where there is depth `depth/<name>.zip` a clip; returns how
    many by status. Raises ConfigError before anything is written where depth needs OpenEXR, and that is missing.

    The video holds the registered frames alone, without black bars: its frame i has pose and intrinsics i. pose: `data`
    float32 (n, 4, 4) camera-to-world, OpenCV axes; intrinsics: `data` float32 (n, 4) fx, fy, cx, cy, pixel centres at
    integers; `inds` is 0..n-1 in both. `times_s` and `frame_index` (in the source) beside the poses are ours. ViPE's
    pinhole has no distortion: pictures and masks are undistorted with the same K. mask: a PNG a frame, 1 = moving.
    depth: an EXR a frame, of the video's size as its readers want it (what was measured is smaller: pixels repeat),
    along the optical axis, half floats in the channel Z, in the unit of the poses (ViPE's own is metres: `--metres`);
    NaN where it is not known, as everywhere in frames that have none.
    """
    if phase_with(storage, DEPTH) is not None:
        openexr()
    done: Counter[str] = Counter()
    for name, clip in posed_clips(storage, phase, selection):
        stem, which = file_name(name, CAMERA).removesuffix(CAMERA), posed(clip)
        at = {"inds": np.arange(len(which))}
        intrinsics = clip.intrinsics[which][:, [0, 1, 0, 1], [0, 1, 2, 2]]
        poses = {"data": clip.world_from_cam[which].astype(np.float32), "times_s": clip.times_s[which]}
        write_atomic(dest / "rgb" / f"{stem}.mp4", _video(clip, which))
        if clip["masks"] is not None:
            write_atomic(dest / "mask" / f"{stem}.zip", _zip(".png", _pngs(clip, which)))
            write_atomic(dest / "mask" / f"{stem}.txt", PHRASES.encode())
        if clip.has(DEPTH):
            write_atomic(dest / "depth" / f"{stem}.zip", _zip(".exr", _exrs(clip, which)))
        camera = "".join(f"{i}: PINHOLE\n" for i in range(len(which)))
        write_atomic(dest / "intrinsics" / f"{stem}{CAMERA}", camera.encode())
        write_atomic(dest / "intrinsics" / f"{stem}.npz", pack_arrays(data=intrinsics.astype(np.float32), **at))
        write_atomic(dest / "pose" / f"{stem}.npz", pack_arrays(**poses, **at, frame_index=clip.frame_index[which]))
        done[clip.rows[phase]["status"]] += 1
    return done


def _video(clip: ClipResult, which: np.ndarray) -> bytes:
    frames = (_straight(clip, i, shot) for i, shot in zip(which, shots(clip, which), strict=True))
    return encode_video(frames, clip.size, clip["fps"] or 1.0, RATE_FACTOR)


def _zip(suffix: str, files: Iterator[bytes]) -> bytes:
    """Files called by their number."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, content in enumerate(files):
            archive.writestr(zipfile.ZipInfo(f"{i:05d}{suffix}", STORED_AT), content)
    return buffer.getvalue()


def _pngs(clip: ClipResult, which: np.ndarray) -> Iterator[bytes]:
    masks = clip.masks()
    for i in which:
        whole = cv2.resize(masks[i].astype(np.uint8) * 255, clip.size, interpolation=cv2.INTER_NEAREST)
        yield png_of((_straight(clip, i, whole) > 127).astype(np.uint8))


def _exrs(clip: ClipResult, which: np.ndarray) -> Iterator[bytes]:
    for i, depth in zip(which, depth_of(clip, clip.mono_depth(), which), strict=True):
        whole = cv2.resize(depth, clip.size, interpolation=cv2.INTER_NEAREST)
        yield exr_of(_straight(clip, i, whole, cv2.INTER_NEAREST, np.nan), np.float16)


def _straight(
    clip: ClipResult, frame: int, picture: np.ndarray, how: int = cv2.INTER_LINEAR, outside: float = 0.0
) -> np.ndarray:
    """A picture of a sampled frame as a lens without distortion would take it."""
    k1, k2 = clip.distortion
    if not (k1 or k2):
        return picture
    matrix, bend = clip.intrinsics[frame], np.array([k1, k2, 0.0, 0.0])
    x, y = cv2.initUndistortRectifyMap(matrix, bend, np.eye(3), matrix, clip.size, cv2.CV_32FC1)
    return np.asarray(cv2.remap(picture, x, y, how, borderMode=cv2.BORDER_CONSTANT, borderValue=outside))
