"""A source that changes or vanishes between phases, or cannot be kept: one clip's failure, told as what it is."""

import pytest

from factory.engine import inline
from factory.engine.work import Resources
from factory.errors import ConfigError
from factory.fetch import Fetch
from factory.filters.sample import SampleFrames
from factory.ingest.cut import CutClips
from factory.ingest.survey import SurveySource
from factory.manifest.read import read_phase
from factory.phases.build import clip_phase
from factory.phases.filter import Filter
from factory.phases.ingest import Ingest, ingest_phase
from factory.phases.run import run_phase
from factory.storage.cache import SourceCache
from factory.storage.open import place_of
from factory.storage.output import Storage
from factory.storage.sources import find_sources
from tests.conftest import shifted
from tests.videos import write

LIMITS = {"timeout_s": 60, "shard_size": 100, "resources": Resources()}
INGEST = Ingest(survey=SurveySource(), cut=CutClips(), **LIMITS)
FILTER = Filter(stages={"sample": SampleFrames()}, rules={}, exhaustive=False, target=None, **LIMITS)
OPTIONS = {"workers": 1, "shard_size": 100, "progress": lambda _: None}


@pytest.fixture
def videos(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    return {name: write(folder / f"{name}.mp4", shifted(seed, 60)).read_bytes() for seed, name in enumerate("abcd")}


@pytest.fixture(params=["local", "s3"])
def source(request, tmp_path, videos):
    """Three videos; the fourth takes another's place later."""
    root = f"{request.getfixturevalue('bucket')}/in" if request.param == "s3" else str(tmp_path / "in")
    for name in "abc":
        place_of(root).write(f"{root}/{name}.mp4", videos[name])
    return root


def run(source, output, cache, *names, retry_failed=False):
    fetch, storage = Fetch(SourceCache(str(cache), patience_s=0)), Storage.at(output)
    ingest = ingest_phase(INGEST, find_sources(source), fetch)
    judge = clip_phase("filter", FILTER, [ingest], fetch)
    chosen = [phase for phase in (ingest, judge) if phase.name in names]
    summaries = [run_phase(phase, storage, inline.run, **OPTIONS, retry_failed=retry_failed) for phase in chosen]
    rows = {n: read_phase(storage, n).to_pylist() for n in names}
    return summaries, {n: {row["source"][-5]: row for row in rows[n]} for n in names}


def test_between_phases(source, videos, tmp_path):
    output, cache = tmp_path / "out", tmp_path / "cache"
    run(source, output, cache, "ingest")
    place_of(source).write(f"{source}/b.mp4", videos["d"])
    place_of(source).delete(f"{source}/c.mp4")

    _, rows = run(source, output, cache, "filter")
    told = {name: (row["status"], row["error_type"]) for name, row in rows["filter"].items()}
    assert told == {"a": ("ok", None), "b": ("failed", "ChangedError"), "c": ("failed", "GoneError")}
    assert "has changed since it was ingested" in rows["filter"]["b"]["error"]

    place_of(source).write(f"{source}/c.mp4", videos["c"])
    (ingest, judge), rows = run(source, output, cache, "ingest", "filter", retry_failed=True)
    expected = 2 if source.startswith("/") else 1  # back in its place c has another time, but not another ETag
    assert ingest.todo == expected
    assert judge.todo == 2
    assert {name: row["status"] for name, row in rows["filter"].items()} == dict.fromkeys("abc", "ok")


def test_a_copy_takes_the_place_of_the_source_that_is_gone(source, videos, tmp_path):
    output, cache = tmp_path / "out", tmp_path / "cache"
    place_of(source).write(f"{source}/z.mp4", videos["a"])
    _, rows = run(source, output, cache, "ingest", "filter")
    assert (rows["ingest"]["z"]["status"], rows["ingest"]["z"]["duplicate_of"]) == ("rejected", f"{source}/a.mp4")
    assert set(rows["filter"]) == {"a", "b", "c"}
    place_of(source).delete(f"{source}/a.mp4")
    (ingest, judge), rows = run(source, output, cache, "ingest", "filter")
    assert (ingest.todo, judge.todo) == (1, 0)
    assert (rows["ingest"]["z"]["status"], rows["ingest"]["a"]["duplicate_of"]) == ("ok", f"{source}/z.mp4")
    assert set(rows["filter"]) == {"a", "b", "c"}  # the same clip, judged before
    (ingest, judge), _ = run(source, output, cache, "ingest", "filter")
    assert (ingest.todo, judge.todo) == (0, 0)


def test_a_small_disk_costs_the_sources_that_can_never_fit(bucket, videos, tmp_path, small_disk):
    place_of(bucket).write(f"{bucket}/in/a.mp4", videos["a"])
    place_of(bucket).write(f"{bucket}/in/big.mp4", videos["b"] + bytes(3_000_000))
    _, rows = run(f"{bucket}/in", tmp_path / "out", small_disk, "ingest")
    assert {name: row["status"] for name, row in rows["ingest"].items()} == {"a": "ok", "g": "failed"}
    assert rows["ingest"]["g"]["error_type"] == "StorageError"
    assert "more than the disk of the cache" in rows["ingest"]["g"]["error"]
    _, rows = run(f"{bucket}/in", tmp_path / "out", tmp_path / "room", "ingest", retry_failed=True)
    assert {row["status"] for row in rows["ingest"].values()} == {"ok"}


def test_a_cache_without_a_budget_is_refused():
    with pytest.raises(ConfigError, match="cache_gb"):
        SourceCache(budget_gb=0)
