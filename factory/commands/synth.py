"""Renders videos with exact ground truth: poses, masks, tracks, on request depth and flow (needs the extra `synth`)."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from factory.console.counting import counting
from factory.synth.presets import PRESETS, TRUTHS

if TYPE_CHECKING:
    from factory.synth.produce import Made


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dest", help="the folder to write to; clips that are there already stay")
    parser.add_argument("--preset", default="sample", choices=PRESETS, help="which clips; six small ones by default")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="names of the clips wanted; all by default")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other worlds of the same kind")
    parser.add_argument("--seconds", type=_positive, help="length of each shot, if not the clip's own")
    parser.add_argument("--fps", type=_rate, metavar="N", help="frames a second, if not the clip's own")
    parser.add_argument("--size", type=_size, metavar="WxH", help="width and height of one eye, if not the clip's own")
    parser.add_argument("--photos", metavar="FOLDER", help="pictures to hang on walls")
    parser.add_argument("--truth", nargs="+", default=(), choices=TRUTHS, help="truth wanted besides")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--check", action="store_true", help="verifies the truth by warping frames onto each other")


def call(options: argparse.Namespace) -> int:
    from factory.errors import ConfigError
    from factory.synth.produce import Order, check_order, produce

    if options.workers < 1:
        raise ConfigError(f"--workers {options.workers} cannot work: take 1 or more.")
    folder, truth = Path(options.dest), tuple(options.truth)
    order = Order(options.preset, options.seed, options.size, options.fps, options.seconds, options.photos, truth)
    total = len(check_order(order, options.only))
    with counting("clips rendered", total) as (say, step):

        def report(made: "Made") -> None:
            done = step()
            how = "is there already" if made.took_s is None else f"rendered in {made.took_s:.1f} s"
            say(f"{done}/{total} {made.path} {how}")

        paths = produce(folder, order, options.only, options.workers, report)
    return _check(paths) if options.check else 0


def _check(paths: list[Path]) -> int:
    from factory.synth.selfcheck import check

    wrong = 0
    for path in paths:
        checked = check(path)
        print(f"{path.name}: {checked.line}", flush=True)
        wrong += not checked.good
    if wrong:
        print(f"factory synth: {wrong} of {len(paths)} clips do not agree with their truth: do not use them.")
    return int(wrong > 0)


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if not match or not (int(match[1]) and int(match[2])):
        raise argparse.ArgumentTypeError(f"{text} is not a size: say it as 640x360")
    return int(match[1]), int(match[2])


def _rate(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no frame rate: take a whole number from 1")
    return int(text)


def _positive(text: str) -> float:
    if not 0 < (number := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no length of time: take seconds above 0")
    return number
