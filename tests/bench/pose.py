"""Measures camera poses against ground truth: COLMAP, GLOMAP (both on SIFT) and this package, in one table.

    python tests/bench/pose.py --media FOLDER [--clips NAME ...] [--methods ours glomap colmap] [--cache FOLDER]

ATE is the root mean square position error after Sim(3) in % of the true path, over registered frames; RPE the root mean
square rotation error between successive registered frames; CPU is process time per 100 sampled frames. A cached result
of COLMAP or GLOMAP is read, not run again.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import pycolmap
from scipy.spatial.transform import Rotation

from factory.clip import Clip
from factory.geometry.trajectory import PoseErrors, pose_errors
from factory.models.lk import LucasKanade
from factory.sfm.background import ChooseBackground
from factory.sfm.confidence import assess
from factory.sfm.solve import solve_clip
from factory.video import Frame, clip_frames, probe

FPS = 12.0
MAX_SIDE_PX = 1280


@dataclass(frozen=True)
class Result:
    """Poses of the sampled frames by position in the clip, the focal length and the cost."""

    world_from_cam: dict[int, np.ndarray]
    focal_px: float
    cpu_s: float
    note: str = ""


def whole_clip(path: Path) -> Clip:
    info = probe(path)
    frame_count = round(info.duration_s * info.fps)
    return Clip(path.stem, str(path), 0.0, info.duration_s + 1.0, info.width, info.height, info.fps, 0, frame_count)


def ground_truth(folder: Path) -> np.ndarray:
    """world_from_cam (F, 4, 4), row i = video frame i."""
    rows = np.loadtxt(folder / "groundtruth_tum.txt", ndmin=2)
    poses = np.tile(np.eye(4), (len(rows), 1, 1))
    poses[:, :3, 3] = rows[:, 1:4]
    poses[:, :3, :3] = Rotation.from_quat(rows[:, 4:8]).as_matrix()
    return poses


def ours(video: Path) -> Result:
    """Tracks, background and poses of this package; the cost is that of all three, decoding and assessment included."""
    started = time.process_time()
    clip = whole_clip(video)
    tracks, images = LucasKanade(sample_fps=FPS).track(clip_frames(video, clip, None, MAX_SIDE_PX, grey=True), clip.fps)
    answer = solve_clip(tracks, ChooseBackground()(tracks).is_background, images)
    confidence = assess(answer)
    cpu_s = time.process_time() - started
    poses = {int(f): answer.world_from_cam[f] for f in np.flatnonzero(answer.registered)}
    verdict = "accepted" if confidence.accepted else "refused: " + "; ".join(confidence.reasons)
    note = verdict if confidence.focal_reliable else f"{verdict}; focal unreliable"
    return Result(poses, answer.camera.focal_px, cpu_s, note)


def colmap(frames: list[Frame], folder: Path) -> Result:
    """SIFT, sequential matching, incremental mapping; one shared SIMPLE_RADIAL camera, focal unknown."""
    started = time.process_time()
    database = features_and_matches(frames, folder)
    options = pycolmap.IncrementalPipelineOptions(num_threads=1, random_seed=0, extract_colors=False)
    models = pycolmap.incremental_mapping(database, folder / "images", folder / "colmap", options)
    return best_model(models, time.process_time() - started)


def glomap(frames: list[Frame], folder: Path) -> Result:
    """SIFT, sequential matching, view-graph calibration, global mapping (GLOMAP, Pan et al., ECCV 2024)."""
    started = time.process_time()
    database = features_and_matches(frames, folder)
    pycolmap.calibrate_view_graph(database, pycolmap.ViewGraphCalibrationOptions(random_seed=0))
    options = pycolmap.GlobalPipelineOptions(num_threads=1, random_seed=0)
    models = pycolmap.global_mapping(database, folder / "images", folder / "glomap", options)
    return best_model(models, time.process_time() - started)


def features_and_matches(frames: list[Frame], folder: Path) -> Path:
    images, database = folder / "images", folder / "database.db"
    images.mkdir(parents=True)
    for position, frame in enumerate(frames):
        cv2.imwrite(str(images / f"{position:05d}.png"), frame.image)
    extraction = pycolmap.FeatureExtractionOptions(num_threads=1, use_gpu=False)
    pycolmap.extract_features(
        database,
        images,
        camera_mode=pycolmap.CameraMode.SINGLE,
        reader_options=pycolmap.ImageReaderOptions(camera_model="SIMPLE_RADIAL"),
        extraction_options=extraction,
        device=pycolmap.Device.cpu,
    )
    pycolmap.match_sequential(
        database,
        matching_options=pycolmap.FeatureMatchingOptions(num_threads=1, use_gpu=False),
        pairing_options=pycolmap.SequentialPairingOptions(num_threads=1),
        device=pycolmap.Device.cpu,
    )
    return database


def best_model(models: dict[int, pycolmap.Reconstruction], cpu_s: float) -> Result:
    if not models:
        return Result({}, float("nan"), cpu_s, "no model")
    model = max(models.values(), key=lambda m: m.num_reg_images())
    poses = {}
    for image in model.images.values():
        if image.has_pose:
            poses[int(Path(image.name).stem)] = homogeneous(image.cam_from_world().inverse().matrix())
    camera = next(iter(model.cameras.values()))
    return Result(poses, float(camera.mean_focal_length()), cpu_s, f"{len(models)} models" if len(models) > 1 else "")


def homogeneous(matrix: np.ndarray) -> np.ndarray:
    return np.vstack([matrix, [0.0, 0.0, 0.0, 1.0]])


def errors_of(result: Result, video: Path) -> tuple[PoseErrors, float]:
    """Errors over registered frames, and the share of frames that are; at least three must be."""
    numbers = [f.index for f in clip_frames(video, whole_clip(video), FPS, 64, grey=True)]
    positions = sorted(result.world_from_cam)
    estimate = np.stack([result.world_from_cam[p] for p in positions])
    truth = ground_truth(video.parent)[[numbers[p] for p in positions]]
    return pose_errors(estimate, truth), len(positions) / len(numbers)


def table_row(method: str, result: Result, video: Path, frames: list[Frame]) -> str:
    name, cpu = video.parent.name, 100.0 * result.cpu_s / len(frames)
    if len(result.world_from_cam) < 3:
        return f"{name:20s} {method:8s} {'-':>8s} {'-':>8s} {0:6.0f} {'-':>7s} {cpu:7.1f}  {result.note}"
    errors, registered = errors_of(result, video)
    ate = float("nan") if errors.ate_percent is None else errors.ate_percent
    intrinsics = json.loads((video.parent / "intrinsics.json").read_text())
    true_focal_px = intrinsics["fx"] * frames[0].image.shape[1] / intrinsics["width"]
    focal = 100.0 * (result.focal_px / true_focal_px - 1.0)
    return (
        f"{name:20s} {method:8s} {ate:8.4f} {errors.rpe_rotation_deg:8.4f} {100 * registered:6.0f} "
        f"{focal:+7.1f} {cpu:7.1f}  {result.note}"
    )


def solved(method: str, video: Path, frames: list[Frame], cache: Path | None) -> Result:
    if method == "ours":
        return ours(video)
    path = None if cache is None else cache / f"{video.stem}-{method}.json"
    if path is not None and path.exists():
        stored = json.loads(path.read_text())
        poses = {int(k): np.array(v) for k, v in stored["world_from_cam"].items()}
        return Result(poses, stored["focal_px"], stored["cpu_s"], stored["note"])
    with tempfile.TemporaryDirectory() as scratch:
        result = {"colmap": colmap, "glomap": glomap}[method](frames, Path(scratch))
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        poses = {str(k): v.tolist() for k, v in result.world_from_cam.items()}
        path.write_text(json.dumps({**asdict(result), "world_from_cam": poses}))
    return result


def videos(media: Path, wanted: list[str]) -> Iterator[Path]:
    for folder in sorted((media / "gt_poses").iterdir()):
        video = next(p for p in sorted(folder.glob("*.mp4")) if "stereo" not in p.name)
        if not wanted or folder.name in wanted:
            yield video


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, required=True)
    parser.add_argument("--clips", nargs="*", default=[])
    parser.add_argument("--methods", nargs="*", default=["ours", "glomap", "colmap"])
    parser.add_argument("--cache", type=Path)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"{'clip':20s} {'method':8s} {'ATE %':>8s} {'RPE deg':>8s} {'reg %':>6s} {'focal %':>7s} {'CPU s':>7s}")
    for video in videos(arguments.media, arguments.clips):
        frames = list(clip_frames(video, whole_clip(video), FPS, MAX_SIDE_PX, grey=True))
        for method in arguments.methods:
            result = solved(method, video, frames, arguments.cache)
            print(table_row(method, result, video, frames), flush=True)


if __name__ == "__main__":
    main()
