"""Dynamic masks as DAVIS keeps them: one PNG a frame, 255 = dynamic, named by the frame's number in the source."""

from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from factory.artifacts import read_masks
from factory.errors import StorageError
from factory.export.names import clip_names, file_name
from factory.export.selection import Selection, rows_of
from factory.storage.local import write_atomic
from factory.storage.output import Storage

NEEDS = "masks"


def export(storage: Storage, phase: str, dest: Path, selection: Selection) -> Counter[str]:
    """Writes `<source stem>[-NN]/<frame number, 5 digits>.png` at the size of the displayed source; returns how many
    clips by status.

    Masks exist for the sampled frames of every clip the phase looked at, also for those whose solve it rejected: these
    are left out unless they are asked for. Bars that were cropped off are static.
    """
    columns = "p.status, p.masks, i.width, i.height, i.crop_x, i.crop_y, i.source_width, i.source_height"
    rows = rows_of(storage, phase, selection, NEEDS, columns)
    names = clip_names(rows)
    for row in rows:
        frames, masks = read_masks(storage.read(storage.artifact(row["masks"])))
        for number, mask in zip(frames, masks, strict=True):
            size = (row["width"], row["height"])
            x, y = row["crop_x"] or 0, row["crop_y"] or 0
            picture = np.zeros((row["source_height"], row["source_width"]), np.uint8)
            inside = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_NEAREST)
            picture[y : y + size[1], x : x + size[0]] = inside
            done, png = cv2.imencode(".png", picture)
            if not done:
                raise StorageError(f"frame {number} of {row['source']} cannot be encoded as PNG: report it.")
            write_atomic(dest / file_name(names[row["clip_id"]], "") / f"{number:05d}.png", png.tobytes())
    return Counter(row["status"] for row in rows)
