from datetime import datetime, timezone

import pytest

from factory.manifest.schema import RUNS, schema
from factory.manifest.write import parquet_of_rows
from factory.phases.estimate import Pace, paces
from factory.storage.output import Storage


def test_the_pace_is_of_all_runs_by_the_rows_they_made(tmp_path):
    storage = Storage.at(tmp_path)
    assert paces(storage) == {}
    for run_id, ok, failed, seconds, raft_s in (("a", 8, 2, 30.0, 5.0), ("b", 10, 0, 10.0, 3.0)):
        row = {"run_id": run_id, "phase": "pose", "started_at": datetime.now(timezone.utc), "ok": ok, "rejected": 0}
        row |= {"failed": failed, "stage_seconds": [("Solve", seconds + 1), ("Mask", 1.0)], "waited_s": 2.0}
        row |= {"model_seconds": [("RaftFlow", raft_s)]}
        idle = {
            **row,
            "phase": "filter",
            "ok": 0,
            "failed": 0,
            "stage_seconds": [],
            "waited_s": 0.0,
            "model_seconds": [],
        }
        storage.write(storage.run_file(run_id), parquet_of_rows([row, idle], schema(*RUNS)))
    assert paces(storage) == {"pose": Pace(pytest.approx(2.0), {"RaftFlow": pytest.approx(0.4)})}
