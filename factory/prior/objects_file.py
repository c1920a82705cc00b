"""The files `objects.json`, what was named and found, and `instances.npz`, the masks of single objects.

objects.json:
    by            "language", or "clusters" of what moves by itself
    note          why it was not language, where that was wanted; null
    key_frames    numbers in the source of the pictures that the model was shown; null where nobody was asked
    raw           its answer as it came; null
    tokens_in, tokens_out, usd      what it took, null where that is not told
    dropped       parts of the answer that are left out, a sentence each
    named         of each object that the answer names: name, and seen, a list of frame_index and box_px (left, top,
                  right, bottom in pixels of the clip's picture; null where none was told)
    objects       of each object that was found, in the order of instances.npz: name, keyframe (frame_index of the
                  largest mask that does not touch the border), box_px there, shown_ratio (of the frames),
                  moving_ratio (of its tracks, those that rest nowhere under the poses; null without tracks)

instances.npz: as masks.npz, with shape O, F, H, W.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from factory.artifacts import broken, pack_arrays, read_arrays
from factory.prior.merge import mask_box
from factory.prior.named import Named
from factory.prior.object_masks import ObjectMasks


def named_json(objects: Sequence[Named], frame_index: np.ndarray, size_px: tuple[int, int]) -> list[dict[str, Any]]:
    """As objects.json has them. size_px: width and height of the clip's picture."""
    return [
        {
            "name": named.name,
            "seen": [
                {
                    "frame_index": int(frame_index[sighting.frame]),
                    "box_px": None if (box := sighting.box_px(*size_px)) is None else np.round(box, 1).tolist(),
                }
                for sighting in named.seen
            ],
        }
        for named in objects
    ]


def found_json(
    found: ObjectMasks, moving_ratio: Sequence[float | None], frame_index: np.ndarray, size_px: tuple[int, int]
) -> list[dict[str, Any]]:
    """As objects.json has them. moving_ratio: of each object."""
    scale = size_px[0] / found.masks.shape[3] if found.masks.size else 1.0
    listed = []
    for name, masks, ratio in zip(found.names, found.masks, moving_ratio, strict=True):
        frame = keyframe(masks)
        box = mask_box(masks[frame])
        listed.append(
            {
                "name": name,
                "keyframe": int(frame_index[frame]),
                "box_px": None if box is None else np.round(box * scale - 0.5, 1).tolist(),
                "shown_ratio": float(np.mean(masks.any(axis=(1, 2)))),
                "moving_ratio": ratio,
            }
        )
    return listed


def keyframe(masks: np.ndarray) -> int:
    """The frame in which an object, bool (F, h, w), is largest without touching the border; largest, if it always
    does."""
    area = masks.sum(axis=(1, 2))
    border = masks[:, [0, -1]].any(axis=(1, 2)) | masks[:, :, [0, -1]].any(axis=(1, 2))
    whole = np.where(border, 0, area)
    return int(np.argmax(whole if whole.any() else area))


def pack_objects(contents: dict[str, Any]) -> bytes:
    return (json.dumps(contents, indent=1, ensure_ascii=False) + "\n").encode()


def pack_instances(frame_index: np.ndarray, masks: np.ndarray) -> bytes:
    """masks: bool (O, F, H, W)."""
    return pack_arrays(frame_index=frame_index, shape=np.array(masks.shape), bits=np.packbits(masks))


def read_instances(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The frames' numbers, int64 (F,), and masks, bool (O, F, H, W). Raises StorageError when the content is broken."""
    found = read_arrays(content, "frame_index", "shape", "bits")
    numbers, shape, bits = found["frame_index"], found["shape"], found["bits"]
    if shape.dtype.kind != "i" or numbers.dtype.kind != "i" or bits.dtype != np.uint8 or shape.shape != (4,):
        raise broken("its arrays are of other types")
    sizes = [int(length) for length in shape]
    count = 1
    for length in sizes:  # in Python's numbers, which do not overflow
        count *= length
    if min(sizes) < 0 or numbers.shape != (sizes[1],) or bits.shape != (-(-count // 8),):
        raise broken(f"its arrays do not have the shape {tuple(sizes)}")
    return numbers.astype(np.int64), np.unpackbits(bits, count=count).reshape(sizes).astype(bool)
