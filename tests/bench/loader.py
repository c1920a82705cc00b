"""How fast windows of clips are read for training, beside PyAV alone on the same frames.

    python -m tests.bench.loader OUTPUT [--windows 60] [--length 16] [--workers 0 2]

The same windows in the same random order: first the frames of each by PyAV (the file opened, sought, decoded with one
thread, turned to RGB), then as `ClipDataset` gives them, poses and intrinsics included; and through torch's DataLoader
with so many workers, where torch is installed. Told in frames a second of wall time. Read the ratio: both are run one
after the other on the same machine, three times in turn.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from statistics import median

import av
import numpy as np

from factory.data import ClipDataset, ClipResult, Output


def by_pyav(clip: ClipResult, which: np.ndarray) -> np.ndarray:
    """Pictures of sampled frames, by their times, uint8 (n, H, W, 3)."""
    times_s, crop = clip.times_s[which], clip.clip.crop
    found = []
    with clip.video() as path, av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        zero = (clip.clip.first_pts or 0) - round(clip.clip.start_s / stream.time_base)
        wanted = [zero + round(time_s / stream.time_base) for time_s in times_s]
        container.seek(wanted[0], stream=stream, backward=True)
        for frame in container.decode(stream):
            if frame.pts in wanted:
                found.append(frame.to_ndarray(format="rgb24"))
            if frame.pts >= wanted[-1]:
                break
    pictures = np.stack(found)
    return pictures if crop is None else pictures[:, crop[1] : crop[1] + crop[3], crop[0] : crop[0] + crop[2]]


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def loaded(windows: ClipDataset, order: Sequence[int], workers: int) -> float:
    """Frames a second through a DataLoader, its start left out."""
    from torch.utils.data import DataLoader

    batches = iter(DataLoader(windows, batch_size=None, sampler=order, num_workers=workers))
    next(batches)
    return (len(order) - 1) * windows.length / seconds(lambda: list(batches))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output")
    parser.add_argument("--windows", type=int, default=60)
    parser.add_argument("--length", type=int, default=16)
    parser.add_argument("--workers", type=int, nargs="*", default=[])
    options = parser.parse_args()
    output = Output.at(options.output)
    windows = ClipDataset(output, length=options.length)
    some = np.random.default_rng(0).permutation(len(windows))[: options.windows].tolist()
    order = [n for n in some if output.clip(windows.place(n)[0]).clip.first_pts is not None]
    count = len(order) * options.length
    print(f"{len(order)} of {len(windows)} windows of {options.length} frames")
    ratios = []
    for _ in range(3):
        plain_s = seconds(lambda: [by_pyav(output.clip(clip), which) for clip, which in map(windows.place, order)])
        ours_s = seconds(lambda: [windows[n] for n in order])
        ratios.append(plain_s / ours_s)
        print(f"PyAV {count / plain_s:.0f} frames/s, ClipDataset {count / ours_s:.0f}, ratio {ratios[-1]:.2f}")
    print(f"median ratio {median(ratios):.2f}")
    for workers in options.workers:
        print(f"DataLoader, {workers} workers: {loaded(windows, order, workers):.0f} frames/s")


if __name__ == "__main__":
    main()
