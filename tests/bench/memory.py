"""How much memory the learned networks' adapters take beside what they are given and answer, by the length of a clip.

    python -m tests.bench.memory [--only NAME ...] [--minutes 1 5] [--size 96x64] [--code-at FOLDER]

Each network answers in a process of its own, on the CPU, as a small random one: what grows with the clip is the
adapter's doing and not the network's. Told in MB: the frames (12 a second), the answer, and the most that the process
held beyond its state before the question and the answer. Followers of points are asked through the window tracker, as
in a run.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
import warnings
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from factory.frames import Frames, Passing
from factory.models.windows import WindowTracker
from tests.bench.gpu.networks import Place
from tests.bench.gpu.subjects import SUBJECTS, Subject
from tests.models.contracts import textured

FPS = 12
MB = 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names")
    parser.add_argument("--minutes", nargs="+", type=float, default=[1.0, 5.0])
    parser.add_argument("--size", default="96x64")
    parser.add_argument("--code-at", help="folder with the code of networks that are in no package")
    options = parser.parse_args()
    if options.code_at:
        sys.path.append(options.code_at)  # what is asked for is looked for there as well
    width, height = map(int, options.size.split("x"))
    print(f"{'':16}{'minutes':>9}{'frames':>9}{'answer':>9}{'more':>9}  MB")
    for subject in SUBJECTS:
        if absent := subject.absent():
            print(f"{subject.name:16}not measured: no {absent[0]}")
            continue
        for minutes in options.minutes if any(part in subject.name for part in options.only) else ():
            count = round(60 * minutes * FPS)
            given_mb, answer_mb, more_mb, seconds = measured(subject.name, (count, height, width), options.code_at)
            cells = "".join(f"{mb:9.1f}" for mb in (given_mb, answer_mb, more_mb))
            print(f"{subject.name:16}{minutes:9g}{cells}  {seconds:.0f} s", flush=True)


def measured(name: str, shape: tuple[int, int, int], code_at: str | None) -> tuple[float, float, float, float]:
    """MB of frames, answer, and more; seconds."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found: tuple[float, float, float, float] = pool.apply(_measured, (name, shape, code_at))
        return found


def _measured(name: str, shape: tuple[int, int, int], code_at: str | None) -> tuple[float, float, float, float]:
    warnings.simplefilter("ignore")
    if code_at:
        sys.path.append(code_at)
    count, height, width = shape
    subject = next(subject for subject in SUBJECTS if subject.name == name)
    with tempfile.TemporaryDirectory() as folder:
        place = Place("cpu", False, code_at, Path(folder))
        network = subject.made(place)
        few = textured(min(count, 24), height, width, shift_px=1)
        _asked(subject, network, place, few)  # what is made once is not counted
        frames = few[np.abs((np.arange(count) % 46) - 23)]  # to and fro
        begin, before_mb = time.perf_counter(), _now_mb("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        answer_mb = _size_mb(_asked(subject, network, place, frames))
        more_mb = _now_mb("VmHWM") - before_mb - answer_mb
        return frames.nbytes / MB, answer_mb, more_mb, time.perf_counter() - begin


def _asked(subject: Subject, network: Any, place: Place, frames: np.ndarray) -> Any:
    if subject.counts != "point-frames":
        return getattr(network, network.method)(*subject.given(place, frames))
    passing = (Passing(n, n / FPS, frame[..., 1], colour=frame) for n, frame in enumerate(frames))
    return WindowTracker(network, points=60).track(Frames(passing))


def _now_mb(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def _size_mb(answer: Any) -> float:
    if isinstance(answer, np.ndarray):
        return answer.nbytes / MB
    return sum(_size_mb(getattr(answer, each.name)) for each in fields(answer)) if is_dataclass(answer) else 0.0


if __name__ == "__main__":
    main()
