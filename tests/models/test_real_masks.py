"""Learned masks with true weights beside true masks, by themselves and in a run."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from factory.artifacts import read_masks
from factory.manifest.read import read_phase
from factory.masks.objects import MOVERS
from factory.models.roles import Prompt
from factory.storage.output import Storage
from tests.bench.mask_networks import box_of, mean_j, seen
from tests.models import contracts
from tests.models.real_detector import PLACE, NanoDet
from tests.models.real_masks import IsNetMasks, NanoDetIsNet

pytest.importorskip("onnxruntime", reason="no dependency of anything here: pip install onnxruntime")
if not os.environ.get(PLACE):
    pytest.skip(f"{PLACE} names no folder that tests/models/standin_weights.py made", allow_module_level=True)

CONF = Path(__file__).parent / "standins"


def sequence(media: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    return seen(media / "masks_gt" / name / f"{name}.mp4")


def test_the_contracts_of_their_roles():
    contracts.detector(NanoDet())
    contracts.segmenter(NanoDetIsNet())
    contracts.video_masks(IsNetMasks())


@pytest.mark.media
def test_boxes_hold_what_their_words_name(media):
    frames, truth = sequence(media, "cows")
    found = NanoDet().boxes(frames[:1], ["a person", "a cow", "something else"])
    assert found.word.tolist() == [1]
    np.testing.assert_allclose(found.xyxy[0], box_of(truth[0]), atol=30)  # of 640


@pytest.mark.media
@pytest.mark.parametrize("name, least", [("camel", 0.8), ("cows", 0.8), ("goat", 0.6)])
def test_classes_cover_what_moves(media, name, least):
    frames, truth = sequence(media, name)
    assert mean_j(NanoDetIsNet().classes(frames[:1], MOVERS) > 0, truth[:1]) > least


@pytest.mark.media
def test_a_box_is_followed_both_ways(media):
    frames, truth = sequence(media, "cows")
    found = IsNetMasks().propagate(frames[:9], [Prompt(5, 4, box=box_of(truth[4]))])
    assert mean_j(found[0], truth[:9]) > 0.8


@pytest.mark.media
@pytest.mark.timeout(1800)  # two runs, each with its own guard
def test_a_run_masks_with_them_on_both_engines(media, tmp_path):
    settings = [
        f"source={media / 'masks_gt' / 'car-shadow'}",
        "allow_targets=[tests]",
        "pipeline=pose",
        "phase@pose=pose_masked",
        "segmenter=standin",
        "video_masks=standin",
        "detector=standin",
        "device=cpu",
        "pose.stages.objects.objects.held=[a handbag]",
        "pose.stages.objects.objects.every=20",  # one frame
        "pose.stages.objects.objects.most_rounds=1",
        "video_masks.every=10",
    ]
    truth = sequence(media, "car-shadow")[1]
    found = []
    for engine in ("inline", "ray"):
        output = tmp_path / engine
        words = [f"output={output}", f"engine={engine}", "workers=1", *settings]
        command = [sys.executable, "-m", "factory", "run", "--config-dir", str(CONF), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=800, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        (row,) = [r for r in read_phase(Storage.at(output), "pose").to_pylist() if "car-shadow" in r["source"]]
        assert row["status"] in ("ok", "rejected"), (row["failed_stage"], row["error"])
        _, masks = read_masks((output / row["masks"]).read_bytes())
        found.append((row["status"], row["reasons"], row["track_count"], row["dynamic_share"], masks.tobytes()))
        assert mean_j(masks, truth) > 0.4
    assert found[0] == found[1]
