"""Fits the filter's score to labelled videos, and writes it as a preset that `factory run` can take.

OUTPUT is a run of pipeline=dynpose with filter.exhaustive=true over the videos that LABELS (a CSV with file, suitable,
why, or a folder that `factory synth` wrote) judge. Each rule's margin gets a weight (logistic regression, no weight
below 0); precision and recall are told before and after, of fits that did not see the video they judge. Needs the extra
`evaluate`.
"""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", type=Path, help="the output of a run")
    parser.add_argument("labels", type=Path, help="labels.csv, or a folder of rendered videos")
    use = "the preset: DIR/filter/NAME.yaml serves `factory run --config-dir DIR filter=NAME`"
    parser.add_argument("--to", type=Path, required=True, metavar="FILE.yaml", help=use)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE.png")


def call(options: argparse.Namespace) -> int:
    from factory.evaluate.calibration import calibrate

    report = calibrate(options.output, options.labels, options.to)
    print(report.text())
    report.write(options.json, options.plot)
    return 0
