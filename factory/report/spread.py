"""How numbers are distributed over clips, in bins: what a chart needs, however many clips there are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from factory.filters.features import FEATURES
from factory.report.checks import Check, FilterBounds, Row
from factory.report.shards import plain

MOST_BINS = 32
LEAST_BINS = 8
TAILS = (1.0, 99.0)  # percentiles between which bins lie; what is beyond counts in the first and the last
MOST_BOUNDS = 3  # of a column: of both sides, and of clips of two kinds
WIDE = 50.0  # upper percentile over the lower one from which bins are logarithmic


def histogram(values: np.ndarray, parts: Mapping[str, np.ndarray], bounds: Sequence[float] = ()) -> dict[str, Any]:
    """Bins of values, float64 (N,), NaN where not known, counted for each part, bool (N,). They reach to the bounds.

    Where all values are above 0 and far apart, bins are of equal width in the logarithm.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return {"edges": [], "counts": {name: [] for name in parts}, "log": False, "known": 0}
    ends = np.concatenate([np.percentile(known, TAILS), np.asarray(bounds, float)])
    low, high = float(ends.min()), float(ends.max())
    log = low > 0 and high / low > WIDE
    if not high > low:
        low, high = (low * 0.9, high * 1.1) if low > 0 else (low, low + 1)
    bins = int(np.clip(2 * np.sqrt(len(known)), LEAST_BINS, MOST_BINS))  # of few clips few, or each stands alone
    edges = np.geomspace(low, high, bins + 1) if log else np.linspace(low, high, bins + 1)
    inside = np.clip(values, edges[0], edges[-1])
    counts = {name: np.histogram(inside[part & np.isfinite(values)], edges)[0].tolist() for name, part in parts.items()}
    return {"edges": plain(edges.tolist()), "counts": counts, "log": bool(log), "known": len(known)}


def feature_spreads(rows: pa.Table, bounds: FilterBounds | None) -> list[dict[str, Any]]:
    """Of each feature that the filter has measured: those with a rule first, then those of the score."""
    rules = {} if bounds is None else {rule.feature: rule for rule in bounds.rules}
    scored = {} if bounds is None else {m.feature: m for group in bounds.score.groups for m in group.members}
    names = [name for name in FEATURES if name in rows.column_names]
    parts, found = _parts(rows), []
    for name in sorted(names, key=lambda name: (name not in rules, name not in scored)):
        rule, member = rules.get(name), scored.get(name)
        asked = [(rule.bound, rule.at_least)] if rule else []
        told = _told(name, FEATURES[name], rows[name].to_numpy().astype(float), parts, asked)
        if told is not None:
            found.append(told | ({"worth": [list(point) for point in member.points]} if member else {}))
    return found


def check_spreads(rows: pa.Table, checks: Callable[[Row], list[Check]]) -> list[dict[str, Any]]:
    """Of each column that rows of a phase are held by: over the rows where it is. Bounds that each row has its own of
    are not told."""
    values: dict[str, np.ndarray] = {}
    asked: dict[str, list[tuple[float, bool]]] = {}
    numbers = [field.name for field in rows.schema if not pa.types.is_nested(field.type)]
    for place, row in enumerate(rows.select(numbers).to_pylist()):
        for check in checks(row):
            of_column = values.setdefault(check.column, np.full(rows.num_rows, np.nan))
            of_column[place] = np.nan if check.value is None else check.value
            if (check.bound, check.at_least) not in asked.setdefault(check.column, []):
                asked[check.column].append((check.bound, check.at_least))
    parts = _parts(rows)
    meanings = {field.name: (field.metadata or {}).get(b"meaning", b"").decode() for field in rows.schema}
    found = [
        _told(name, meanings.get(name, ""), values[name], parts, bounds if len(bounds) <= MOST_BOUNDS else [])
        for name, bounds in asked.items()
    ]
    return [told for told in found if told is not None]


def _parts(rows: pa.Table) -> dict[str, np.ndarray]:
    status = np.array(rows["status"].to_pylist())
    return {"passed": status == "ok", "rejected": status == "rejected"}


def _told(
    name: str, meaning: str, values: np.ndarray, parts: Mapping[str, np.ndarray], bounds: Sequence[tuple[float, bool]]
) -> dict[str, Any] | None:
    """A chart of values, float64 (N,), with bounds and whether they are the least or the most; None where no value is
    known."""
    spread = histogram(values, parts, [bound for bound, _ in bounds])
    if not spread["known"]:
        return None
    known = values[np.isfinite(values)]
    broken = [int(np.sum(known < bound if at_least else known > bound)) for bound, at_least in bounds]
    told = [
        {"value": bound, "at_least": at_least, "broken": count}
        for (bound, at_least), count in zip(bounds, broken, strict=True)
    ]
    median = plain(float(np.median(known)))
    return {"name": name, "meaning": meaning, "clips": len(values), **spread, "median": median, "bounds": told}
