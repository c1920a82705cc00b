"""Copies of real clips that are found, by what was done to them, and clips that are joined wrongly. Asserts nothing.

    python -m tests.bench.near_duplicates MEDIA FOLDER [--clips 40]

MEDIA: the development videos. FOLDER: for copies and output, to be kept or removed by you. Of so many videos of over
3.5 s a copy of each kind is made, and with all videos ingested into one output. Then the copies of each kind are looked
for among all originals: a clip of a copy counts as found when a clip of its original is in its group.
"""

import argparse
import csv
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from factory.export.selection import Selection
from factory.manifest.query import query
from factory.storage.output import Storage
from factory.subsets.clips import chosen
from factory.subsets.duplicates import near_duplicates
from factory.video import decode, probe
from tests.videos import write_as

FOLDERS = ("clips", "web", "negatives", "masks_gt", "gt_poses", "vr180")
LEAST_S, MOST_FRAMES = 3.5, 300
# Videos of one recording, or of one camera at one place: joined rightly.
RELATED = (
    *("breakdance", "cows", "drift-straight", "paragliding-launch", "kitti00_a", "kitti06_start"),
    *("horsejump", "kitchen_a", "hololens", "sample-videos_book", "signing_walk"),
)
SIGNING = {"sample-videos_book", "signing_walk"}  # two words of one signer's series before one webcam
Change = Callable[[np.ndarray, random.Random], np.ndarray]


def cropped(frames: np.ndarray, draw: random.Random) -> np.ndarray:
    """A tenth of width and height less, at any place."""
    height, width = frames.shape[1:3]
    y, x = round(draw.uniform(0, 0.1) * height), round(draw.uniform(0, 0.1) * width)
    return frames[:, y : y + round(0.9 * height), x : x + round(0.9 * width)]


def resized(frames: np.ndarray, draw: random.Random) -> np.ndarray:
    """To half of the width or less, of the height a little more: another shape."""
    height, width = frames.shape[1:3]
    size = (round(width * draw.uniform(0.35, 0.5)), round(height * 0.55))
    return np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames])


def letterboxed(frames: np.ndarray, draw: random.Random) -> np.ndarray:
    bar = round(frames.shape[1] * draw.uniform(0.08, 0.15))
    return np.pad(frames, ((0, 0), (bar, bar), (0, 0), (0, 0)))


def cut_elsewhere(frames: np.ndarray, draw: random.Random) -> np.ndarray:
    """Without its first part: between a tenth and a third."""
    return frames[round(len(frames) * draw.uniform(0.1, 0.33)) :]


def together(frames: np.ndarray, draw: random.Random) -> np.ndarray:
    return resized(cut_elsewhere(cropped(frames, draw), draw)[:, :, ::-1], draw)


KINDS: dict[str, Change] = {
    "encoded again": lambda frames, _: frames,
    "cropped": cropped,
    "resized": resized,
    "mirrored": lambda frames, _: frames[:, :, ::-1],
    "letterboxed": letterboxed,
    "cut elsewhere": cut_elsewhere,
    "mirrored, cropped, resized, cut elsewhere": together,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=40)
    options = parser.parse_args()
    videos = sorted(path for name in FOLDERS for path in (options.media / name).rglob("*.m[pk][4v]"))
    origin = {path.resolve().as_posix(): (path.stem, "") for path in videos}
    for path in taken(videos, options.clips):
        for kind in KINDS:
            copy = made(path, kind, options.folder / "copies")
            origin[copy.resolve().as_posix()] = (path.stem, kind)
    listed, output = options.folder / "list.csv", options.folder / "out"
    with listed.open("w") as file:
        csv.writer(file).writerows([["source"], *([name] for name in origin)])
    words = (f"source={listed}", f"output={output}", "pipeline=ingest", "engine=inline")
    subprocess.run([sys.executable, "-m", "factory", "run", *words], check=True)
    storage = Storage.at(output)
    clips = chosen(storage, Selection(), "i.signatures")
    kinds = np.array([origin[source][1] for source in clips["source"].to_pylist()])
    for kind in KINDS:
        rows = near_duplicates(clips.filter(pa.array((kinds == "") | (kinds == kind)))).to_pylist()
        print("\n".join(told(rows, origin, kind)), flush=True)
    print("\n".join(told(near_duplicates(clips).to_pylist(), origin, "")))
    print(cost(storage))


def taken(videos: list[Path], count: int) -> list[Path]:
    """Evenly among those of `clips` and `web` that are long enough."""
    long = [p for p in videos if p.parent.name in ("clips", "web") and (probe(p).duration_s or 0) >= LEAST_S]
    return [long[i] for i in np.linspace(0, len(long) - 1, min(count, len(long))).round().astype(int)]


def made(path: Path, kind: str, folder: Path) -> Path:
    """The copy: H.264 at a rate factor of 33, half of what web video has."""
    target = folder / f"{path.stem}__{kind.replace(', ', '_').replace(' ', '_')}.mp4"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        frames = np.stack([frame.image for frame, _ in zip(decode(path), range(MOST_FRAMES), strict=False)])
        frames = KINDS[kind](frames, random.Random(f"{path.stem} {kind}"))
        height, width = (side // 2 * 2 for side in frames.shape[1:3])
        rate = max(1, round(probe(path).fps))
        write_as(target, list(frames[:, :height, :width]), codec="libx264", options={"crf": "33"}, fps=rate)
    return target


def told(rows: list[dict[str, Any]], origin: dict[str, tuple[str, str]], kind: str) -> Iterator[str]:
    """Of copies of one kind among all originals; of all where it is empty."""
    groups, chains = defaultdict(set), defaultdict(set)
    for row in rows:
        groups[row["group"]].add(origin[row["source"]])
        chains[row["chain"]].add(place(origin[row["source"]][0]))
    copies = [row for row in rows if origin[row["source"]][1] == kind]
    lost = [row for row in copies if kind and (origin[row["source"]][0], "") not in groups[row["group"]]]
    for row in lost:
        stem = origin[row["source"]][0]
        yield f"  missed: {stem} at {row['source_start_s']:.1f} s, {row['signatures']} signatures"
    if kind:
        yield f"{kind}: {len(copies) - len(lost)} of {len(copies)} clips, {1 - len(lost) / max(len(copies), 1):.1%}"
    for stems in chains.values():
        if len(stems) > 1:
            yield f"  joined wrongly: {', '.join(sorted(stems))}"
    if not kind:
        mean = sum(row["signatures"] for row in rows) / len(rows)
        yield f"{len(rows)} clips of {len({row['source'] for row in rows})} videos, {mean:.1f} signatures each"


def place(stem: str) -> str:
    return next((name for name in RELATED if name in stem), stem) if stem not in SIGNING else "signing"


def cost(storage: Storage) -> str:
    sql = "SELECT sum(source_end_s - source_start_s) AS s FROM ingest"
    minutes = query(storage, sql).to_arrow_table()["s"][0].as_py() / 60
    seconds: Counter[str] = Counter()
    for file in storage.run_files():
        for row in storage.place.table(file, ["stage_seconds"]).to_pylist():
            seconds.update(dict(row["stage_seconds"]))
    return f"{minutes:.1f} minutes of video; seconds a minute: " + ", ".join(
        f"{stage} {total / minutes:.2f}" for stage, total in seconds.items()
    )


if __name__ == "__main__":
    main()
