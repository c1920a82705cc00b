"""What formats of posed clips share: the clips, their cameras, their pictures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from factory.console.counting import counting
from factory.data.opened import Output
from factory.data.result import ClipResult
from factory.errors import StorageError, VideoError
from factory.export.names import clip_names
from factory.export.selection import Selection, rows_of
from factory.manifest.schema import ROOT
from factory.storage.local import write_atomic
from factory.storage.output import Storage
from factory.video import decode_span, exact_image

POSES = "world_from_cam"  # what these formats need
JPEG_QUALITY = 95


def posed_clips(storage: Storage, phase: str, selection: Selection) -> Iterator[tuple[str, ClipResult]]:
    """The chosen clips that have a pose, each with its name (`clip_names`), by source and time. Raises StorageError
    before the first one where any of them has no camera, as stereo video has none."""
    rows = rows_of(storage, phase, selection, POSES, "list_contains(p.registered, true) AS posed, p.focal_px")
    rows = [row for row in rows if row["posed"]]
    for row in rows:
        if row["focal_px"] is None:
            _ = Output(storage).clip(row["clip_id"]).intrinsics  # raises; later, half of an export would lie there
    yield from named(storage, rows, selection)


def named(storage: Storage, rows: list[dict[str, Any]], selection: Selection) -> Iterator[tuple[str, ClipResult]]:
    """The clips of rows that a selection has chosen, each with its name, in metres where these are chosen; tells how
    far it is."""
    names, output = clip_names(rows), Output(storage)
    with counting("clips exported", len(rows)) as (say, step):
        for row in rows:
            clip = output.clip(row["clip_id"])
            yield names[row["clip_id"]], clip.in_metres() if selection.metres else clip
            say(f"{step()} of {len(rows)}: {names[row['clip_id']]}")


def posed(clip: ClipResult) -> np.ndarray:
    """Which sampled frames have a pose, int64 (n,), ascending."""
    return np.flatnonzero(clip.registered)


def intrinsics_vary(clip: ClipResult) -> bool:
    """Whether frames have their own: the lens zooms, or a stabiliser moves the picture."""
    return any(clip[f"{name}_per_frame_px"] is not None for name in ("focal", "cx", "cy"))


def whole_frame(clip: ClipResult) -> tuple[np.ndarray, tuple[int, int]]:
    """K of each sampled frame, float64 (F, 3, 3), and width and height, of the picture as players show it: black bars
    are part of it, unlike of the clip's own. Pixel centres at integers."""
    intrinsics, ingest = clip.intrinsics.copy(), clip.rows[ROOT]
    if clip.clip.crop is not None:
        intrinsics[:, :2, 2] += clip.clip.crop[:2]
    return intrinsics, (ingest["source_width"] or clip.size[0], ingest["source_height"] or clip.size[1])


def whence(clip: ClipResult) -> dict[str, Any]:
    """What a JSON beside exported files says of where its clip is from."""
    span = clip.clip
    return {
        "clip_id": clip.clip_id,
        "source": span.source,
        "source_start_s": span.start_s,
        "source_end_s": span.end_s,
        "crop": span.crop,
        "source_size": whole_frame(clip)[1],
    }


def shots(clip: ClipResult, which: np.ndarray) -> Iterator[np.ndarray]:
    """The clip's pictures, uint8 (H, W, 3) RGB, of the sampled frames `which`, ascending: one after the other, as a
    whole clip of large ones has no room in memory. Raises what `ClipResult.frames` raises."""
    wanted, found = clip.frame_index[which].tolist(), 0
    with clip.video() as path:
        for shown in decode_span(path, clip.clip):
            if found < len(wanted) and clip.clip.first_frame + shown.index == wanted[found]:
                found += 1
                yield exact_image(shown, clip.clip, None, grey=False)
    if found < len(wanted):
        raise VideoError(f"frame {wanted[found]} of {clip.clip.source} is not where ingest saw it: ingest it again.")


def picture_names(clip: ClipResult, which: np.ndarray) -> list[str]:
    """Of sampled frames: their numbers in the source, in 6 digits, so that their order is that of time."""
    return [f"{number:06d}.jpg" for number in clip.frame_index[which].tolist()]


def write_pictures(clip: ClipResult, which: np.ndarray, folder: Path) -> None:
    """JPEG, in full size, without black bars, as `picture_names`."""
    for name, picture in zip(picture_names(clip, which), shots(clip, which), strict=True):
        options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
        if not done:
            raise StorageError(f"{name} of {clip.clip.source} cannot be encoded as JPEG: report it.")
        write_atomic(folder / name, jpeg.tobytes())
