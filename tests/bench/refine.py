"""Measures what the published refinement of poses does to rendered clips, with true masks.

    python -m tests.bench.refine FOLDER [FOLDER ...] [--only NAME ...] [--smooth WEIGHT]

FOLDER holds what `factory synth FOLDER --preset hard` (or lightspeed) makes. Position error in % of the path and
rotation error from frame to frame in degrees, before and after: of our own solve (tracks in true masks left out), and
of the truth pushed by 0.3 steps and 0.3 degrees in each frame, with masks and without. Mean distance of flow tracks;
focal lengths by the true one; CPU seconds of the refinement. Needs torch.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from time import process_time

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from factory.clip import ClipRecord
from factory.evaluate.masks import read_mask
from factory.geometry.camera import Camera
from factory.geometry.trajectory import pose_errors
from factory.masks.motion import DynamicMasks
from factory.masks.resized import resized
from factory.phases.mask_labels import LabelByMask
from factory.phases.pose_stages import DecodeFrames, FindBackground, JudgeCamera, SolveCamera, TrackPoints
from factory.refine.descent import Steps
from factory.refine.refine import RefinePoses
from factory.tum import read_tum
from tests.videos import whole


def camera_of(video: Path, width: int) -> Camera:
    """The true one, for pictures so wide; of a zoom the median."""
    told = json.loads(video.with_suffix(".json").read_text())
    lens, scale = told["intrinsics"], width / told["width"]
    centre = ((lens["cx"] + 0.5) * scale - 0.5, (lens["cy"] + 0.5) * scale - 0.5)
    return Camera(float(np.median(lens["focal_px"])) * scale, *centre, lens.get("k1") or 0.0)


def pushed(truth: np.ndarray) -> np.ndarray:
    rng, poses = np.random.default_rng(0), truth.copy()
    step = np.linalg.norm(np.diff(truth[:, :3, 3], axis=0), axis=1).mean()
    poses[:, :3, 3] += rng.normal(0, 0.3 * step, (len(truth), 3))
    turns = Rotation.from_rotvec(rng.normal(0, 0.3, (len(truth), 3)), degrees=True).as_matrix()
    poses[:, :3, :3] = poses[:, :3, :3] @ turns
    return poses


def measured(video: Path, steps: Steps) -> None:
    record = DecodeFrames()(ClipRecord(whole(video), {"path": video}))
    frames = record["frames"]
    record = FindBackground()(TrackPoints()(record))
    rgb = frames.rgb
    folder = video.with_name(f"{video.stem}_masks")
    true = np.stack([read_mask(folder / f"{number:05d}.png") for number in frames.frame_index])
    moving = resized(true, rgb.shape[1:3])
    record = record.give(dynamic_masks=DynamicMasks(moving, moving.mean(axis=(1, 2)), frames.frame_index))
    record = SolveCamera()(JudgeCamera()(LabelByMask(least_inside=0.25)(record)))
    times_s, poses = read_tum(video.with_suffix(".tum.txt"))
    truth = poses[[int(np.argmin(np.abs(times_s - each))) for each in frames.times_s]]
    lens = camera_of(video, rgb.shape[2])
    trajectory, runs = record["trajectory"], []
    placed = trajectory.registered
    if not trajectory.rotation_only and placed.sum() > 2:
        own = trajectory.camera
        scale = rgb.shape[2] / trajectory.tracks.width
        camera = replace(own, focal_px=own.focal_px * scale, cx=lens.cx, cy=lens.cy)
        runs.append(("ours", trajectory.world_from_cam[placed], placed, camera, moving))
    everywhere = np.ones(len(truth), bool)
    for name, mask in (("pushed", moving), ("pushed, no masks", np.zeros_like(moving))):
        runs.append((name, pushed(truth), everywhere, lens, mask))
    for name, given, which, camera, mask in runs:
        begin = process_time()
        found = RefinePoses(steps=steps)(rgb[which], mask[which], given, camera)
        cpu_s = process_time() - begin
        errors = [pose_errors(each, truth[which]) for each in (given, found.world_from_cam)]
        columns = [f"{e.ate_percent:8.3f} {e.rpe_rotation_deg:7.4f}" for e in errors]
        focals = [each.focal_px / lens.focal_px for each in (camera, found.camera)]
        print(
            f"{video.stem:20}{name:18}{columns[0]}  ->{columns[1]}   {found.before_px:6.2f} -> {found.after_px:5.2f} px"
            f"   {focals[0]:.3f} -> {focals[1]:.3f}   {which.sum()} frames, {cpu_s:.0f} CPU s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--smooth", type=float, default=Steps.smooth, help="of the smoothness term")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    for folder in options.folders:
        for video in sorted(folder.glob("*.mp4")):
            if not options.only or video.stem in options.only:
                measured(video, Steps(smooth=options.smooth))


if __name__ == "__main__":
    main()
