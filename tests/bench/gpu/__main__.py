"""How fast the learned networks answer on one card, through our adapters: 8 minutes at most.

    python -m tests.bench.gpu [--only NAME ...] [--seconds 30] [--size 640x360] [--frames 48] [--code-at FOLDER]
                              [--json FILE] [--full]

Weights are random, for speed does not hang on them: nothing is fetched. Told of each network: items a second with the
batch of its settings in float32, and the most memory that torch held; the same by `max_batch` (b=1 ...); under bfloat16
autocast and with torch.compile (of the repeated blocks), as multiples of that; and what the library's plain loop does,
in which one item after the other is prepared, asked about and fetched. Ours should be 1.5 times that.

Sam2, Tapir and CoTracker are asked about whole clips (two objects; 256 points): their batches are clips, and so are the
items of their plain loops. Sam2, and MoGe on a card, take half precision by themselves ("own"). "-" was not measured,
mostly for lack of time: batches are tried while 60 % of --seconds last, and after one and a half times --seconds a
network is ended, which then is compiling.

The pipeline is left out: how busy it keeps a card, and clips an hour, are not measured here (tests.bench.models tells
how busy replicas are kept). Without a card all networks are small ones (but for --full), and nothing is compiled.
"""

import argparse
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from factory.extras import install_command
from tests.bench.gpu.measure import BATCHES, Row, measured
from tests.bench.gpu.networks import Place
from tests.bench.gpu.subjects import SUBJECTS, Subject
from tests.models.contracts import textured

GOAL = 1.5  # of the plain loop
NO_CARD = "no GPU: {} networks on the CPU, the figures tell nothing about a card"


def main() -> None:
    options = _options()
    try:
        import torch
    except ImportError:
        raise SystemExit(f"torch is not installed: {install_command('models')}") from None
    card = torch.cuda.is_available()
    full = card or options.full
    if options.code_at:
        sys.path.append(str(options.code_at.expanduser().absolute()))
    warnings.simplefilter("ignore")
    device = torch.cuda.get_device_name() if card else "CPU"
    print(f"{device}, torch {torch.__version__}")
    if not card:
        print(NO_CARD.format("whole" if full else "small"))
    width, height = options.size or ((640, 360) if full else (160, 96))
    frames = textured(options.frames or (48 if card else 6), height, width, shift_px=2)
    seconds = options.seconds or (30.0 if card else 3.0)
    print(f"{len(frames)} frames of {width}x{height}, {seconds:g} s a network\n\n{_head()}", flush=True)
    rows, begin = [], time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        code_at = options.code_at and str(options.code_at)
        place = Place("cuda" if card else "cpu", full, code_at, Path(folder))
        for subject in options.only:
            rows.append(measured(subject, place, frames, seconds))
            print(_line(subject, rows[-1]), flush=True)
    print(f"\n{_summary(rows)}; {time.perf_counter() - begin:.0f} s in all")
    for row in rows:
        for note in row.notes:
            print(f"{row.network}: {note}")
    if options.json:
        told = {"device": device, "torch": torch.__version__, "full": full, "size": [width, height]}
        told |= {"frames": len(frames), "seconds": seconds, "networks": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(told, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], help="parts of names")
    parser.add_argument("--seconds", type=float, help="for each network; 30, 3 on a CPU")
    parser.add_argument("--size", type=_size, help="of the frames; 640x360, 160x96 for small networks")
    parser.add_argument("--frames", type=int, help="of a clip; 48, 6 on a CPU")
    parser.add_argument(
        "--code-at", type=Path, help="a folder with the folders tapnet and cotracker of their repositories"
    )
    parser.add_argument("--json", type=Path, help="keeps the figures")
    parser.add_argument("--full", action="store_true", help="networks of published sizes on a CPU, too")
    options = parser.parse_args()
    named = [s for s in SUBJECTS if any(part.lower() in s.name.lower() for part in options.only)]
    if options.only and not named:
        parser.error(f"--only: the networks are {', '.join(subject.name for subject in SUBJECTS)}")
    options.only = named or list(SUBJECTS)
    return options


def _size(text: str) -> tuple[int, int]:
    width, height = map(int, text.lower().split("x"))
    return width, height


def _head() -> str:
    batches = "".join(f"{f'b={batch}':>8}" for batch in BATCHES)
    return (
        f"{'network':15}{'counts':>13}{'batch':>6}{'a second':>10}{'GB':>7} |{batches} |"
        f"{'bf16':>7}{'compile':>8} |{'plain':>8}{'ours':>7}"
    )


def _line(subject: Subject, row: Row) -> str:
    if row.error:
        return f"{row.network:15}{row.error}"
    batches = "".join(f"{_number(row.curve.get(batch)):>8}" for batch in BATCHES)
    half = "own" if subject.half else _times(row.bf16, row.rate)
    return (
        f"{row.network:15}{row.counts:>13}{row.batch:>6}{_number(row.rate):>10}{_number(row.memory_gb):>7} |{batches} |"
        f"{half:>7}{_times(row.compiled, row.rate):>8} |{_number(row.plain):>8}{_times(row.rate, row.plain):>7}"
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _times(value: float | None, by: float | None) -> str:
    return "-" if value is None or not by else f"x{value / by:.2f}"


def _summary(rows: Sequence[Row]) -> str:
    known = [row.rate / row.plain for row in rows if row.rate and row.plain]
    reached = sum(ratio >= GOAL for ratio in known)
    return f"ours by the plain loop: {reached} of {len(known)} networks reach the goal, {GOAL:g} times"


if __name__ == "__main__":
    main()
