"""Stereo video where runs go wrong: a bucket, another engine, a killed driver and a killed worker change nothing."""

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

import factory
from factory.storage.open import place_of
from factory.storage.output import Storage
from tests.conftest import ROOT, STEREO, stereo_settings
from tests.phases.compare import comparable

SOURCES = (f"truth/{STEREO}.mp4", "mono.mp4")
LOOK_S = 0.3  # between looks at the bucket and at processes, which cost; a phase takes seconds


def content(output, path):
    return output.storage.read(output.storage.artifact(path))


def start(sources, output, settings, engine) -> subprocess.Popen:
    words = [f"source={sources}", f"output={output}", "pipeline=stereo4d", f"engine={engine}", "workers=1"]
    words += [f"{phase}.shard_size=1" for phase in ("rig", "world")]
    words += [f"{key}={value}" for key, value in settings.items()]
    return subprocess.Popen([sys.executable, "-m", "factory", "run", *words], cwd=ROOT)


def busy_worker(driver: subprocess.Popen) -> psutil.Process | None:
    """A worker of Ray's that has started the process in which its clips are done."""
    for process in psutil.Process(driver.pid).children(recursive=True):
        with suppress(psutil.Error):
            if "MapWorker" in " ".join(process.cmdline()) and process.children():
                return process
    return None


def test_a_bucket_ray_a_killed_driver_and_a_killed_worker_change_no_row_and_no_artifact(stereo, bucket, tmp_path):
    folder = Path(stereo.storage.root).parent
    settings, sources, remote = stereo_settings(folder), tmp_path / "sources.csv", f"{bucket}/out"
    for name in SOURCES:
        place_of(bucket).write(f"{bucket}/in/{name}", (folder / name).read_bytes())
    sources.write_text("\n".join(["source", *(f"{bucket}/in/{name}" for name in SOURCES)]) + "\n")
    driver = start(sources, remote, settings, "inline")
    while not Storage.at(remote).parts("rig"):
        assert driver.poll() is None, "the driver ended before it could be killed"
        time.sleep(LOOK_S)
    driver.kill()
    driver.wait()
    assert not Storage.at(remote).parts("world"), "nothing was left to be done"

    driver, worker = start(sources, remote, settings, "ray"), None
    while worker is None:
        assert driver.poll() is None, "the driver ended before a worker could be killed"
        worker = busy_worker(driver)
        time.sleep(LOOK_S)
    worker.kill()
    assert driver.wait() == 0

    there = factory.open(remote)
    for phase in ("ingest", "rig", "world"):
        rows = comparable(stereo.storage.root, phase, str(folder))
        assert rows == comparable(remote, phase, f"{bucket}/in")
        for row in rows:
            for name in ("stereo_tracks", "preview", "poster", "world_tracks", "depth"):
                if path := row.get(name):
                    assert content(there, path) == content(stereo, path), path
