"""Measures long tracks in the world on rendered stereo clips, with true poses and rig.

    python -m tests.bench.stereo_tracks FOLDER [FOLDER ...] [--cache FOLDER] [--frames N]

Below each folder, clips of `factory synth --preset stereo` or `vr180` are looked for. Each is solved twice: from its
true disparity with 0.15 px of noise, and from the one that the product finds. Printed are, in metres, mean distances of
points from where the surface that was seeded truly is (EPE3D), of still and of moving things: as followed without any
rule against drift (`loose`), with all rules (`raw`), and after the optimisation (`ours`); with a star on those
sightings alone that the paper's optimisation gives, beside it; steps from frame to frame of what stands still; CPU
seconds by 100 frames, without decoding, rectification and disparity; the share of the truth's visible points with a
track within 0.4 degrees; labels.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

import cv2
import numpy as np

from factory.tracks import Tracks
from factory.world.follow import Follow, SeededTracks
from factory.world.lift import lift
from factory.world.paper import PaperOffsets
from factory.world.solve import SolveTracks
from factory.world.tracks import MOVING, STATIC, WorldTracks
from tests.bench.stereo_case import Case, covered, read_case

NOISE_PX = 0.15
COARSE_PX = 300.0  # a radian: of fewer a finer grid is followed
FINE = {"stride_px": 2.9, "apart_px": 1.75, "window_px": 11}  # as the world phase's stages have it


@dataclass(frozen=True)
class Truth:
    """Where the sightings (N,) of followed tracks truly are, (N, 3), and whether those move, (N,)."""

    points: np.ndarray
    moves: np.ndarray

    def of(self, rows: np.ndarray) -> "Truth":
        return Truth(self.points[rows], self.moves[rows])

    def off(self, points: np.ndarray, moving: bool) -> float:
        """Mean distance, NaN where there is nothing."""
        rows = (self.moves == moving) & np.isfinite(self.points).all(axis=1) & np.isfinite(points).all(axis=1)
        return float(np.linalg.norm(points[rows] - self.points[rows], axis=1).mean()) if rows.any() else np.nan


def truth_of(case: Case, seeded: SeededTracks) -> Truth:
    tracks = seeded.tracks
    rows = np.flatnonzero(tracks.frame == seeded.seed_frame[tracks.track])
    points, moves = case.followed(seeded.seed_frame, tracks.xy[rows], tracks.track, tracks.frame)
    return Truth(points, moves[tracks.track])


def rows_of(seeded: SeededTracks, found: WorldTracks | Tracks) -> np.ndarray:
    """Which sightings of what was followed the world's are, (N,): the same place in the same frame."""

    def keys(tracks: WorldTracks | Tracks) -> np.ndarray:
        x, y = tracks.xy.astype(np.float32).astype(float).T
        return np.asarray(tracks.frame + 1e-4 * x + 1e-9 * y)

    known = keys(seeded.tracks)
    order = np.argsort(known)
    rows = order[np.searchsorted(known[order], keys(found))]
    assert np.array_equal(seeded.tracks.xy[rows].astype(np.float32), found.xy.astype(np.float32))
    return rows


def step_m(found: WorldTracks, points: np.ndarray, rows: np.ndarray) -> float:
    """Mean way from frame to frame of sightings `rows`, bool (N,)."""
    next_ = (np.diff(found.track) == 0) & (np.diff(found.frame) == 1) & rows[1:] & rows[:-1]
    return float(np.linalg.norm(np.diff(points, axis=0)[next_], axis=1).mean())


def measured(case: Case, disparities: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
    fine = FINE if case.lens.focal_px < COARSE_PX else {}
    follow, solve = Follow(**fine), SolveTracks()
    indices, hundred = np.arange(len(case.left)), 100 / len(case.left)
    begin = process_time()
    seeded = follow(case.left, case.times_s, indices)
    follow_s = process_time() - begin
    sampled = solve.rules.sampled(seeded.tracks, disparities)
    found = solve(case.lens, case.baseline_m, seeded, sampled, case.poses)
    cpu_s = process_time() - begin
    loose = replace(follow, correlation=0.0)(case.left, case.times_s, indices)
    known = solve.rules.sampled(loose.tracks, disparities).disparity_px
    lifted, free = lift(case.lens, case.baseline_m, loose.tracks, known, case.poses)
    free_truth = truth_of(case, loose).of(rows_of(loose, free))
    rows = rows_of(seeded, found)
    truth = truth_of(case, seeded).of(rows)
    paper = replace(solve, optimiser=PaperOffsets())(case.lens, case.baseline_m, seeded, sampled, case.poses)
    paper_rows = rows_of(seeded, paper)
    both, ours_at, paper_at = np.intersect1d(rows, paper_rows, return_indices=True)
    shared = truth_of(case, seeded).of(both)
    still = ~truth.moves
    of_track = np.zeros(found.count, bool)
    of_track[found.track] = truth.moves
    return {
        "cover": covered(case, found.frame, found.xy),
        "loose still": free_truth.off(lifted.points, False),
        "loose moving": free_truth.off(lifted.points, True),
        "raw still": truth.off(found.measured, False),
        "raw moving": truth.off(found.measured, True),
        "kept moving": truth.moves.sum() / max(free_truth.moves.sum(), 1),
        "ours still": truth.off(found.points, False),
        "ours moving": truth.off(found.points, True),
        "raw still*": shared.off(found.measured[ours_at], False),
        "raw moving*": shared.off(found.measured[ours_at], True),
        "ours still*": shared.off(found.points[ours_at], False),
        "ours moving*": shared.off(found.points[ours_at], True),
        "paper still*": shared.off(paper.points[paper_at], False),
        "paper moving*": shared.off(paper.points[paper_at], True),
        "raw step": step_m(found, found.measured, still),
        "ours step": step_m(found, found.points, still),
        "follow s": follow_s * hundred,
        "all s": cpu_s * hundred,
        "still: static": float(np.mean(found.label[~of_track] == STATIC)),
        "still: moving": float(np.mean(found.label[~of_track] == MOVING)),
        "moving: static": float(np.mean(found.label[of_track] == STATIC)) if of_track.any() else np.nan,
        "moving: moving": float(np.mean(found.label[of_track] == MOVING)) if of_track.any() else np.nan,
    }


def disparities_of(case: Case, true: bool, cache: Path | None, name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    path = None if cache is None else cache / f"{name}-{'true' if true else 'found'}.npz"
    if path is None or not path.exists():
        each = [case.true_disparity(i, NOISE_PX) if true else case.found_disparity(i) for i in range(len(case.left))]
        disparity, confident = map(np.stack, zip(*each, strict=True))
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, disparity=disparity, confident=confident)
        return list(zip(disparity, confident, strict=True))
    with np.load(path) as file:
        return list(zip(file["disparity"], file["confident"], strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--cache", type=Path, help="where disparities are kept between runs")
    parser.add_argument("--frames", type=int, help="of each clip, at most")
    parser.add_argument("--only", choices=("true", "found"), help="one of the two disparities")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    videos = [video for folder in options.folders for video in sorted(folder.rglob("*.mp4"))]
    wanted = {None: (True, False), "true": (True,), "found": (False,)}[options.only]
    found: dict[bool, list[dict[str, float]]] = {true: [] for true in wanted}
    for video in videos:
        case = read_case(video, options.frames)
        name = f"{video.parent.name}_{video.stem}_{len(case.left)}"
        for true in wanted:
            values = measured(case, disparities_of(case, true, options.cache, name))
            found[true].append(values)
            print(
                f"{name} {'true' if true else 'found'}",
                *(f"{k} {v:.4f}" for k, v in values.items()),
                sep=" | ",
                flush=True,
            )
    for true, rows in found.items():
        print(f"\nmedian over {len(rows)} clips, {'true disparity + noise' if true else 'disparity as found'}")
        for key in rows[0]:
            print(f"  {key:16}{np.nanmedian([row[key] for row in rows]):9.4f}")
        for what in ("still", "moving"):
            ratio = np.array([row[f"ours {what}"] / row[f"raw {what}"] for row in rows])
            print(f"  ours / raw {what}: median {np.nanmedian(ratio):.3f}, worst {np.nanmax(ratio):.3f}")


if __name__ == "__main__":
    main()
