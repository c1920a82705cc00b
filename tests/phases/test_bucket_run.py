"""The same command on a bucket: the same manifests, row for row, and everything else that reads an output."""

import json
from pathlib import Path

import pytest

from factory.storage.open import place_of
from factory.storage.output import Storage
from tests.phases.compare import comparable
from tests.phases.test_pipeline import factory, sample  # noqa: F401  (a fixture)


@pytest.fixture
def uploaded(sample, bucket):  # noqa: F811
    """The sample and a copy of one of its clips, here and in the bucket."""
    (sample / "twin.mp4").write_bytes((sample / "static_camera.mp4").read_bytes())
    for path in sample.glob("*.mp4"):
        place_of(bucket).write(f"{bucket}/in/{path.name}", path.read_bytes())
    return f"{bucket}/in"


def test_source_and_output_in_a_bucket_give_the_manifests_of_a_local_run(sample, uploaded, bucket, tmp_path):  # noqa: F811
    local, remote = tmp_path / "out", f"{bucket}/out"
    cache = f"storage.cache_dir={tmp_path / 'cache'}"
    factory("run", f"source={sample}", f"output={local}", "workers=2")
    out = factory("run", f"source={uploaded}", f"output={remote}", "workers=2", cache)
    assert "pose" in out
    for phase in ("ingest", "filter", "pose"):
        here, there = comparable(local, phase, str(sample)), comparable(remote, phase, uploaded)
        assert here
        assert here == there

    assert "  ingest  1  the same content as another source" in factory("status", remote)
    told = json.loads(factory("query", remote, "SELECT status, count(*) n FROM ingest GROUP BY 1", "--format", "json"))
    assert {row["status"]: row["n"] for row in told} == {"ok": 4, "rejected": 1}
    factory("export", remote, tmp_path / "tum", "--format", "tum")
    factory("export", local, tmp_path / "tum-local", "--format", "tum")
    assert (tmp_path / "tum" / "good.txt").read_text() == (tmp_path / "tum-local" / "good.txt").read_text()
    factory("export", remote, tmp_path / "masks", "--format", "davis")
    assert len(list((tmp_path / "masks").rglob("*.png"))) == 30

    before = factory("query", remote, "SELECT * FROM filter ORDER BY clip_id", "--format", "csv")
    factory("compact", remote)
    assert len(Storage.at(remote).parts("filter")) == 1
    assert factory("query", remote, "SELECT * FROM filter ORDER BY clip_id", "--format", "csv") == before
    plan = factory("plan", f"source={uploaded}", f"output={remote}", "workers=2", cache)
    words = [line.split() for line in plan.splitlines()]
    assert {w[0]: w[3] for w in words if w and w[0] in ("ingest", "filter", "pose")} == {
        "ingest": "0",
        "filter": "0",
        "pose": "0",
    }
    assert Path(tmp_path / "cache").is_dir()
