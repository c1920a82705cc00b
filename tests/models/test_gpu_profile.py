"""`profile=gpu` on a CPU, with small random networks: every stage of the whole pose phase, on both engines."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from factory.artifacts import read_masks
from factory.manifest.read import read_phase
from factory.storage.output import Storage
from factory.synth.sample import render_sample
from tests.models.test_sam2 import missing

pytest.importorskip("transformers", reason=missing)
pytest.importorskip("sam2", reason=missing)

from tests.models import tiny

NAMES = ("good", "static_camera", "pure_rotation")
FOLLOWER = "_target_: tests.models.fakes.SteadyFollower\npool: {cpus: 0}\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs the pose phase on three clips; the output."""
    folder = tmp_path_factory.mktemp("gpu")
    render_sample(folder / "sample", only=NAMES, seconds=1.5)
    (folder / "conf" / "follower").mkdir(parents=True)
    (folder / "conf" / "follower" / "steady.yaml").write_text(FOLLOWER)
    settings = [
        "profile=gpu",
        "device=cpu",
        "pose.min_quality=bronze",
        "flow.weights=none",
        "flow.updates=1",
        "follower=steady",
        f"segmenter.weights={tiny.oneformer(folder / 'weights')}",
        "intrinsics=depth_pro",
        f"intrinsics.weights={tiny.depth_pro(folder / 'weights')}",
        f"detector.weights={tiny.grounding_dino(folder / 'weights')}",
        "detector.least_score=0.5",
        "pose.stages.objects.objects.names=[person,dog]",
        "filter.stages.movable.names=[person,dog]",
        "pose.stages.objects.objects.most_rounds=1",
        "pose.stages.frames.colour_side_px=160",
        "video_masks.size=tiny",
        "video_masks.weights=none",
        "video_masks.side_px=128",
        f"storage.weights_at={folder / 'weights'}",
        *(f"{role}.pool.cpus=0" for role in ("flow", "segmenter", "detector", "video_masks", "intrinsics")),
    ]

    def call(output: str, *more: str) -> Path:
        words = [f"source={folder / 'sample'}", f"output={folder / output}", "allow_targets=[tests]", *settings, *more]
        command = [sys.executable, "-m", "factory", "run", "--config-dir", str(folder / "conf"), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=800, env=os.environ, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return folder / output

    return call


def rows(output: Path, phase: str = "pose") -> dict[str, dict]:
    return {Path(row["source"]).stem: row for row in read_phase(Storage.at(output), phase).to_pylist()}


@pytest.mark.timeout(1800)  # two runs, each with its own guard
def test_every_clip_is_accounted_for_and_has_its_artifacts(run):
    output = run("inline", "engine=inline", "pipeline=pose")
    found = rows(output)
    assert set(found) == set(NAMES)
    for name, row in found.items():
        assert row["status"] in ("ok", "rejected"), (name, row["failed_stage"], row["error"])
        assert row["track_count"] > 50, name
        frames, masks = read_masks((output / row["masks"]).read_bytes())
        assert frames.tolist() == row["frame_index"]
        assert masks.shape == (len(row["frame_index"]), 90, 160)
        tracks = np.load(output / row["tracks"])
        assert set(np.unique(tracks["frame"])) == set(range(len(frames)))
    through_pools = rows(run("pooled", "engine=ray", "workers=1", "pipeline=pose"))
    for name, row in found.items():
        for column in ("status", "reasons", "track_count", "focal_px", "dynamic_share"):
            assert row.get(column) == through_pools[name].get(column), (name, column)


def test_networks_look_at_what_the_filter_s_cheap_specialists_leave(run):
    """Random ones say nothing that is true: what they say has its columns, and each clip its verdict."""
    phases = "pipeline.phases=[ingest,filter]"
    found = rows(
        run("filtered", "engine=ray", "workers=1", "filter.exhaustive=true", "ingest.cut.min_s=1", phases), "filter"
    )
    assert set(found) == set(NAMES)
    for name, row in found.items():
        assert row["status"] in ("ok", "rejected"), (name, row["failed_stage"], row["error"])
        assert 0.0 <= row["movable_share"] <= 1.0
        assert 0.1 < row["seen_focal_ratio"] < 10
        assert row["seen_focal_spread"] >= 0
