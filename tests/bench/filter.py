"""Measures the filter on labelled videos that nobody rendered. Not a test: nothing is asserted.

    python -m tests.bench.filter MEDIA OUTPUT [--poses] [key=value ...]

MEDIA: the development media, with `labels.csv` and `web/labels.csv` (column consensus). OUTPUT: of the filter's run on
them, every specialist on every clip; key=value are settings of that run. A report each, as `factory evaluate filter`
gives it, of the development clips (bounds of rules were set on these) and of the web clips in two halves: A, which was
looked at, and B. Halves are by origin, with as many suitable clips in each. --poses: of what the filter keeps, too, and
how many suitable clips come out at the end.
"""

import argparse
import csv
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from factory.cli import main as factory
from factory.evaluate.filtering import evaluate_filter

RECALLS = (0.5, 0.65, 0.8)


def origin_of(row: dict[str, str]) -> str:
    """Clips of one origin share a half; of Panda-70M each has a source of its own."""
    origin = row["origin"].partition(" ")[0]
    return row["file"] if "Panda" in origin else origin


def halves(rows: Sequence[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    """The largest origins first, each to the half with fewer suitable clips, or fewer clips where it brings none."""
    groups: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        groups[origin_of(row)].append(row)
    suitable = {name: sum(row["consensus"] == "1" for row in group) for name, group in groups.items()}
    found: dict[str, list[dict[str, str]]] = {"A": [], "B": []}
    order = sorted(groups, key=lambda n: (-suitable[n], -len(groups[n]), hashlib.sha256(n.encode()).hexdigest()))
    for name in order:
        have = {
            half: sum(r["consensus"] == "1" for r in found[half]) if suitable[name] else len(found[half])
            for half in found
        }
        found[min("AB", key=lambda half: (have[half], half))] += groups[name]
    return found


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_labels(path: Path, folder: Path, rows: Sequence[tuple[str, str, str]]) -> None:
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "suitable", "why"])
        table.writerows([folder / name, suitable, why] for name, suitable, why in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--poses", action="store_true")
    parser.add_argument("overrides", nargs="*", help="of the configuration")
    options = parser.parse_args()
    media, output = options.media.resolve(), options.output
    output.mkdir(parents=True, exist_ok=True)
    known = [row for row in read(media / "web" / "labels.csv") if row["consensus"]]
    write_labels(
        output / "development.csv", media, [(r["file"], r["suitable"], r["why"]) for r in read(media / "labels.csv")]
    )
    for half, rows in halves(known).items():
        told = [(r["file"], r["consensus"], "" if r["consensus"] == "1" else r["word"]) for r in rows]
        write_labels(output / f"web_{half}.csv", media / "web", told)
    tables = [output / f"{name}.csv" for name in ("development", "web_A", "web_B")]
    sources = output / "sources.csv"
    sources.write_text("source\n" + "".join(f"{row['file']}\n" for table in tables for row in read(table)))
    phases = "ingest,filter,pose" if options.poses else "ingest,filter"
    run = [f"source={sources}", f"output={output / 'run'}", f"pipeline.phases=[{phases}]"]
    if factory(["run", *run, "filter.exhaustive=true", *options.overrides]) != 0:
        raise SystemExit("the run did not succeed")
    for table in tables:
        print(f"\n{table}\n\n{evaluate_filter(output / 'run', table, RECALLS).text()}")


if __name__ == "__main__":
    main()
