"""Depth of posed clips: measured where the camera moves, rejected where it only turns."""

import shutil
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

import factory
from factory.cli import main
from factory.geometry.trajectory import align_similarity
from factory.tum import read_tum
from factory.world.tracks import STATIC


def test_a_posed_clip_gets_depth_and_one_that_turns_is_rejected(posed, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(posed.storage.root, folder)
    phases = {"phase@world": "world_one", "pipeline.phases": "[ingest,pose,depthmaps,world]"}
    settings = {"pose.min_quality": "bronze", **phases}
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
    (row,) = out.arrow("world").to_pylist()
    assert (row["clip_id"], row["status"]) == (good["clip_id"], "ok")
    tracks = out.clip(good["clip_id"]).world_tracks()
    assert row["track_count"] == tracks.count > 1000
    assert row["static_track_count"] == np.sum(tracks.label == STATIC) > 0.8 * tracks.count
    assert (row["moving_track_count"], row["moving_ratio"]) == (0, None)  # no network tells how far
    assert row["moving_lost_count"] > 0
    truth, poses = read_tum(videos / "good.tum.txt")
    clip = out.clip(good["clip_id"])
    at = [int(np.argmin(np.abs(truth - time_s))) for time_s in clip.times_s[clip.registered]]
    onto = align_similarity(clip.world_from_cam[clip.registered][:, :3, 3], poses[at][:, :3, 3])
    with np.load(videos / "good_tracks.npz") as file:
        world = file["world_xyz"][~file["is_dynamic"]].astype(float).reshape(-1, 3)
    still = tracks.points[np.flatnonzero(np.diff(tracks.track, prepend=-1))][tracks.label == STATIC]
    near = cKDTree(world).query(onto.points(still))[0]
    assert np.median(near) < 0.1  # of the truth's own points, which lie 0.1 to 0.2 m apart
    assert main(["export", str(folder), str(tmp_path / "npz"), "--format", "stereo4d"]) == 0
    (path,) = (tmp_path / "npz").iterdir()
    with np.load(path) as file:
        assert file["track_lengths"].sum() == np.sum(tracks.label[tracks.track] == STATIC)
        assert np.array_equal(file["rectified2rig"], [np.eye(3)] * 2)
        assert np.isnan(file["fov_bounds"]).all()
