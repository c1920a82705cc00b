"""Where to cut the score: chosen from a curve of precision and recall that was measured on labelled clips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from factory.errors import ConfigError
from factory.filters.score import parse_score

KINDS = ("precision", "recall")


@dataclass(frozen=True)
class Cut:
    """What keeping the clips with at least this score does. precision and recall: value, and the ends of its 90 %
    interval."""

    least: float
    precision: tuple[float, float, float]
    recall: tuple[float, float, float]


def parse_curve(entry: Mapping[str, Any]) -> tuple[Cut, ...]:
    """`cuts`: rows {least, precision: [value, low, high], recall: [value, low, high]} in order of rising `least`, and
    `provenance`. Raises ConfigError."""
    try:
        provenance = str(entry["provenance"])
        cuts = tuple(Cut(float(row["least"]), *(_three(row[kind]) for kind in KINDS)) for row in entry["cuts"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"filter.score.curve cannot be read ({error!r}): `factory calibrate` writes one.") from error
    rising = all(a.least < b.least for a, b in pairwise(cuts)) and all(0 <= cut.least <= 1 for cut in cuts)
    if not provenance or not cuts or not rising:
        raise ConfigError("filter.score.curve needs provenance, and cuts in order of rising `least`, from 0 to 1.")
    return cuts


def aimed(entry: Mapping[str, Any], target: str | None) -> dict[str, Any]:
    """The entry `filter.score` without its curve, cut where that reaches `filter.target` (`precision:0.7`,
    `recall:0.6`), at its own `least` without a target: what decides, and no more. Raises ConfigError where the curve
    does not reach it."""
    parse_score(entry)
    decides = {name: value for name, value in entry.items() if name != "curve"}
    cuts = parse_curve(entry["curve"]) if entry.get("curve") is not None else None
    if target is None:
        return decides
    kind, _, share = str(target).partition(":")
    try:
        wanted = float(share)
    except ValueError:
        wanted = -1.0
    if kind not in KINDS or not 0 < wanted <= 1:
        raise ConfigError(f"filter.target is precision:SHARE or recall:SHARE, as in precision:0.8; it is {target!r}.")
    if cuts is None:
        raise ConfigError("filter.target needs a curve in the filter's preset: `factory calibrate` writes one.")
    return {**decides, "least": cut_for(cuts, kind, wanted).least}


def cut_for(cuts: Sequence[Cut], kind: str, wanted: float) -> Cut:
    """Of the cuts that reach it, the one that is best at the other; of several as good the middle one, as far from the
    clips below as from those above. Raises ConfigError where none does."""
    other = KINDS[1 - KINDS.index(kind)]
    reaching = [cut for cut in cuts if getattr(cut, kind)[0] >= wanted - 1e-9]
    if not reaching:
        most = max(cuts, key=lambda cut: getattr(cut, kind)[0])
        raise ConfigError(
            f"filter.target={kind}:{wanted:g} is not reached on the clips of the curve: the most is "
            f"{getattr(most, kind)[0]:.2f}, at a {other} of {getattr(most, other)[0]:.2f}."
        )
    highest = max(getattr(cut, other)[0] for cut in reaching)
    best = [cut for cut in reaching if getattr(cut, other)[0] >= highest - 1e-9]
    return best[len(best) // 2]


def _three(row: Sequence[float]) -> tuple[float, float, float]:
    value, low, high = (float(number) for number in row)
    return value, low, high
