"""Depth of posed clips: measured where the camera moves, rejected where it only turns."""

import shutil
from pathlib import Path

import numpy as np

import factory


def test_a_posed_clip_gets_depth_and_one_that_turns_is_rejected(posed, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(posed.storage.root, folder)
    settings = {"pose.min_quality": "bronze", "pipeline.phases": "[ingest,pose,depthmaps]"}
    videos = Path(posed.storage.root).parent / "videos"
    out = factory.run(videos, folder, settings, pipeline="pose", engine="inline")
    rows = {Path(row["source"]).stem: row for row in out.arrow("depthmaps").to_pylist()}
    assert rows["pure_rotation"]["status"] == "rejected"
    assert rows["pure_rotation"]["reasons"][0].startswith("mono_depth: ")
    good = rows["good"]
    assert good["status"] == "ok"
    shares = [good[f"{name}_ratio"] for name in ("sure", "fused", "filled", "network")]
    assert shares[0] > 0.3
    assert shares[3] == 0.0
    assert sum(shares) <= 1.0
    found = out.clip(good["clip_id"]).mono_depth()
    assert len(found.frame) == good["depth_frames"] > 5
    assert np.nanmin(found.depth) > 0
