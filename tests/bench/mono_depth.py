"""Measures depth of clips of one camera against rendered truth: exactness, coverage, flicker, CPU time and memory.

    python -m tests.bench.mono_depth FOLDER ... [--true-poses] [--prior] [--cvd SIDE] [--only NAME ...] [--cache]

FOLDER holds what `factory synth FOLDER --preset lightspeed --truth depth` makes (or hard), or real clips: `depth/` with
PNGs of millimetres, `groundtruth_tum.txt` and `intrinsics.json`. Poses are the product's, or with --true-poses the true
ones, with the product's tracks. Scores are of pixels that truly do not move and are 0.1 to 100 m away, under one median
scale a clip. AbsRel, d<1.25 and coverage: of sure pixels, with those from other frames, of all that have depth; moving:
AbsRel on what truly moves. Flicker: mean |log| by which the depth of a point at rest differs, against the truth, from
one estimated frame to the next. With --prior a network is simulated: true inverse depth, blurred, distorted smoothly by
10 %, in each frame scaled and shifted; it is scored after scale and shift a frame as well. --cvd: and after consistent
video depth as published, of pictures SIDE wide, with dense inverse search for its flow; needs torch. --cache keeps what
the pose stages find beside the videos, `<name>.pkl`. --language: what moves is told by a model that answers from the
truth, as `tests.bench.dynapo` has it.
"""

import argparse
import json
import pickle
import resource
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time
from typing import Any

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.depth.cvd import ConsistentDepth
from factory.depth.estimate import ClipDepth
from factory.depth.maps import FUSED, PRIOR, SWEPT, MonoDepth
from factory.depth.posed import Posed, anchors, carried
from factory.geometry.camera import Camera, invert_rigid
from factory.geometry.triangulation import triangulate
from factory.models.roles import DepthMaps
from factory.phases.grading import GradeCamera
from factory.phases.keep import scene_points
from factory.phases.pose_stages import (
    DecodeFrames,
    FindBackground,
    JudgeCamera,
    MaskMotion,
    SolveCamera,
    TrackPoints,
)
from factory.sfm.model.trajectory import Trajectory
from factory.synth.truth import decode_depth
from factory.tum import read_tum
from tests.bench.dynapo import asked, with_prior
from tests.oracle import answer
from tests.videos import whole

RANGE_M = (0.1, 100.0)
ROUGH = 0.03  # pixels of the truth that fall together and differ by more are at an edge: none of them counts
Run = tuple[str, Callable[..., MonoDepth], DepthMaps | None]
STAGES = (DecodeFrames, TrackPoints, FindBackground, JudgeCamera, SolveCamera, GradeCamera, MaskMotion)


@dataclass(frozen=True)
class Truth:
    """inverse: float32 (F, h, w), one by the depth in metres; NaN where it is not known. moving: bool (F, h, w).
    world_from_cam: float64 (F, 4, 4), NaN where not known. cameras: of each frame, in its pixels."""

    inverse: np.ndarray
    moving: np.ndarray
    world_from_cam: np.ndarray
    cameras: tuple[Camera, ...]

    def __getitem__(self, which: np.ndarray) -> "Truth":
        cameras = tuple(self.cameras[frame] for frame in which)
        return Truth(self.inverse[which], self.moving[which], self.world_from_cam[which], cameras)


def solved(video: Path, cache: bool, language: bool = False) -> dict[str, Any]:
    """What the pose stages find of a video; language: told by a model that answers from the truth what moves."""
    kept = video.with_suffix(".language.pkl" if language else ".pkl")
    if cache and kept.exists():
        found: dict[str, Any] = pickle.loads(kept.read_bytes())
        return found
    record = ClipRecord(whole(video), {"path": video})
    for stage in STAGES:
        record = stage()(record)
    if language:
        told = asked(record, lambda keys: answer(video, keys), video.parent / "replies")
        record = with_prior(told, told["object_masks"])
    frames = record["frames"]
    found = {
        "frames": frames.colour,
        "frame_index": frames.frame_index,
        "times_s": frames.times_s,
        "trajectory": record["trajectory"],
        "moving": record["dynamic_masks"].masks,
        "points": scene_points(record["trajectory"], frames.rgb),
    }
    if cache:
        kept.write_bytes(pickle.dumps(found))
    return found


def truth_of(video: Path, found: dict[str, Any]) -> Truth:
    frame_index, (height, width) = found["frame_index"], found["moving"].shape[1:]
    real = (video.parent / "intrinsics.json").exists()
    folder = video.parent / "depth" if real else video.with_name(f"{video.stem}_depth")
    inverse, moving = [], []
    for number in frame_index:
        name = f"{number:06d}.png" if real else f"{number:05d}.png"
        if not (folder / name).exists():
            inverse.append(np.full((height, width), np.nan, np.float32))
        else:
            coded = np.asarray(cv2.imread(str(folder / name), cv2.IMREAD_UNCHANGED))
            depth_m = np.where((coded > 0) & (coded < 65535), coded / 1000, np.nan) if real else decode_depth(coded)
            inverse.append(_smaller(1.0 / depth_m, width, height))
        mask = None if real else cv2.imread(str(video.with_name(f"{video.stem}_masks") / name), cv2.IMREAD_GRAYSCALE)
        share = (
            0.0 if mask is None else cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        )
        moving.append(np.broadcast_to(share, (height, width)) > 0)
    path = video.parent / "groundtruth_tum.txt" if real else video.with_suffix(".tum.txt")
    times_s, poses = read_tum(path)
    at = [int(np.argmin(np.abs(times_s - time_s))) for time_s in found["times_s"]]
    told = json.loads((video.parent / "intrinsics.json" if real else video.with_suffix(".json")).read_text())
    lens = {**told, "focal_px": told["fx"]} if real else told["intrinsics"]
    focal_px = np.broadcast_to(lens["focal_px"], told.get("frame_count", int(frame_index[-1]) + 1))[frame_index]
    scale = width / told["width"]
    centre = ((lens["cx"] + 0.5) * scale - 0.5, (lens["cy"] + 0.5) * scale - 0.5)
    bend = (lens.get("k1", 0.0), lens.get("k2", 0.0))
    cameras = tuple(Camera(float(focal) * scale, *centre, *bend) for focal in focal_px)
    return Truth(np.stack(inverse), np.stack(moving), poses[at], cameras)


def _smaller(inverse: np.ndarray, width: int, height: int) -> np.ndarray:
    """Mean over the pixels that fall together; NaN where they differ much."""
    inverse = inverse.astype(np.float32)
    mean = cv2.resize(inverse, (width, height), interpolation=cv2.INTER_AREA)
    square = cv2.resize(inverse**2, (width, height), interpolation=cv2.INTER_AREA)
    with np.errstate(invalid="ignore"):
        return np.where(np.sqrt(np.maximum(square - mean**2, 0)) <= ROUGH * mean, mean, np.nan)


def posed_of(found: dict[str, Any], truth: Truth | None) -> Posed:
    """What the product knows; with truth, its cameras and poses, and the product's tracks placed anew by them."""
    trajectory: Trajectory = found["trajectory"]
    frames, points = found["frames"], found["points"]
    if truth is None:
        scale = frames.shape[2] / trajectory.tracks.width
        camera, each = trajectory.camera, trajectory.focal_px_per_frame
        focal_px = np.full(len(frames), camera.focal_px) if each is None else each
        centre = ((camera.cx + 0.5) * scale - 0.5, (camera.cy + 0.5) * scale - 0.5)
        cameras = tuple(Camera(float(focal) * scale, *centre, camera.k1, camera.k2) for focal in focal_px)
        return Posed(frames, cameras, trajectory.world_from_cam, points, found["moving"])
    poses = truth.world_from_cam.copy()
    poses[~trajectory.registered] = np.nan
    if points is not None:
        scale = frames.shape[2] / points.width
        focal_px = np.array([camera.focal_px for camera in truth.cameras])[points.frame]
        xy, cam_from_world = (points.xy + 0.5) * scale - 0.5, invert_rigid(poses)[points.frame]
        xyz = triangulate(xy, cam_from_world, points.point, len(points.xyz), truth.cameras[0], focal_px=focal_px)
        points = replace(points, xyz=np.nan_to_num(xyz, nan=-1e9))
    return Posed(frames, truth.cameras, poses, points, found["moving"])


def simulated(truth: Truth, seed: int) -> DepthMaps:
    """A network's answer: a disparity up to scale and shift, blurred by 3 px of 320, with a smooth distortion of 10 %,
    half of it the clip's and half the frame's own."""
    rng = np.random.default_rng([seed, 7])
    height, width = truth.inverse.shape[1:]

    def distortion() -> np.ndarray:
        return cv2.resize(rng.normal(size=(4, 6)), (width, height), interpolation=cv2.INTER_CUBIC)

    common, values = distortion(), []
    for inverse in truth.inverse:
        whole_map = without_holes(inverse)
        near = cv2.GaussianBlur(whole_map, (0, 0), 3.0 * width / 320)
        near = near * np.exp(0.1 * np.sqrt(0.5) * (common + distortion()))
        near = near * np.exp(rng.normal(0, 0.25)) + rng.normal(0, 0.15) * np.median(near)
        values.append(near.astype(np.float32))
    return DepthMaps(np.stack(values), "affine_disparity")


def without_holes(inverse: np.ndarray) -> np.ndarray:
    """What is around fills what is not known."""
    holes = ~np.isfinite(inverse)
    smooth = [cv2.blur(np.nan_to_num(inverse), (9, 9)), cv2.blur((~holes).astype(np.float32), (9, 9))]
    return np.where(holes, smooth[0] / np.maximum(smooth[1], 1e-6), inverse).astype(np.float32)


@dataclass(frozen=True)
class Scores:
    """absrel, near (d<1.25), cover by kind; moving: AbsRel; flicker."""

    absrel: dict[str, float]
    near: dict[str, float]
    cover: dict[str, float]
    moving: float
    flicker: float


def scores(depth: MonoDepth, truth: Truth, posed: Posed) -> Scores:
    """truth: of all sampled frames."""
    own = truth[depth.frame]
    with np.errstate(divide="ignore", invalid="ignore"):
        true_m = 1.0 / own.inverse
        counted = (true_m >= RANGE_M[0]) & (true_m <= RANGE_M[1])
        rest = counted & ~own.moving
        there = rest & np.isfinite(depth.depth)
        scale = float(np.median(true_m[there] / depth.depth[there])) if there.any() else np.nan
        scaled = np.clip(scale * depth.depth, *RANGE_M)
        off, ratio = np.abs(scaled - true_m) / true_m, np.maximum(scaled / true_m, true_m / scaled)
    kinds = {
        "sure": there & (depth.origin == SWEPT),
        "fused": there & ((depth.origin == SWEPT) | (depth.origin == FUSED)),
        "all": there,
        "prior": there & (depth.origin == PRIOR),
    }
    absrel = {kind: float(off[pixels].mean()) if pixels.any() else np.nan for kind, pixels in kinds.items()}
    near = {kind: float((ratio[pixels] < 1.25).mean()) if pixels.any() else np.nan for kind, pixels in kinds.items()}
    cover = {kind: float(pixels.sum() / max(rest.sum(), 1)) for kind, pixels in kinds.items()}
    moving = counted & own.moving & np.isfinite(depth.depth)
    dynamic = float(off[moving].mean()) if moving.any() else np.nan
    return Scores(absrel, near, cover, dynamic, flicker(depth, own, posed))


def flicker(depth: MonoDepth, own: Truth, posed: Posed) -> float:
    """own: of the estimated frames."""
    world = Posed(posed.frames[depth.frame], own.cameras, own.world_from_cam, None, own.moving)
    found = []
    for one in range(len(depth.frame) - 1):
        with np.errstate(divide="ignore", invalid="ignore"):
            xy, z = carried(world, one, one + 1, 1.0 / own.inverse[one])
            error = [np.log(depth.depth[e] * own.inverse[e]) for e in (one, one + 1)]
        inside = np.all(np.isfinite(xy) & (xy >= 0) & (xy <= np.array(posed.size) - 1), axis=-1)
        x, y = np.where(inside[..., None], np.nan_to_num(xy).round(), 0).astype(int).T
        x, y = x.T, y.T
        with np.errstate(invalid="ignore"):
            same = inside & (np.abs(own.inverse[one + 1][y, x] * z - 1) < 0.02)
        same &= ~own.moving[one] & ~own.moving[one + 1][y, x]
        apart = np.abs(error[1][y, x] - error[0])[same]
        found.append(apart[np.isfinite(apart)])
    joined = np.concatenate(found) if found else np.empty(0)
    return float(joined.mean()) if len(joined) else np.nan


def aligned_only(dense: ClipDepth, posed: Posed, prior: DepthMaps) -> MonoDepth:
    """The network's depth by scale and shift a frame: what the rest has to be better than."""
    found = dense.network.aligned(posed, anchors(posed, posed.moving), prior, range(len(posed.frames)))
    frames = np.array(sorted(found))
    with np.errstate(divide="ignore"):
        depth = np.stack([np.where(found[f] > 0, 1.0 / found[f], np.inf) for f in frames])
    return MonoDepth(frames, depth, np.full(depth.shape, PRIOR, np.uint8), 0.0)


def told(name: str, found: Scores, words: str) -> str:
    kinds = ("sure", "fused", "all")
    columns = "".join(f"{found.absrel[k]:8.4f}{found.near[k]:7.3f}{100 * found.cover[k]:5.0f}%" for k in kinds)
    return f"{name:34}{columns}{found.moving:8.3f}{found.flicker:9.4f}  {words}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--true-poses", action="store_true")
    parser.add_argument("--prior", action="store_true")
    parser.add_argument("--cvd", type=int, metavar="SIDE", help="also by consistent video depth, so many pixels wide")
    parser.add_argument("--only", nargs="*", help="names of clips")
    parser.add_argument("--language", action="store_true")
    parser.add_argument("--cache", action="store_true")
    parser.add_argument("--noise-seed", type=int, default=0, help="of the simulated network")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    dense = ClipDepth()
    print(f"{'AbsRel, d<1.25, coverage of':34}{'sure':>14}{'fused':>20}{'all':>20}{'moving':>14}{'flicker':>9}")
    for video in sorted(path for folder in options.folders for path in folder.rglob("*.mp4")):
        if options.only and video.stem not in options.only:
            continue
        found = solved(video, options.cache, options.language)
        truth = truth_of(video, found)
        posed = posed_of(found, truth if options.true_poses else None)
        off = posed.cameras[0].focal_px / truth.cameras[0].focal_px - 1
        words = f"focal {100 * off:+.1f} % ({'' if found['trajectory'].focal_reliable else 'not '}reliable)"
        runs: list[Run] = [("", dense, None)]
        if options.prior or options.cvd:
            prior = simulated(truth, options.noise_seed)
            print(told(f"{video.stem}, scale and shift", scores(aligned_only(dense, posed, prior), truth, posed), ""))
            runs.append((", with the network", dense, prior))
            if options.cvd:
                runs.append((", consistent", ConsistentDepth(side_px=options.cvd), prior))
        for name, estimate, given in runs:
            begin = process_time()
            depth = estimate(posed, given)
            cpu_s = (process_time() - begin) / max(len(depth.frame), 1)
            ends = f"{len(depth.frame)}/{len(posed.frames)} frames, {cpu_s:.2f} CPU s each, "
            ends += f"agreement {depth.agreement:.2f}, {words}"
            print(told(f"{video.stem}{name}", scores(depth, truth, posed), ends), flush=True)
    print(f"most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
