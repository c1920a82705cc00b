"""A filter's output made by hand: features of videos whose label is known, judged by rules."""

import csv
from datetime import datetime, timezone
from pathlib import Path

import yaml

from factory.clip import Clip, ClipRecord
from factory.filters.decide import Decide
from factory.filters.features import FEATURES
from factory.manifest.schema import COMMON, FILTER, POSE, RUNS, features_schema, schema
from factory.manifest.write import parquet_of_rows
from factory.stage import Rejected
from factory.storage.output import Storage

RULES = {
    "flow_peak": {"most": 0.1, "criterion": "C2", "reason": "a cut {value:.2f}", "provenance": "test"},
    "camera_speed": {"least": 0.04, "criterion": "C3", "reason": "still {value:.2f}", "provenance": "test"},
    "focal_ratio": {"most": 4, "criterion": "C2", "reason": "long {value:.2f}", "provenance": "test"},
}


# camera_speed 0.04 and less is worth nothing, 0.4 and more all.
SCORE = {"least": 0.0, "groups": {"camera": {"camera_speed": [[0.04, 0], [0.4, 1]]}}}


def write_output(root: Path, features: dict[str, dict], rules=None, exhaustive: bool = True, score=None) -> Storage:
    """The manifests of a filter that measured `features` of each source (None: no clip of it got there)."""
    rules, score = RULES if rules is None else rules, SCORE if score is None else score
    storage, decide, rows = Storage.at(root), Decide(rules, score), []
    for source, values in features.items():
        result = decide(ClipRecord(Clip(source, source, 0, 1, 1, 1, 1, 0, 1), values))
        record = result.record if isinstance(result, Rejected) else result
        status, reasons = ("rejected", list(result.reasons)) if isinstance(result, Rejected) else ("ok", [])
        rows.append(
            {"clip_id": source, "source": source, "source_start_s": 0.0, "source_end_s": 1.0, "status": status,
             "reasons": reasons, "fingerprint": "x", "attempt": 1, **values, "score": record["score"]}
        )  # fmt: skip
    content = parquet_of_rows(rows, schema(*COMMON, *FILTER, *features_schema(FEATURES)))
    storage.write(storage.part("filter", "one"), content)
    config = yaml.safe_dump({"filter": {"rules": rules, "score": score, "target": None, "exhaustive": exhaustive}})
    run = {"run_id": "r", "phase": "filter", "started_at": datetime.now(timezone.utc), "config": config}
    storage.write(storage.run_file("r"), parquet_of_rows([run], schema(*RUNS)))
    return storage


def write_poses(storage: Storage, verdicts: dict[str, str]) -> None:
    """A pose phase with that status a source."""
    rows = [
        {"clip_id": source, "source": source, "source_start_s": 0.0, "source_end_s": 1.0, "status": status,
         "reasons": [], "fingerprint": "x", "attempt": 1}
        for source, status in verdicts.items()
    ]  # fmt: skip
    storage.write(storage.part("pose", "one"), parquet_of_rows(rows, schema(*COMMON, *POSE)))


def write_labels(path: Path, labels: dict[str, tuple[str, str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "suitable", "why"])
        table.writerows([name, suitable, why] for name, (suitable, why) in labels.items())
    return path
