"""A line for each clip, and each source that gave none: what the gallery shows, filters and sorts by."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from factory.data.opened import Output
from factory.manifest.read import read_schema
from factory.manifest.schema import ROOT
from factory.reasons import failed_because, rejected_because
from factory.report.shards import plain

COMMON = ("clip_id", "status", "reasons", "error_type")
# What the gallery sorts by and shows, where a phase has it: each from the last one that does.
SHOWN = ("score", "quality", "ate_percent_predicted", "camera_motion", "preview", "poster")


@dataclass(frozen=True)
class Gallery:
    """columns: by name, a value a clip: accepted clips first, then by source and time. words: what `reasons` count in,
    numbers of the short reasons of the phase that a clip came to."""

    columns: dict[str, list[Any]]
    words: list[str]

    @property
    def ids(self) -> list[str]:
        return self.columns["id"]


def gallery(output: Output) -> Gallery:
    """Reads each phase once."""
    root = output.arrow(ROOT, [*COMMON, "source", "source_start_s", "source_end_s"])
    ids = root["clip_id"].combine_chunks()
    phase = np.zeros(len(ids), int)
    status, reasons, errors = (root[name].to_pylist() for name in COMMON[1:])
    shown: dict[str, list[Any]] = {name: [None] * len(ids) for name in SHOWN}
    for number, name in enumerate(output.phases):
        if name == ROOT:
            continue
        names = read_schema(output.storage, name).names
        rows = output.arrow(name, [*COMMON, *(column for column in SHOWN if column in names)])
        at = pc.index_in(rows["clip_id"].combine_chunks(), value_set=ids)
        _take_over(rows, at, number, phase, (status, reasons, errors), shown)
    words: dict[str, int] = {}
    short = [_numbers(words, *each) for each in zip(reasons, errors, strict=True)]
    last = len(output.phases) - 1
    accepted = np.array([s == "ok" for s in status]) & (phase == last)
    source = root["source"].to_pylist()
    start_s, end_s = root["source_start_s"].to_pylist(), root["source_end_s"].to_pylist()
    order = sorted(range(len(ids)), key=lambda i: (not accepted[i], source[i], start_s[i] or 0.0))
    columns = {
        "id": ids.to_pylist(),
        "source": source,
        "start_s": plain(start_s),
        "end_s": plain(end_s),
        "phase": phase.tolist(),
        "status": status,
        "reasons": short,
        **{name: plain(values) for name, values in shown.items()},
    }
    return Gallery({name: [values[i] for i in order] for name, values in columns.items()}, list(words))


def _take_over(
    rows: pa.Table, at: pa.Array, number: int, phase: np.ndarray, verdict: tuple[list[Any], ...],
    shown: dict[str, list[Any]],
) -> None:  # fmt: skip
    """Puts a phase's rows in the places `at` of the root's, null where that has none any more."""
    known = [(i, place) for i, place in enumerate(at.to_pylist()) if place is not None]
    phase[[place for _, place in known]] = number
    for target, name in zip(verdict, COMMON[1:], strict=True):
        values = rows[name].to_pylist()
        for i, place in known:
            target[place] = values[i]
    for name in set(SHOWN) & set(rows.column_names):
        values = rows[name].to_pylist()
        for i, place in known:
            shown[name][place] = values[i] if values[i] is not None else shown[name][place]


def _numbers(words: dict[str, int], reasons: list[str] | None, error_type: str | None) -> list[int]:
    """Of the short reasons of a clip, numbered as they come up."""
    short = [rejected_because(reason) for reason in reasons or ()]
    short += [failed_because(error_type)] if error_type else []
    return [words.setdefault(word, len(words)) for word in dict.fromkeys(short)]
