"""Renders the sample: six short clips with ground truth (needs the extra `synth`)."""

import argparse
from pathlib import Path

from factory.synth.sample import render_sample


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dest", help="the folder to write to")
    parser.add_argument("--only", nargs="+", help="names of the clips wanted; all by default")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each clip")
    parser.add_argument("--seed", type=int, default=0)


def call(options: argparse.Namespace) -> int:
    paths = render_sample(Path(options.dest), seconds=options.seconds, only=options.only, seed=options.seed)
    print("\n".join(str(path) for path in paths))
    return 0
