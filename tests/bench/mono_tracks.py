"""Measures tracks in the world of clips of one camera against rendered truth.

    python -m tests.bench.mono_tracks FOLDER [FOLDER ...] [--only NAME ...] [--noise-seed N] [--plain] [--language]

FOLDER holds what `factory synth FOLDER --preset lightspeed --truth depth` makes (or hard). Poses and masks are the
product's, depth is its own, brought together with a simulated network as `tests.bench.mono_depth` has it; --plain: no
network. What the pose stages find is kept beside the videos, `<name>.pkl`. Printed: mean distance in metres of points
from where the surface that was seeded truly is (EPE3D), the cameras being brought onto the true ones by a similarity:
of what stands, as depth puts it and after; of what moves the same, and of the lot by how much. Then how tracks are
labelled, and CPU seconds per 100 frames, following and solving.
"""

import argparse
import json
from pathlib import Path
from time import process_time
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.depth.estimate import ClipDepth
from factory.geometry.camera import Camera
from factory.geometry.lens import Lens
from factory.geometry.trajectory import align_similarity
from factory.phases.pose_stages import DecodeFrames
from factory.synth.moment import Geometry
from factory.synth.produce import Order, ordered_clip
from factory.world.follow import Follow, SeededTracks
from factory.world.one_eye import Scene, SolveOneEye
from factory.world.tracks import MOVING, STATIC
from tests.bench.mono_depth import Truth, posed_of, simulated, solved, truth_of
from tests.bench.stereo_case import Case
from tests.bench.stereo_tracks import rows_of
from tests.videos import whole

SIDE_PX = 640  # as the phase follows


def where_truly(video: Path, seeded: SeededTracks, truth: Truth) -> tuple[np.ndarray, np.ndarray]:
    """Of each sighting (N, 3), and whether it is on something that moves (N,)."""
    told = json.loads(video.with_suffix(".json").read_text())
    made = told["made_with"]
    order = Order(made["preset"], made["seed"], made["size"], made["fps"], made["seconds"], None, ("depth",))
    clip = ordered_clip(order, told["name"])
    tracks = seeded.tracks
    lens = Lens(**{key: value for key, value in told["intrinsics"].items() if key != "pixel_centres"})
    lens = lens.resized((told["width"], told["height"]), (tracks.width, tracks.height))
    view: Any = SimpleNamespace(lens=lens)
    blank = [np.zeros((tracks.height, tracks.width), np.uint8)] * tracks.frames
    geometry = Geometry(clip.takes[0].scene)
    case = Case(video.stem, blank, blank, view, 0.0, truth.world_from_cam, tracks.times_s, geometry, {})
    rows = np.flatnonzero(tracks.frame == seeded.seed_frame[tracks.track])
    points, moves = case.followed(seeded.seed_frame, tracks.xy[rows], tracks.track, tracks.frame)
    return points, moves[tracks.track]


def measured(video: Path, noise_seed: int | None, language: bool) -> dict[str, float]:
    found = solved(video, True, language)
    truth = truth_of(video, found)
    posed = posed_of(found, None)
    depth = ClipDepth()(posed, None if noise_seed is None else simulated(truth, noise_seed))
    frames = DecodeFrames(grey_side_px=SIDE_PX)(ClipRecord(whole(video), {"path": video}))["frames"]
    hundred = 100 / len(frames.grey)
    begin = process_time()
    seeded = Follow()(frames.grey, frames.times_s, frames.frame_index)
    follow_s = process_time() - begin
    scale = seeded.tracks.width / posed.size[0]
    cameras = [
        Camera(c.focal_px * scale, (c.cx + 0.5) * scale - 0.5, (c.cy + 0.5) * scale - 0.5, c.k1, c.k2)
        for c in posed.cameras
    ]
    begin = process_time()
    tracks, lost = SolveOneEye()(seeded, Scene(cameras, posed.world_from_cam, depth, posed.moving))
    solve_s = process_time() - begin
    points, moves = (each[rows_of(seeded, tracks)] for each in where_truly(video, seeded, truth))
    centres = [poses[posed.registered][:, :3, 3] for poses in (posed.world_from_cam, truth.world_from_cam)]
    onto = align_similarity(*centres)
    label = tracks.label[tracks.track]
    there = np.isfinite(points).all(axis=1) & np.isfinite(tracks.measured).all(axis=1)

    def off(what: np.ndarray, rows: np.ndarray) -> float:
        rows = rows & there
        return float(np.linalg.norm(onto.points(what[rows]) - points[rows], axis=1).mean()) if rows.any() else np.nan

    still, moving = (label == STATIC) & ~moves, (label == MOVING) & moves
    return {
        "still, depth": off(tracks.measured, still),
        "still": off(tracks.points, still),
        "moving, depth": off(tracks.measured, moving),
        "moving": off(tracks.points, moving),
        "n still": float(still.sum()),
        "n moving": float(moving.sum()),
        "still as moving": float(np.mean(label[~moves] == MOVING)),
        "moving as static": float(np.mean(label[moves] == STATIC)) if moves.any() else np.nan,
        "lost tracks": float(lost),
        "follow s": follow_s * hundred,
        "solve s": solve_s * hundred,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--only", nargs="*", help="names of clips")
    parser.add_argument("--language", action="store_true", help="see tests.bench.mono_depth")
    parser.add_argument("--noise-seed", type=int, default=0, help="of the simulated network")
    parser.add_argument("--plain", action="store_true", help="without a network")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    ratios = []
    for video in sorted(path for folder in options.folders for path in folder.rglob("*.mp4")):
        if options.only and video.stem not in options.only:
            continue
        values = measured(video, None if options.plain else options.noise_seed, options.language)
        ratios.append((values["still"] / values["still, depth"], values["moving"] / values["moving, depth"]))
        print(f"{video.stem:22}", *(f"{name} {value:.3f}" for name, value in values.items()), sep=" | ", flush=True)
    for what, ratio in zip(("still", "moving"), np.array(ratios).T, strict=True):
        print(f"{what}: after / by depth, mean {np.nanmean(ratio):.3f}, worst {np.nanmax(ratio):.3f}")


if __name__ == "__main__":
    main()
