"""Paths of two eyes in metres, measured: videos with truth, rigs turned on purpose, and real ones without truth.

    python -m tests.bench.stereo_pose FOLDER [FOLDER ...] [--misrotate DEG] [--spoil HOW] [--rig HOLD] [--only NAME ...]

Side-by-side videos: as `factory synth` writes them (presets stereo and vr180); with `intrinsics.json` and
`groundtruth_tum.txt` beside them (rectified); any other `*_sbs.mp4` is taken for squeezed VR180. --misrotate: the right
eye's picture is drawn anew as an eye sees it that is turned by so many degrees, about an axis of the clip's own; rigs
of rectified sources are then refined, too. --spoil: eyes the wrong way round (swap), the right one a frame late, or a
lens that is said to be 0.85, 1.15, 0.93 or 1.07 times as long as it is (near, far, nearer, farther), or is guessed 1.4
times as long and found by the clip (unknown). ATE: root mean square position error in % of
the path, after a rigid and after a similarity alignment; nothing but the rig's length gives the scale.
"""

import argparse
import json
import resource
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from factory.geometry.lens import Lens, equirect180
from factory.geometry.remap import remap_table
from factory.geometry.trajectory import align_rigid, align_similarity, path_length, rotation_angle_deg
from factory.stereo.eyes import working_eyes
from factory.stereo.rectify import remapped
from factory.stereo.rig_start import Hold
from factory.stereo.solve import RigOptions
from factory.tum import read_tum
from factory.video import decode, probe
from tests.stereo.answers import Answer, answer

LENSES = {"near": 0.85, "far": 1.15, "nearer": 0.93, "farther": 1.07, "unknown": 1.4}  # of the true focal length


@dataclass(frozen=True)
class Source:
    """A side-by-side video. world_from_left: float64 (F, 4, 4), left_from_right: float64 (4, 4); None without truth."""

    video: Path
    lens: Lens
    baseline_m: float
    world_from_left: np.ndarray | None = None
    left_from_right: np.ndarray | None = None


def sources(folders: Sequence[Path], only: Sequence[str]) -> Iterator[Source]:
    for folder in folders:
        for video in sorted(folder.rglob("*.mp4")):
            told = video.with_suffix(".json")
            if only and video.stem not in only:
                continue
            if told.exists():
                yield from _rendered(video, json.loads(told.read_text()))
            elif video.stem.endswith("_sbs"):
                yield _filmed(video)


def _rendered(video: Path, told: dict) -> Iterator[Source]:
    if told.get("stereo"):
        lens = Lens(**{key: value for key, value in told["intrinsics"].items() if key != "pixel_centres"})
        rig = np.array(told["stereo"]["left_from_right"])
        poses = read_tum(video.with_suffix(".tum.txt"))[1]
        yield Source(video, lens, float(np.linalg.norm(rig[:3, 3])), poses, rig)


def _filmed(video: Path) -> Source:
    measured = video.parent / "intrinsics.json"
    if not measured.exists():
        info = probe(video)
        return Source(video, equirect180((info.width // 2, info.height), squeezed=True), 0.063)
    told = json.loads(measured.read_text())
    rig = np.eye(4)
    rig[0, 3] = told["stereo"]["baseline_m"]
    lens = Lens("pinhole", told["fx"], told["cx"], told["cy"])
    return Source(video, lens, rig[0, 3], read_tum(video.parent / "groundtruth_tum.txt")[1], rig)


def answered(
    source: Source, misrotate_deg: float, spoil: str | None, hold: Hold | None, most: int
) -> tuple[Answer, np.ndarray]:
    """The answer, and the true rotation of the rig."""
    frames = list(decode(source.video))[:most]
    wide = frames[0].image.shape[1] // 2
    turn = np.eye(3)
    table = None
    if misrotate_deg:
        axis = np.random.default_rng(zlib.crc32(str(source.video).encode())).normal(size=3)
        turn = Rotation.from_rotvec(misrotate_deg * axis / np.linalg.norm(axis), degrees=True).as_matrix()
        table = remap_table(source.lens, source.lens, (wide, frames[0].image.shape[0]), turn)

    def pairs() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for frame in frames:
            left, right = frame.image[:, :wide], frame.image[:, wide:]
            if table is not None:
                right = remapped(right, table, cv2.INTER_CUBIC)
            yield (right, left) if spoil == "swap" else (left, right)

    times_s, index = np.array([f.time_s for f in frames]), np.array([f.index for f in frames])
    eyes = working_eyes(pairs(), source.lens, times_s, index)
    if spoil == "late":
        eyes = replace(eyes, right=[eyes.right[0], *eyes.right[:-1]])
    if spoil in LENSES:
        eyes = replace(eyes, lens=replace(eyes.lens, focal_px=eyes.lens.focal_px * LENSES[spoil]))
    if misrotate_deg:
        hold = "refined"
    found = answer(eyes, RigOptions(baseline_m=source.baseline_m, rig=hold), lens_known=spoil != "unknown")
    return found, turn if source.left_from_right is None else source.left_from_right[:3, :3] @ turn


def against_truth(posed: Answer, truth: np.ndarray, rig: np.ndarray) -> dict[str, float]:
    assert posed.path is not None
    placed = np.isfinite(posed.path.world_from_left[:, 0, 0])
    here, there = posed.path.world_from_left[placed, :3, 3], truth[: len(placed)][placed, :3, 3]
    path_m = path_length(truth[: len(placed)])
    scaled = align_similarity(here, there)
    off = [fit.points(here) - there for fit in (align_rigid(here, there), scaled)]
    rms = [float(np.sqrt(np.mean(np.sum(vectors**2, axis=1)))) for vectors in off]
    percent = [100.0 * m / path_m if path_m > 1e-6 else np.nan for m in rms]
    return {
        "ate_m": rms[0],
        "ate_percent": percent[0],
        "sim3_percent": percent[1],
        "scale_percent": 100.0 * (scaled.scale - 1.0) if path_m > 1e-6 else np.nan,
        "rig_deg": float(rotation_angle_deg(posed.path.left_from_right[:3, :3].T @ rig)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--misrotate", type=float, default=0.0, metavar="DEG")
    parser.add_argument("--spoil", choices=("swap", "late", *LENSES))
    parser.add_argument("--rig", choices=("held", "levelled", "refined"))
    parser.add_argument("--only", nargs="+", default=())
    parser.add_argument("--frames", type=int, default=10**6, help="the first so many")
    options = parser.parse_args()
    print(f"{'clip':36}  ATE %   Sim3 scale % rig deg    predicted CPU s/100  signals")
    errors = []
    for source in sources(options.folders, options.only):
        begin = time.process_time()
        posed, rig = answered(source, options.misrotate, options.spoil, options.rig, options.frames)
        took_s = time.process_time() - begin
        errors.append(_told(source, posed, rig, 100.0 * took_s / max(len(posed.eyes.left), 1)))
    known = [e for e in errors if np.isfinite(e.get("ate_percent", np.nan))]
    for key in ("ate_percent", "scale_percent", "rig_deg"):
        values = np.abs([e[key] for e in known])
        if len(values):
            print(f"{key}: median {np.median(values):.4f}, worst {values.max():.4f} of {len(values)}")
    print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


def _told(source: Source, posed: Answer, rig: np.ndarray, cpu_s: float) -> dict[str, float]:
    s, p, found = posed.trust.signals, posed.trust.predicted, dict[str, float]()
    if posed.path is not None and source.world_from_left is not None:
        found = against_truth(posed, source.world_from_left, rig)
    columns = [found.get(key, np.nan) for key in ("ate_percent", "sim3_percent", "scale_percent", "rig_deg")]
    line = f"{source.video.parent.name}/{source.video.stem:28.28}"[-36:]
    line = f"{line:36} " + "{:6.3f} {:6.3f} {:7.3f} {:7.4f}".format(*columns)
    line += f" {_number(p and p.ate_percent, 6)} {_number(p and p.scale_percent, 5)} {cpu_s:9.1f}  "
    line += f"{s.method} swapped={posed.layout.swapped} registered {s.registered:.2f} matched {s.matched:.2f}"
    line += f" ahead {_number(s.ahead)} clear {_number(s.clear)} vertical {_number(s.vertical_px)} kept {s.kept:.2f}"
    line += f" won {s.won:.2f} error {_number(s.reprojection_px)} px baseline {_number(s.baseline_deg)} deg path"
    line += f" {_number(s.path_m)} m travel {_number(s.travel_px)} px turn {_number(s.turn_deg)} deg"
    if s.lens is not None:
        line += f" lens {s.lens.ratio:.4f} +- {s.lens.log_sd:.4f}"
    line += f" lag {_number(s.lag_frames)} depth ratio {_number(s.depth_ratio)}"
    if (h := s.halves) is not None:
        line += f" halves {1000 * h.distance_m:.2f} mm {h.path_percent:.3f} % scale {h.scale:.4f}"
        line += f" rot {h.rotation_deg:.4f} rig {h.rig_deg:.4f}"
    if source.world_from_left is not None and found:
        line += f" ATE {found['ate_m']:.4f} m"
    print(line, flush=True)
    for reason in posed.trust.reasons:
        print(f"    {reason}", flush=True)
    return {**found, "refused": float(bool(posed.trust.reasons))}


def _number(value: float | None, wide: int = 0) -> str:
    return f"{'-':>{wide}}" if value is None else f"{value:{wide}.3f}"


if __name__ == "__main__":
    main()
