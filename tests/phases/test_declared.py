"""A phase of somebody else's: one file of YAML and one of Python, and it stands in the house like the others."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from factory.artifacts import read_masks
from factory.commands.compose import configured
from factory.errors import ConfigError
from factory.manifest.read import read_phase
from factory.phases.build import build
from factory.phases.phase import fingerprint
from factory.storage.output import Storage
from factory.storage.sources import SCHEMA
from tests.conftest import picture
from tests.videos import write

YAML = """\
_target_: shade.Shade
take: {pose: {columns: [world_from_cam, registered], artifacts: [tracks.npz]}}
timeout_s: 60
shard_size: 8
resources: {cpus: 1, memory_gb: 1}
stages:
  above: {_target_: shade.Above, share: 0.5}
  keep: {_target_: shade.Keep}
"""

PYTHON = """\
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from factory.artifacts import pack_masks
from factory.declared import ClipPhase
from factory.manifest.schema import artifact, column
from factory.phases.phase import common_row


@dataclass
class Above:
    needs = ("tracks", "is_dynamic", "world_from_cam", "registered")
    gives = ("poses", "shade")
    share: float = 0.5

    def __call__(self, record):
        poses = np.array(record["world_from_cam"])[np.array(record["registered"])]
        shade = np.zeros((record["tracks"].frames, 12, 16), bool)
        shade[:, : int(12 * self.share)] = not record["is_dynamic"].all()
        return record.give(poses=len(poses), shade=shade)


@dataclass
class Keep:
    needs = ("storage", "artifact_folder", "tracks", "shade")
    gives = ("path",)

    def __call__(self, record):
        path = record["artifact_folder"] + "/masks.npz"
        content = pack_masks(record["tracks"].frame_index, record["shade"])
        record["storage"].write(record["storage"].artifact(path), content)
        return record.give(path=path)


class Shade(ClipPhase):
    def columns(self):
        return (column("poses", pa.int64(), "frames with a pose"), artifact("masks.npz", "what lies above"))

    def rows(self, outcome):
        values = outcome.record.values
        return [{**common_row(outcome), "poses": values.get("poses"), "masks": values.get("path")}]
"""

WORDS = ("+phase@shade=shade", "pipeline=pose", "pipeline.phases=[ingest,pose,shade]", "allow_targets=[shade]")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """The folder of their preset; their module lies beside it."""
    folder = tmp_path_factory.mktemp("theirs")
    (folder / "conf" / "phase").mkdir(parents=True)
    (folder / "conf" / "phase" / "shade.yaml").write_text(YAML)
    (folder / "shade.py").write_text(PYTHON)
    return folder


@pytest.fixture(scope="module")
def factory(theirs):
    def call(*words):
        path = os.pathsep.join([str(theirs), *sys.path])
        command = [sys.executable, "-m", "factory", *map(str, words)]
        environment = {**os.environ, "COLUMNS": "200", "PYTHONPATH": path}
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A camera that stands still: posed in no time."""
    return write(tmp_path_factory.mktemp("video") / "still.mp4", [picture(0, 240, 320)] * 48, fps=24)


@pytest.fixture(scope="module")
def run(factory, theirs, video):
    def call(output, *more):
        return factory("run", "--config-dir", theirs / "conf", f"source={video}", f"output={output}", *WORDS, *more)

    return call


@pytest.fixture(scope="module")
def output(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    run(folder, "engine=inline")
    return folder


def rows(output, phase="shade"):
    return read_phase(Storage.at(output), phase)


def masks_below(output):
    return sorted(path.parent.parent.name for path in (Path(output) / "artifacts").rglob("masks.npz"))


def test_it_takes_a_column_and_a_file_and_both_engines_give_the_same_rows(run, output, tmp_path):
    (row,) = rows(output).to_pylist()
    (posed,) = rows(output, "pose").to_pylist()
    assert (row["status"], row["error"]) == ("ok", None)
    assert row["poses"] == sum(posed["registered"]) > 10
    storage = Storage.at(output)
    numbers, masks = read_masks(storage.read(storage.artifact(row["masks"])))
    assert numbers.tolist() == posed["frame_index"]
    assert masks[:, :6].all()
    assert not masks[:, 6:].any()
    run(tmp_path, "engine=ray", "workers=1")
    assert rows(tmp_path).equals(rows(output))


def test_it_shows_in_status_queries_and_exports(factory, output, tmp_path):
    lines = [line.split() for line in factory("status", output).splitlines()]
    assert [line[0] for line in lines if line and line[0] in ("ingest", "pose", "shade")][:3] == [
        "ingest", "pose", "shade",
    ]  # fmt: skip
    assert "frames with a pose" in factory("query", output, "--columns", "shade")
    sql = "SELECT s.poses, p.method FROM shade s JOIN pose p USING (clip_id)"
    (told,) = json.loads(factory("query", output, sql, "--format", "json"))
    assert (told["poses"] > 10, told["method"]) == (True, "still")
    factory("export", output, tmp_path / "masks", "--format", "davis")  # of the last phase that keeps some
    mask = cv2.imread(str(tmp_path / "masks" / "still" / "00000.png"), cv2.IMREAD_GRAYSCALE)
    assert np.array_equal(mask > 0, np.arange(240)[:, None].repeat(320, 1) < 120)
    factory("export", output, tmp_path / "poses", "--format", "tum")
    assert (tmp_path / "poses" / "still.txt").is_file()


def test_what_is_done_again_takes_its_old_files_away_and_no_one_else_s(run, output):
    assert masks_below(output) == ["pose", "shade"]
    before = rows(output).to_pylist()
    assert "shade" in run(output, "engine=inline", "shade.stages.above.share=0.25")
    ((old,), (new,)) = before, rows(output).to_pylist()
    assert (new["attempt"], new["masks"] == old["masks"]) == (2, False)
    assert masks_below(output) == ["pose", "shade"]
    assert (Path(output) / new["masks"]).is_file()
    assert not (Path(output) / old["masks"]).exists()


@pytest.fixture
def phases(theirs, monkeypatch):
    monkeypatch.syspath_prepend(theirs)

    def call(*more):
        cfg = configured(["source=x", "output=y", *WORDS, *more], str(theirs / "conf"))
        return {phase.name: phase for phase in build(cfg, SCHEMA.empty_table())}

    return call


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("shade.take.pose.columns=[world_from_cm]", "phase pose has no world_from_cm: did you mean world_from_cam?"),
        ("shade.take.pose.artifacts=[depth.npz]", "phase pose keeps no depth.npz"),
        ("shade.take={filter: {columns: [score]}}", "shade.take.filter: no phase filter stands before shade"),
        ("shade.take.pose.files=[x]", "shade.take.pose.files is not a setting"),
        ("shade.take.ingest.columns=[width]", ""),
        ("shade.take={pose: {columns: [fps]}, ingest: {columns: [fps]}}", "shade.take gives 'fps' twice"),
        ("shade.take.pose.artifacts=[]", "stage above needs 'tracks'"),
        ("shade.upstream=filter", "shade.upstream=filter: no such phase stands before it"),
        ("shade.upstream=ingest", ""),
        ("shade.stages.above.shade=1", "shade.stages.above.shade is not a setting: did you mean share?"),
        ("shade.timeout_s=soon", "shade.timeout_s=soon is not possible: it should be a number"),
        ("pipeline.phases=[ingest,shade]", "no phase pose stands before shade"),
    ],
)
def test_what_cannot_be_taken_is_said_before_anything_starts(phases, word, sentence):
    if not sentence:
        assert "shade" in phases(word)
        return
    with pytest.raises(ConfigError) as caught:
        phases(word)
    assert sentence in str(caught.value)


def test_the_fingerprint_knows_what_is_taken(phases):
    base = phases()
    other = phases("shade.take.ingest.columns=[codec]")
    assert fingerprint(base["shade"].stages) != fingerprint(other["shade"].stages)
    assert [name for name, _ in base["shade"].stages] == ["take", "above", "keep"]  # no stage needs the video
    assert fingerprint(base["pose"].stages) == fingerprint(other["pose"].stages)
