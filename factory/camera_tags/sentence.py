"""A camera's way as one English sentence, as captions of camera-controlled video have it."""

from dataclasses import dataclass

import numpy as np

from factory.camera_tags.path import Kind
from factory.camera_tags.tags import TURNS, Amount, CameraTags

RETURNS = 0.5  # a net amount below this share of the extent: it came back; a guess


@dataclass(frozen=True)
class Words:
    verb: str
    doing: str
    more: str  # what a positive amount is
    less: str
    both: str


WORDS: dict[Kind, Words] = {
    "pan": Words("pans", "panning", "right", "left", "right and left"),
    "tilt": Words("tilts", "tilting", "up", "down", "up and down"),
    "roll": Words("rolls", "rolling", "clockwise", "counter-clockwise", "to and fro"),
    "dolly": Words("dollies", "dollying", "in", "out", "in and out"),
    "truck": Words("trucks", "trucking", "right", "left", "right and left"),
    "pedestal": Words("pedestals", "pedestalling", "up", "down", "up and down"),
    "orbit": Words("orbits", "orbiting", "to the right", "to the left", "to and fro"),
    "zoom": Words("zooms", "zooming", "in", "out", "in and out"),
}


def sentence(tags: CameraTags) -> str:
    """What is told of the camera, the most visible motion first: "The camera pans right by 34 degrees while dollying in
    by 0.4 times the depth." The depth is the median one of what is seen."""
    camera = "The hand-held camera" if tags.hand_held else "The camera"
    if not tags.told:
        if not tags.still:
            return f"{camera} moves, but which way is not known."
        return f"{camera} stays where it is." if tags.hand_held else f"{camera} is static."
    (kind, found), *others = tags.told.items()
    said = f"{camera} {WORDS[kind].verb} {_how(kind, found)}"
    if others:
        *before, last = [f"{WORDS[kind].doing} {_how(kind, found)}" for kind, found in others]
        said += f" while {', '.join(before)} and {last}" if before else f" while {last}"
    return said + "."


def _how(kind: Kind, found: Amount) -> str:
    """Which way and how far."""
    words = WORDS[kind]
    if abs(found.net) < RETURNS * found.extent:
        return f"{words.both} over {_size(kind, found.extent)}"
    return f"{words.more if found.net > 0 else words.less} by {_size(kind, abs(found.net))}"


def _size(kind: Kind, size: float) -> str:
    if kind in TURNS:
        return f"{size:.0f} degrees"
    return f"a factor of {np.exp(size):.2g}" if kind == "zoom" else f"{size:.2g} times the depth"
