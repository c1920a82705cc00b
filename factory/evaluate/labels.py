"""Labels of the filter: which videos are suitable, and why the others are not."""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.errors import ConfigError, StorageError
from factory.storage.local import cause


@dataclass(frozen=True)
class Label:
    """One video. file: as the labels name it, for people; path: where it lies beside the labels. suitable: None where
    it is not to be counted."""

    file: str
    path: Path
    suitable: bool | None
    why: str = ""


def read_labels(place: Path) -> list[Label]:
    """A CSV with the columns file (relative to the CSV), suitable (1, 0, empty: not counted) and why; or a folder of
    rendered videos, each with a `<stem>.json` that holds `labels`. Raises StorageError, ConfigError."""
    labels = _of_folder(place) if place.is_dir() else _of_csv(place)
    counted = [label.suitable for label in labels if label.suitable is not None]
    if not any(counted) or all(counted):
        raise ConfigError(f"{place} needs suitable and unsuitable videos, it has {sum(counted)} of {len(counted)}.")
    return labels


def labels_hash(place: Path) -> str:
    """SHA-256 of the labels' bytes: of the CSV, or of the folder's JSON files in order of their names."""
    files = sorted(place.rglob("*.json")) if place.is_dir() else [place]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def rows_of(labels: Sequence[Label], rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """For each label the manifest rows of its video, by the path of the source; where the run saw the video elsewhere,
    by the longest end of the path that names one source only. Raises ConfigError when it names several."""
    sources: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        sources.setdefault(str(row["source"]), []).append(row)
    return [sources.get(_source_of(label, list(sources)), []) for label in labels]


def _source_of(label: Label, sources: list[str]) -> str:
    if (place := str(label.path.resolve())) in sources:
        return place
    ends = [s for s in sources if ("/" + s).endswith("/" + label.file)]
    if len(ends) > 1:
        raise ConfigError(f"the label {label.file} could be {ends[0]} or {ends[1]}: name more of its path.")
    return ends[0] if ends else ""


def _of_csv(path: Path) -> list[Label]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        known = {"1": True, "0": False, "": None}
        return [
            Label(
                row["file"], path.parent / row["file"], known[row["suitable"].strip()], (row.get("why") or "").strip()
            )
            for row in rows
        ]
    except OSError as error:
        told = "give labels as CSV, or a folder of rendered videos"
        raise StorageError(f"{path} cannot be read ({cause(error)}): {told}.") from error
    except (KeyError, AttributeError) as error:
        raise StorageError(f"{path} is no list of labels: it needs the columns file and suitable (1, 0).") from error


def _of_folder(folder: Path) -> list[Label]:
    found = []
    for path in sorted(folder.rglob("*.json")):
        try:
            told = json.loads(path.read_text())
        except ValueError as error:
            raise StorageError(f"{path} is not JSON ({error}).") from error
        labels = told.get("labels") if isinstance(told, dict) else None
        if isinstance(labels, dict) and "suitable" in labels:
            video = path.with_suffix(".mp4")
            suitable = bool(labels["suitable"])
            found.append(Label(str(video.relative_to(folder)), video, suitable, "" if suitable else _flaw(labels)))
    if not found:
        raise StorageError(
            f"there are no labels in {folder}: give a labels.csv, or a folder that `factory synth` wrote."
        )
    return found


def _flaw(labels: Mapping[str, Any]) -> str:
    """The class of a rendered video that is not suitable."""
    if labels.get("flaw"):
        return str(labels["flaw"])
    if labels.get("drawn"):
        return "drawn"
    if labels.get("shots", 1) > 1:
        return "several shots"
    return f"camera {labels['camera']}" if labels["camera"] != "moving" else "nothing moves"
