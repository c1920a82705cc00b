"""Measures the filter on the rendered clips of the preset `panda`. Not a test: nothing is asserted.

    python -m tests.bench.panda FOLDER OUTPUT [key=value ...]

FOLDER: clips of the preset, seed 0, at 12 frames a second; what is missing there is rendered (all of it: an hour of
CPU). OUTPUT: of the filter's run on them, every specialist on every clip (two minutes of CPU); key=value are settings
of that run. Two reports as `factory evaluate filter` gives them, from labels that are left in FOLDER: of the clips that
bounds were set with (numbers 00 and 01 of each kind, 76 clips), and of the others (124). They tell average precision,
precision and recall of the verdict, precision at given recalls, errors by kind, and what each specialist adds.
"""

import argparse
import csv
import re
from collections.abc import Sequence
from pathlib import Path

from factory.cli import main as factory
from factory.evaluate.filtering import evaluate_filter
from factory.evaluate.labels import Label, read_labels
from factory.synth.produce import Made, Order, produce

FPS = 12
RECALLS = (0.5, 0.6, 0.8)


def was_set_with(label: Label) -> bool:
    """Whether the filter's bounds were set with the clip."""
    return re.search(r"_0[01]$", label.path.stem) is not None


def write_labels(path: Path, labels: Sequence[Label]) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "suitable", "why"])
        rows.writerows([label.file, int(bool(label.suitable)), label.why] for label in labels)


def told(made: Made) -> None:
    if made.took_s is not None:
        print(f"{made.path} rendered in {made.took_s:.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("overrides", nargs="*", help="of the configuration")
    options = parser.parse_args()
    produce(options.folder, Order("panda", fps=FPS), report=told)
    run = [f"source={options.folder}", f"output={options.output}", "pipeline.phases=[ingest,filter]"]
    if factory(["run", *run, "filter.exhaustive=true", *options.overrides]) != 0:
        raise SystemExit("the filter's run did not succeed")
    labels = read_labels(options.folder)
    parts = {
        "bounds_set": [label for label in labels if was_set_with(label)],
        "held_out": [label for label in labels if not was_set_with(label)],
    }
    for name, part in parts.items():
        table = options.folder / f"{name}.csv"
        write_labels(table, part)
        print(f"\n{table}\n\n{evaluate_filter(options.output, table, RECALLS).text()}")


if __name__ == "__main__":
    main()
