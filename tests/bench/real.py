"""Poses of real video: which clips are accepted, how well unseen matches and true poses confirm them, beside peers.

    python -m tests.bench.real MEDIA --output FOLDER [--peers] [--sheets FOLDER]

MEDIA: the development media: `masks_gt`, `gt_poses`, the suitable ones of `labels.csv` and of `web/labels.csv`. The
product runs over them into FOLDER (what is there is not done again), static matches are made outside the true masks,
and each clip gets a line. Clips are split in two halves by origin: bounds are to be set on A and reported on B. px:
mean and median Sampson distance at 720p; floor, turn, t deg, pinned as `factory evaluate reprojection --per-clip`.
Without true masks what moves is among the matches: there the median tells, not the mean. --peers: ATE of the better
of COLMAP and GLOMAP where truth is, with the true masks where there are any and without, kept below FOLDER. --sheets: a
picture of each clip. --own-masks: clips without true masks are matched outside those that the run itself has made, as a
second look: a solve of the wrong thing would hide what speaks against it.
"""

import argparse
import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from factory.artifacts import read_masks
from factory.cli import main as factory
from factory.evaluate.cameras import PosedCamera, read_cameras
from factory.evaluate.floors import Floor, clip_floor
from factory.evaluate.masks import read_mask
from factory.evaluate.match_run import matches_of_run, write_matches
from factory.evaluate.sampson import Matches, VideoError, read_matches, video_error
from factory.evaluate.sheets import contact_sheet
from factory.geometry.trajectory import pose_errors
from factory.manifest.query import query
from factory.storage.output import Storage
from factory.tracks import tracks_from
from factory.tum import read_tum
from factory.video import Frame, decode, shrink
from tests.bench.pose.clips import TrueClip, true_clips
from tests.bench.pose.peers import PEERS, peers, restored, stored


@dataclass(frozen=True)
class RealClip:
    name: str
    path: Path
    group: str
    origin: str

    @property
    def half(self) -> str:
        return "AB"[hashlib.sha256(self.origin.encode()).digest()[0] % 2]


@dataclass(frozen=True)
class Line:
    clip: RealClip
    row: dict[str, Any]
    error: VideoError | None
    floor: Floor | None
    ate: float | None
    peer: float | None

    @property
    def accepted(self) -> bool:
        return bool(self.row["status"] == "ok")


def real_clips(media: Path) -> Iterator[RealClip]:
    """Those a person calls estimable."""
    for group in ("masks_gt", "gt_poses"):
        for video in sorted((media / group).glob("*/*.mp4")):
            if "stereo" not in video.name:
                origin = video.parent.name if group == "masks_gt" else video.parent.name.partition("_")[0]
                yield RealClip(video.stem, video, group, origin)
    for row in _table(media / "labels.csv"):
        if row["file"].startswith("clips/") and row["suitable"] == "1":
            yield RealClip(Path(row["file"]).stem, media / row["file"], "clips", row["file"])
    for row in _table(media / "web" / "labels.csv"):
        if row["consensus"] == "1":
            yield RealClip(Path(row["file"]).stem, media / "web" / row["file"], "web", row["origin"].partition(" ")[0])


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def solved(clips: Sequence[RealClip], output: Path, overrides: Sequence[str]) -> None:
    """Runs the product: poses of every clip of every source."""
    output.mkdir(parents=True, exist_ok=True)
    listed = output / "sources.csv"
    listed.write_text("source\n" + "".join(f"{clip.path}\n" for clip in clips))
    words = [f"source={listed}", f"output={output / 'run'}", "pipeline=pose", "engine=inline", *overrides]
    assert factory(["run", *words]) == 0


def rows_of(output: Path) -> dict[str, dict[str, Any]]:
    """The pose manifest's row of the longest clip of each source, by stem."""
    sql = "SELECT * FROM pose ORDER BY source_end_s - source_start_s"
    rows = query(Storage.at(output / "run"), sql).to_arrow_table().to_pylist()
    return {Path(row["source"]).stem: row for row in rows}


def matched(clips: Sequence[RealClip], media: Path, output: Path, own_masks: bool) -> dict[str, Matches]:
    """Of every clip, kept: they depend on the sampled frames alone, and on the masks."""
    place = output / ("matches_own.parquet" if own_masks else "matches.parquet")
    if not place.exists():
        bare = [clip for clip in clips if own_masks and not masked(clip)]
        names = [clip.name for clip in clips if clip not in bare]
        found = list(matches_of_run(output / "run", media, names))
        if bare:
            assert factory(["export", str(output / "run"), str(output / "masks"), "--format", "davis", "--all"]) == 0
            found += matches_of_run(output / "run", output / "masks", [clip.name for clip in bare])
        write_matches(found, place)
    return {found.clip: found for found in read_matches(place)}


def masked(clip: RealClip) -> bool:
    return (clip.path.parent / "masks").exists()


def of_peers(media: Path, output: Path) -> dict[str, float]:
    """ATE in % of the better peer that placed four fifths of the frames, by clip with truth."""
    found = {}
    for clip in true_clips([media / "gt_poses"]):
        frames = clip.frames()
        masks = _true_masks(clip, frames)
        methods = PEERS if masks is not None else [method for method in PEERS if "+" not in method]
        places = {method: output / "peers" / f"{clip.name}-{method}.json" for method in methods}
        missing = [method for method, place in places.items() if not place.exists()]
        for method, result in peers(missing, frames, masks).items():
            stored(result, places[method])
        errors = []
        for result in map(restored, places.values()):
            at = sorted(result.world_from_cam)
            if len(at) >= 0.8 * len(frames):
                truth = clip.world_from_cam[[frames[p].index for p in at]]
                ate = pose_errors(np.stack([result.world_from_cam[p] for p in at]), truth).ate_percent
                errors += [] if ate is None else [ate]
        if errors:
            found[clip.name] = min(errors)
    return found


def _true_masks(clip: TrueClip, frames: Sequence[Frame]) -> list[np.ndarray] | None:
    folder = clip.video.parent / "masks"
    return [read_mask(folder / f"{frame.index:05d}.png") for frame in frames] if folder.exists() else None


def measured(clips: Sequence[RealClip], media: Path, output: Path, with_peers: bool, own_masks: bool) -> list[Line]:
    rows, matches = rows_of(output), matched(clips, media, output, own_masks)
    cameras = read_cameras(output / "run", everything=True)
    others = of_peers(media, output) if with_peers else {}
    lines = []
    for clip in clips:
        own = [c for c in cameras if c.trajectory.stem == clip.name]
        found = matches.get(clip.name)
        error = None if found is None else video_error(found, own)
        floor = None if found is None else clip_floor(found, own)
        ate = _ate(clip, rows[clip.name], own)
        lines.append(Line(clip, rows[clip.name], error, floor, ate, others.get(clip.path.parent.name)))
        print(told(lines[-1]), flush=True)
    return lines


def _ate(clip: RealClip, row: dict[str, Any], cameras: Sequence[PosedCamera]) -> float | None:
    truth = clip.path.parent / "groundtruth_tum.txt"
    if not truth.exists() or not cameras or row["world_from_cam"] is None:
        return None
    _, poses = read_tum(truth)
    placed = np.flatnonzero(row["registered"])
    ours = np.array([row["world_from_cam"][f] for f in placed], float).reshape(-1, 4, 4)
    return pose_errors(ours, poses[np.array(row["frame_index"])[placed]]).ate_percent


def told(line: Line) -> str:
    row, error, floor = line.row, line.error, line.floor
    kind = "still" if row["method"] == "still" else "turn" if row["rotation_only"] else "path"
    kind += "+zoom" if row["focal_per_frame_px"] else ""
    verdict = (row["quality"] or "-") if line.accepted else "refused"
    numbers = [
        None if error is None else error.mean_px,
        None if error is None else error.median_px,
        *((None,) * 3 if floor is None else (floor.floor_px, floor.turn_px, floor.translation_deg)),
        line.ate,
        line.peer,
        row["ate_percent_predicted"],
        row["cross_px"],
        row["border_rival"],
    ]
    cells = "".join(f"{n:8.2f}" if n is not None else "       -" for n in numbers)
    why = "; ".join(reason.partition(":")[0] for reason in row["reasons"] or [row["error"] or ""])
    marks = ("f" if row["focal_reliable"] else " ") + ("t" if row["translation_reliable"] else " ")
    return f"{line.clip.half} {line.clip.group:9}{line.clip.name[:30]:31}{kind:10}{verdict:8}{marks}{cells}  {why}"


def summary(lines: Sequence[Line]) -> None:
    for half in ("A", "B", "AB"):
        part = [line for line in lines if line.clip.half in half]
        kept = [line for line in part if line.accepted]
        good = sum(line.row["quality"] is not None for line in part)
        print(f"{half}: {len(part)} clips, {len(kept)} accepted ({len(kept) / len(part):.0%}), {good} of any quality")
        zooms = [line.clip.name for line in kept if line.row["focal_per_frame_px"]]
        print(f"  focal length free in every frame, {len(zooms)}: {', '.join(zooms) or 'none'}")
        for true in (True, False):
            errors = [line.error for line in kept if line.error is not None and masked(line.clip) == true]
            if errors:
                mean, middle = ([getattr(e, name) for e in errors] for name in ("mean_px", "median_px"))
                what = "with true masks" if true else "without them"
                print(f"  {what}, {len(errors)}: mean px {np.mean(mean):.2f}, worst {max(mean):.2f}; ", end="")
                print(f"median px {np.mean(middle):.2f}, worst {max(middle):.2f}")
        angles = [
            line.floor.translation_deg
            for line in kept
            if line.row["translation_reliable"] and line.floor is not None and line.floor.translation_deg is not None
        ]
        if angles:
            told_by = f"median {np.median(angles):.1f}, worst {max(angles):.1f} deg"
            print(f"  translation called reliable, {len(angles)}: {told_by}")
        ratios = [line.ate / line.peer for line in kept if line.ate is not None and line.peer]
        if ratios:
            print(f"  ATE by the better peer's, {len(ratios)}: median {np.median(ratios):.2f}, worst {max(ratios):.2f}")


def drawn(lines: Sequence[Line], output: Path, sheets: Path) -> None:
    """A picture a clip, from its artifacts."""
    sheets.mkdir(parents=True, exist_ok=True)
    storage = Storage.at(output / "run")
    for line in lines:
        if line.row["tracks"] is None:
            continue
        kept = np.load(io.BytesIO(storage.read(storage.uri(line.row["tracks"]))), allow_pickle=False)
        wanted = set(kept["frame_index"].tolist())
        pictures = [shrink(f.image, 640) for f in decode(line.clip.path) if f.index in wanted]
        _, masks = read_masks(storage.read(storage.artifact(line.row["masks"])))
        cv2.imwrite(str(sheets / f"{line.clip.name}.png"), sheet(line, kept, masks, pictures))


def sheet(line: Line, kept: Mapping[str, np.ndarray], masks: np.ndarray, pictures: list[np.ndarray]) -> np.ndarray:
    size = (int(kept["size"][0]), int(kept["size"][1]))
    tracks = tracks_from(kept["track"], kept["frame"], kept["xy"], kept["times_s"], kept["frame_index"], size)
    poses = [np.full(16, np.nan) if pose is None else pose for pose in line.row["world_from_cam"] or []]
    path = np.array(poses, float).reshape(-1, 4, 4) if poses else None
    lines = [told(line), *(line.row["reasons"] or [])]
    return contact_sheet(pictures, tracks, ~kept["is_dynamic"], kept["is_dynamic"], path, masks, lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--own-masks", action="store_true")
    parser.add_argument("--set", nargs="*", default=[], help="overrides of the configuration")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    clips = list(real_clips(options.media))
    solved(clips, options.output, options.set)
    names = ("px", "median", "floor", "turn", "t deg", "ATE %", "peer", "pred %", "cross", "rival")
    print(" " * 62 + "".join(f"{name:>8}" for name in names))
    lines = measured(clips, options.media, options.output, options.peers, options.own_masks)
    summary(lines)
    if options.sheets:
        drawn(lines, options.output, options.sheets)


if __name__ == "__main__":
    main()
