"""Tags of a camera's way, by bounds on how much of each kind of motion there is."""

from dataclasses import dataclass

import numpy as np

from factory.camera_tags.path import CameraPath, Kind

STATIC, HAND_HELD = "static", "hand-held"
TURNS: tuple[Kind, ...] = ("pan", "tilt", "roll", "orbit")  # in degrees; the others in depths or log focal length
MOVES: tuple[Kind, ...] = ("dolly", "truck", "pedestal")

SWING_DEG = 1.0  # in the picture; what is smaller is not counted as going to and fro; a guess, ten times the noise


@dataclass(frozen=True)
class Amount:
    """Of one kind of motion, in its unit. net: from the first frame to the last; total: the sum of the swings to and
    fro, of more than a degree in the picture each; extent: from one extreme to the other."""

    net: float
    total: float
    extent: float


@dataclass(frozen=True)
class CameraTags:
    """What a camera does.

    told: the kinds of motion that deserve a tag, the most visible first; of pan and truck beside an orbit, what it
    leaves. amounts: of every kind that can be known, the whole of it; units as in `CameraPath`. shake_deg: None where
    it cannot be told. still: whether nothing else moves the camera; False also where it may, by an unknown way.
    """

    told: dict[Kind, Amount]
    amounts: dict[Kind, Amount]
    shake_deg: float | None
    hand_held: bool
    still: bool

    @property
    def tags(self) -> tuple[str, ...]:
        """The kinds, then "hand-held"; "static" alone for a camera that does nothing."""
        held = (HAND_HELD,) if self.hand_held else ()
        return (*self.told, *held) or ((STATIC,) if self.still else ())


@dataclass(frozen=True)
class TagBounds:
    """From where on a motion gets its tag: what a person would mention.

    Motions are compared by what they do in the picture, in degrees: a turn its own; a move 57 degrees a median depth,
    as a small sideways one turns the view of a point there; a zoom 57 degrees a unit of log focal length, as a dolly.
    provenance, where no other stands: set on 7 real and 12 rendered clips, and on half of 63 made paths.
    """

    least_deg: float = 5.0  # a move of 9 % of the depth, a zoom of 9 %; a guess that held
    least_roll_deg: float = 12.0  # hands that mean none roll a camera by up to 10 degrees (four real clips 7 to 10)
    least_orbit_deg: float = 12.0  # a checkerboard on a desk 13
    least_shake_deg: float = 0.11  # cars and dollies 0.03 to 0.09, rendered hands 0.09 to 0.17, real ones 0.24 and more
    least_share: float = 0.15  # of the most visible motion; a glance down on a walk with a long pan 0.20
    least_move_share: float = 0.4  # of the largest move, 22 degrees off its way; a car cuts a corner by 0.37
    least_orbit_share: float = 0.4  # of the whole pan; a walk in an office 0.19, a car in a bend 0.16, the desk 0.52

    def __call__(self, path: CameraPath, may_move: bool = False) -> CameraTags:
        """may_move: where the path has no moves, whether there may be some all the same."""
        amounts = {kind: amount(values, kind) for kind, values in path.amounts.items()}
        told = self._told(path, amounts)
        hand_held = path.shake_deg is not None and path.shake_deg >= self.least_shake_deg
        return CameraTags(told, amounts, path.shake_deg, hand_held, still=not told and not may_move)

    def _told(self, path: CameraPath, amounts: dict[Kind, Amount]) -> dict[Kind, Amount]:
        shown = dict(amounts)
        if "orbit" in shown:
            if shown["orbit"].extent < max(self.least_orbit_deg, self.least_orbit_share * shown["pan"].extent):
                del shown["orbit"]
            else:
                shown |= {kind: amount(path.beside_orbit(kind), kind) for kind in ("pan", "truck")}
        effects = {kind: in_picture_deg(kind, each.extent) for kind, each in shown.items()}
        least = dict.fromkeys(effects, max(self.least_deg, self.least_share * max(effects.values())))
        least["roll"] = max(least["roll"], self.least_roll_deg)
        most_move = max(effects.get(kind, 0.0) for kind in MOVES)
        for kind in MOVES:
            least[kind] = max(least.get(kind, 0.0), self.least_move_share * most_move)
        return {kind: shown[kind] for kind in sorted(shown, key=lambda k: -effects[k]) if effects[kind] >= least[kind]}


def amount(values: np.ndarray, kind: Kind) -> Amount:
    """Of what was done by each frame, float64 (F,)."""
    least = SWING_DEG if kind in TURNS else float(np.radians(SWING_DEG))
    return Amount(float(values[-1] - values[0]), travelled(values, least), float(np.ptp(values)))


def travelled(values: np.ndarray, least: float) -> float:
    """Sum of the swings of at least `least` between turning points of a series (F,)."""
    total, turn, way = 0.0, float(values[0]), 0.0
    for value in values[1:].tolist():
        step = value - turn
        if way * step > 0 or abs(step) >= least:
            total, turn, way = total + abs(step), value, float(np.sign(step))
    return total


def in_picture_deg(kind: Kind, extent: float) -> float:
    """What so much of a kind does in the picture, degrees."""
    return extent if kind in TURNS else float(np.degrees(extent))
