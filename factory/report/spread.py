"""How numbers are distributed over clips, in bins: what a chart needs, however many clips there are."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from factory.filters.features import FEATURES
from factory.report.checks import FilterBounds
from factory.report.shards import plain

MOST_BINS = 32
LEAST_BINS = 8
TAILS = (1.0, 99.0)  # percentiles between which bins lie; what is beyond counts in the first and the last
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
    status = np.array(rows["status"].to_pylist())
    parts = {"passed": status == "ok", "rejected": status == "rejected"}
    rules = {} if bounds is None else {rule.feature: rule for rule in bounds.rules}
    scored = {} if bounds is None else {m.feature: m for group in bounds.score.groups for m in group.members}
    names = [name for name in FEATURES if name in rows.column_names]
    found = []
    for name in sorted(names, key=lambda name: (name not in rules, name not in scored)):
        rule, member = rules.get(name), scored.get(name)
        values = rows[name].to_numpy().astype(float)
        spread = histogram(values, parts, [rule.bound] if rule else [])
        if not spread["known"]:
            continue
        told: dict[str, Any] = {"name": name, "meaning": FEATURES[name], "clips": len(values), **spread}
        told["median"] = plain(float(np.nanmedian(values)))
        if rule is not None:
            broken = int(sum(rule.broken(value) for value in values[np.isfinite(values)]))
            told["bound"] = {"value": rule.bound, "at_least": rule.at_least, "broken": broken}
        if member is not None:
            told["worth"] = [list(point) for point in member.points]
        found.append(told)
    return found
