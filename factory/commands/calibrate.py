"""Measures on labelled videos what cutting the filter's score does, and writes a preset for filter.target.

OUTPUT is a run of pipeline=dynpose with filter.exhaustive=true over the videos that LABELS (a CSV with file, suitable,
why, or a folder that `factory synth` wrote) judge. The preset is the filter of that run with a curve: precision and
recall of every cut, with 90 % intervals. `factory run filter.target=precision:0.8` then cuts where the curve reaches
that. Also told: how many labels a precision to within 0.05 takes. Needs the extra `evaluate`.
"""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", type=Path, help="the output of a run")
    parser.add_argument("labels", type=Path, help="labels.csv, or a folder of rendered videos")
    use = "the preset: DIR/filter/NAME.yaml serves `factory run --config-dir DIR filter=NAME`"
    parser.add_argument("--to", type=Path, required=True, metavar="FILE.yaml", help=use)
    mix = "of the videos to be filtered, where the labelled ones are another mix, as 0.1"
    parser.add_argument("--share-suitable", type=float, metavar="SHARE", help=mix)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE.png")


def call(options: argparse.Namespace) -> int:
    from factory.evaluate.calibration import calibrate

    report = calibrate(options.output, options.labels, options.to, options.share_suitable)
    print(report.text())
    report.write(options.json, options.plot)
    return 0
