"""The node's cache of sources: whole files only, within the budget, whatever workers do to each other."""

import errno
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from factory.errors import ChangedError, OutputError, StorageError
from factory.storage.cache import SourceCache
from factory.storage.open import place_of
from factory.storage.shelf import PARTIAL
from tests.s3.proxy import Faults


def put(bucket: str, name: str, size: int) -> str:
    place_of(bucket, patience_s=0).write(f"{bucket}/{name}", name.encode() * (size // len(name)))
    return f"{bucket}/{name}"


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("lock-"))


def cache_of(folder: Path, budget_gb: float = 1.0, wait_s: float = 10.0) -> SourceCache:
    return SourceCache(str(folder), budget_gb, wait_s, patience_s=0)


def test_a_source_is_downloaded_once_and_anew_when_it_changes(s3_proxy, bucket, tmp_path):
    uri, cache = put(bucket, "v.mp4", 1000), cache_of(tmp_path)
    first = cache.hold(uri)
    first.release()
    again = cache.hold(uri, first.version)
    assert again.path == first.path
    assert s3_proxy.count("GET", f"/{bucket[5:]}/v.mp4") == 1
    again.release()
    put(bucket, "v.mp4", 2000)
    with pytest.raises(ChangedError, match="has changed since it was ingested"):
        cache.hold(uri, first.version)
    assert cache.hold(uri).path.stat().st_size == 2000


def test_the_oldest_unused_goes_first_and_what_is_used_stays(bucket, tmp_path):
    cache = cache_of(tmp_path, budget_gb=2.5e-6)
    a, b, c = (cache_uri for cache_uri in (put(bucket, f"{n}.mp4", 1000) for n in "abc"))
    held = cache.hold(a)
    cache.hold(b).release()
    time.sleep(0.02)
    cache.hold(c).release()
    assert held.path.exists()
    assert len(files(tmp_path)) == 2  # b went
    held.release()


def test_a_full_cache_of_used_files_is_waited_for_and_then_told(bucket, tmp_path):
    cache = cache_of(tmp_path, budget_gb=1.5e-6, wait_s=0.5)
    held = cache.hold(put(bucket, "a.mp4", 1000))
    with pytest.raises(StorageError, match=r"raise storage\.cache_gb"):
        cache.hold(put(bucket, "b.mp4", 1000))
    held.release()
    cache.hold(f"{bucket}/b.mp4").release()
    with pytest.raises(StorageError, match="more than the whole cache"):
        cache.hold(put(bucket, "c.mp4", 2000))


def hold_many(folder: str, bucket: str, turns: int, seed: int) -> None:
    import random

    draw, cache = random.Random(seed), cache_of(Path(folder), budget_gb=3.5e-4, wait_s=60.0)
    for _ in range(turns):
        name = f"{draw.randrange(6)}.mp4"
        held = cache.hold(f"{bucket}/{name}")
        content = held.path.read_bytes()
        time.sleep(0.005)
        assert content == held.path.read_bytes() == name.encode() * 20_000
        held.release()


def test_many_processes_share_it(bucket, tmp_path):
    for i in range(6):
        put(bucket, f"{i}.mp4", 100_000)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=hold_many, args=(str(tmp_path), bucket, 25, seed)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 350_000


def test_a_download_killed_half_way_never_looks_whole_and_its_room_comes_back(s3_proxy, bucket, tmp_path):
    uri = put(bucket, "v.mp4", 1_000_000)
    s3_proxy.misbehave(Faults(delay_share=1.0, delay_s=2.0))
    code = f"from factory.storage.cache import SourceCache; SourceCache({str(tmp_path)!r}, 1e-3).hold({uri!r})"
    process = subprocess.Popen([sys.executable, "-c", code])
    while not tmp_path.is_dir() or not any(path.name.endswith(PARTIAL) for path in files(tmp_path)):
        assert process.poll() is None, "ended before it could be killed"
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert [path.name.endswith(PARTIAL) for path in files(tmp_path)] == [True]
    s3_proxy.misbehave()
    held = cache_of(tmp_path, budget_gb=1.5e-3).hold(uri)
    assert held.path.read_bytes() == b"v.mp4" * 200_000
    assert files(tmp_path) == [held.path]


def test_a_download_that_fails_leaves_nothing(s3_proxy, bucket, tmp_path):
    uri = put(bucket, "v.mp4", 1_000_000)
    s3_proxy.misbehave(Faults(cut_gets=9, cut_after_bytes=1000))
    with pytest.raises(StorageError):
        cache_of(tmp_path).hold(uri)
    assert files(tmp_path) == []


@pytest.fixture
def own_disk(small_disk):
    small_disk.chmod(0o700)
    return small_disk


def test_a_disk_that_others_have_filled_is_no_source_s_fault(bucket, own_disk):
    cache = cache_of(own_disk)
    (own_disk / "another's").write_bytes(bytes(1_500_000))
    with pytest.raises(OutputError, match=f"{os.strerror(errno.ENOSPC).lower()}.*then run the same command again"):
        cache.hold(put(bucket, "large.mp4", 1_000_000))
    assert [path.name for path in files(own_disk)] == ["another's"]
    assert cache.hold(put(bucket, "small.mp4", 100_000)).path.stat().st_size == 100_000 // 9 * 9


def test_a_disk_smaller_than_the_budget_keeps_what_fits(bucket, own_disk):
    cache = cache_of(own_disk, wait_s=0.5)
    cache.hold(put(bucket, "a.mp4", 1_500_000)).release()
    held = cache.hold(put(bucket, "b.mp4", 1_500_000))  # a makes room
    with pytest.raises(StorageError, match="sources in use fill the cache"):
        cache.hold(put(bucket, "c.mp4", 1_500_000))
    held.release()
    with pytest.raises(StorageError, match=r"more than the disk of the cache .*: set storage\.cache_dir"):
        cache.hold(put(bucket, "large.mp4", 4_000_000))
