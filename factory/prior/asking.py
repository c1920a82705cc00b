"""What a language model is asked about a clip's moving objects, and what its answer says, however it is wrapped.

Dynapo (arXiv 2512.05398) asks for one entry an object and stretch of time, each with the key frame in which the object
is overlapped least; the words here are our own. Boxes are asked for beside descriptions, as models that see can give
them: where they come, no detector is needed.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from factory.prior.named import Named, Sighting
from factory.storage.names import valid

# Boxes are told in thousandths, which most models that give boxes are trained to tell; the picture's size is not known
# to them, as servers shrink what they are sent.
THOUSANDTHS = 1000.0

NAMES = ("name", "object_description", "description", "object", "label")
NUMBERS = ("object_index", "index", "id", "object_id")
FRAMES = ("keyframe", "key_frame", "frame")
BOXES = ("box", "bbox", "box_2d", "bbox_2d")
LEAST_SIDE = 0.002  # of the picture; a guess: what is smaller is no object
SAME_BOX = 0.9  # overlap by union from which two boxes of one key frame are one; a guess


def words(count: int) -> str:
    """What is asked of `count` key frames."""
    return (
        f"These {count} pictures are frames of one video clip, in their order, numbered from 1. The camera may move. "
        "Which objects move on their own, in the world and not just in the picture? People, animals, vehicles, things "
        "that are carried, pushed, thrown, ridden or swinging count, also where they move slowly or for a part of the "
        "clip alone. Buildings, ground, furniture and parked vehicles do not, however much they shift in the picture. "
        "Tell each object by itself, never a group, and tell a rider and what is ridden, or a bearer and what is "
        "borne, apart. For each, choose the picture in which it is seen most wholly and is hidden least. Of an object "
        "that leaves and comes back, tell each stay, with the same number.\n"
        'Reply with JSON alone: {"objects": [{"object_index": 1, "name": "woman in a red coat", "keyframe": 3, '
        '"box": [left, top, right, bottom]}]}, the box around it in that picture in thousandths of its width and '
        'height. Reply {"objects": []} if nothing moves on its own.'
    )


def schema() -> dict[str, Any]:
    """Of the reply, for servers that hold a model to it."""
    entry = {
        "object_index": {"type": "integer"},
        "name": {"type": "string"},
        "keyframe": {"type": "integer"},
        "box": {"type": "array", "items": {"type": "number"}},
    }
    one = {"type": "object", "properties": entry, "required": list(entry), "additionalProperties": False}
    listed = {"objects": {"type": "array", "items": one}}
    return {"type": "object", "properties": listed, "required": ["objects"], "additionalProperties": False}


@dataclass(frozen=True)
class Read:
    """What an answer says. objects: empty where nothing moves, None where it cannot be understood. dropped: why
    entries were left out, one sentence each."""

    objects: tuple[Named, ...] | None
    dropped: tuple[str, ...] = ()


def read(reply: str, key_frames: np.ndarray) -> Read:
    """key_frames: int (K,), the sampled frames that the model was shown. What is wrapped in prose or fences is found,
    keys need no quotes, an answer that breaks off keeps its whole entries."""
    reply = valid(reply)
    entries = [entry for entry in (_entry(text) for text in _braced(reply)) if entry is not None]
    if not entries:
        return Read(() if re.search(r"\[\s*\]", reply) else None)
    found: dict[str, list[tuple[str, Sighting]]] = {}
    dropped: list[str] = []
    for place, entry in enumerate(entries, 1):
        name, frame = _told(entry, NAMES), _whole(_told(entry, FRAMES))
        name = valid(name) if isinstance(name, str) else name  # JSON can escape what no text may hold
        if not isinstance(name, str) or not name.strip():
            dropped.append(f"entry {place} names nothing")
        elif frame is None or not 1 <= frame <= len(key_frames):
            dropped.append(f"entry {place} ({name.strip()}) is of picture {frame}, and {len(key_frames)} were shown")
        else:
            box = _box(_told(entry, BOXES))
            number = _whole(_told(entry, NUMBERS))
            stays = found.setdefault(f"{name.strip().lower()} {number}", [])
            sighting = Sighting(int(key_frames[frame - 1]), box)
            if any(_same(sighting, other) for listed in found.values() for _, other in listed):
                dropped.append(f"entry {place} ({name.strip()}) is told twice")
            else:
                stays.append((name.strip(), sighting))
    named = [Named(stays[0][0], tuple(sighting for _, sighting in stays)) for stays in found.values() if stays]
    return Read(tuple(named), tuple(dropped))


def _braced(text: str) -> Iterator[str]:
    """The innermost pairs of braces and what is between them."""
    yield from re.findall(r"\{[^{}]*\}", text)


def _entry(text: str) -> dict[str, Any] | None:
    """An entry as JSON, or with keys that are not quoted, single quotes, or a comma too many; None for anything else,
    such as a box by itself."""
    quoted = re.sub(r"([{,]\s*)([A-Za-z_]\w*)\s*:", r'\1"\2":', text)
    for form in (text, quoted, quoted.replace("'", '"')):
        try:
            found = json.loads(re.sub(r",\s*([}\]])", r"\1", form))
        except ValueError:
            continue
        return found if _told(found, NAMES) is not None or _told(found, FRAMES) is not None else None
    return None


def _told(entry: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((entry[name] for name in names if name in entry), None)


def _whole(value: Any) -> int | None:
    try:
        return int(value) if float(value) == int(value) else None
    except (TypeError, ValueError, OverflowError):
        return None


def _box(value: Any) -> np.ndarray | None:
    """In shares, float64 (4,); None where it is no box in the picture."""
    try:
        box = np.array(value, float).reshape(4)
    except (TypeError, ValueError):
        return None
    box = box / (THOUSANDTHS if np.nan_to_num(box).max() > 1.0 else 1.0)  # some models tell shares
    if not np.isfinite(box).all() or box.max() > 1.0 + 1e-6 or box.min() < 0:
        return None
    return box if np.all(box[2:] - box[:2] >= LEAST_SIDE) else None


def _same(one: Sighting, other: Sighting) -> bool:
    if one.frame != other.frame or one.box is None or other.box is None:
        return False
    low, high = np.maximum(one.box[:2], other.box[:2]), np.minimum(one.box[2:], other.box[2:])
    both = float(np.prod(np.maximum(high - low, 0)))
    areas = [float(np.prod(each.box[2:] - each.box[:2])) for each in (one, other) if each.box is not None]
    return both >= SAME_BOX * (sum(areas) - both)
