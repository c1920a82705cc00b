"""Dynamic masks as DAVIS keeps them: one PNG a frame, 255 = dynamic, named by the frame's number in the source."""

from pathlib import Path

import cv2
import numpy as np

from factory.artifacts import read_masks
from factory.errors import StorageError
from factory.export.names import clip_names
from factory.manifest.query import query
from factory.storage.local import write_atomic
from factory.storage.output import Storage


def export(storage: Storage, dest: Path, where: str = "true") -> int:
    """Writes `<source stem>[-NN]/<frame number, 5 digits>.png` at the size of the displayed source.

    Masks exist for the sampled frames of every clip the pose phase looked at, also for those whose solve it
    rejected. Bars that were cropped off are static. Returns the number of clips.
    """
    sql = f"""
        SELECT p.clip_id, p.source, p.source_start_s, i.width, i.height, i.crop_x, i.crop_y,
            i.source_width, i.source_height
        FROM pose p JOIN ingest i USING (clip_id)
        WHERE p.masks IS NOT NULL AND p.clip_id IN (SELECT clip_id FROM pose WHERE {where})"""
    rows = query(storage, sql).to_arrow_table().to_pylist()
    names = clip_names(rows)
    for row in rows:
        frames, masks = read_masks(storage.read(storage.artifact(row["clip_id"], "masks.npz")))
        for number, mask in zip(frames, masks, strict=True):
            size = (row["width"], row["height"])
            x, y = row["crop_x"] or 0, row["crop_y"] or 0
            picture = np.zeros((row["source_height"], row["source_width"]), np.uint8)
            inside = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_NEAREST)
            picture[y : y + size[1], x : x + size[0]] = inside
            done, png = cv2.imencode(".png", picture)
            if not done:
                raise StorageError(f"frame {number} of {row['source']} cannot be encoded as PNG: report it.")
            write_atomic(dest / names[row["clip_id"]] / f"{number:05d}.png", png.tobytes())
    return len(rows)
