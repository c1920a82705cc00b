"""Which videos are taken for stereo, and as what: a table of all videos below folders.

    python -m tests.bench.stereo_recognise FOLDER [FOLDER ...] [--stereo WORD [WORD ...]] [--only-stereo]

A video is stereo in truth where its path holds one of the words. Files that are no video are left out, and counted.
"""

import argparse
from pathlib import Path
from time import process_time

import cv2
import numpy as np

from factory.errors import VideoError
from factory.stereo.metadata import declared
from factory.stereo.recognise import RecogniseLayout
from factory.video import shown
from factory.video.decode import believed

ENDINGS = (".mp4", ".mkv", ".mov", ".webm", ".avi")


def some(path: Path, count: int) -> list[np.ndarray]:
    """Grey pictures spread over a video."""
    stamps = believed(path)
    frames = sum(1 for _ in shown(path, stamps))
    wanted = set(np.linspace(0, frames - 1, count + 2).round().astype(int)[1:-1].tolist())
    return [found.image(grey=True) for found in shown(path, stamps) if found.index in wanted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--stereo", nargs="+", default=["sbs", "stereo_", "vr180"])
    parser.add_argument("--pictures", type=int, default=5)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    recognise = RecogniseLayout()
    shares: dict[bool, list[float]] = {True: [], False: []}
    wrong, unread, cpu_s = [], 0, 0.0
    for path in sorted(p for folder in options.folders for p in folder.rglob("*") if p.suffix in ENDINGS):
        try:
            pictures, told = some(path, options.pictures), declared(path)
        except VideoError:
            unread += 1
            continue
        begin = process_time()
        found = recognise(pictures, told)
        cpu_s += process_time() - begin
        truth = any(word in path.name for word in options.stereo)
        shares[truth].append(max(found.shares.values()))
        if truth != (found.layout is not None):
            wrong.append(path)
        layout = "-" if found.layout is None else f"{found.layout.arrangement} {found.layout.projection}"
        values = "  ".join(f"{found.shares.get(name, np.nan):.3f}" for name in ("side_by_side", "top_bottom"))
        print(f"{path.name[:44]:46}{pictures[0].shape[1]:5}x{pictures[0].shape[0]:<5}{values}  {layout}", flush=True)
    for truth, values in shares.items():
        if values:
            told = f"from {min(values):.3f} to {max(values):.3f}"
            print(f"{len(values)} {'stereo' if truth else 'other'} videos: shares {told}")
    count = sum(map(len, shares.values()))
    print(
        f"{len(wrong)} wrong {[p.name for p in wrong]}; {unread} unreadable; {cpu_s / max(count, 1):.2f} CPU s a video"
    )


if __name__ == "__main__":
    main()
