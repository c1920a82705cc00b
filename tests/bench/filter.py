"""Measures the filter on labelled clips: decisions, precision and recall, CPU time. Not a test: nothing is asserted.

    python -m tests.bench.filter [MEDIA] [filter=dynpose ...]

MEDIA holds labels.csv (file, suitable: 1, 0 or empty for "do not count"). Every file is cut into clips as `ingest`
does; a file counts as accepted when any of its clips is. All specialists run on every clip, none is spared by an early
rejection, so that every feature and every reason shows. CPU seconds are the process's own.
"""

import argparse
import csv
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import cv2

from factory.clip import Clip, ClipRecord
from factory.commands.compose import configured
from factory.filters.decide import Decide
from factory.ingest.cut import CutClips
from factory.ingest.survey import SurveySource
from factory.stage import Rejected, stage_name
from factory.video import clip_frames


def clips_of(path: Path, least_s: float) -> Iterator[Clip]:
    info = ClipRecord(Clip("", str(path), 0, 0, 0, 0, 0, 0, 0), {"path": path, "content_hash": path.stem})
    for span in CutClips(min_s=least_s)(SurveySource()(info))["spans"]:
        if not span.reasons:
            yield span.clip


def decoding_seconds(clip: Clip) -> float:
    begin = process_time()
    for _ in clip_frames(Path(clip.source), clip):
        pass
    return process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path, nargs="?", default=Path(os.environ.get("FACTORY_MEDIA", "../shared/media")))
    parser.add_argument("--least-s", type=float, default=1.5, help="shortest clip (s)")
    parser.add_argument("overrides", nargs="*", help="of the configuration")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    cfg = configured(["source=x", "output=y", *options.overrides])
    stages = list(cfg.filter.stages.values())
    decide = Decide(cfg.filter.rules)
    for stage in stages:
        if hasattr(stage, "setup"):
            stage.setup()

    spent: dict[str, float] = defaultdict(float)
    decoding_s, frames = 0.0, 0
    best: dict[str, float] = {}
    labels = {row["file"]: row["suitable"] for row in csv.DictReader((options.media / "labels.csv").open())}
    for file, label in labels.items():
        for clip in clips_of(options.media / file, options.least_s):
            decoding_s += decoding_seconds(clip)
            record = ClipRecord(clip, {"path": options.media / file})
            for stage in stages:
                begin = process_time()
                record = stage(record)  # type: ignore[assignment]  # specialists do not reject
                spent[stage_name(stage)] += process_time() - begin
            frames += len(record["frames"])
            result = decide(record)
            reasons = result.reasons if isinstance(result, Rejected) else ()
            record = result.record if isinstance(result, Rejected) else result
            best[file] = max(best.get(file, 0.0), record["score"])
            numbers = {k: v for k, v in record.values.items() if v is None or isinstance(v, float)}
            text = " ".join(f"{k}={'-' if v is None else format(v, '.3g')}" for k, v in numbers.items())
            print(
                f"\n{file} {clip.start_s:.1f}-{clip.end_s:.1f} s, label {label or '-'}:",
                "rejected" if reasons else "ok",
            )
            print(f"    {text}", *reasons, sep="\n    ")
    report(best, labels)
    print(f"\nCPU ms per sampled frame, {frames} frames:")
    for name, seconds in spent.items():
        print(f"    {name:16s} {1000 * seconds / frames:6.2f}")
    print(f"    all {1000 * sum(spent.values()) / frames:.2f}, decoding alone {1000 * decoding_s / frames:.2f}, "
          f"ratio {sum(spent.values()) / decoding_s:.2f}")  # fmt: skip


def report(best: dict[str, float], labels: dict[str, str]) -> None:
    counted = {file: label for file, label in labels.items() if label}
    wanted = [file for file, label in counted.items() if label == "1"]
    print("\nscore bound: precision, recall")
    for bound in (0.2, 0.35, 0.5, 0.65, 0.8):
        kept = [file for file in counted if best.get(file, 0.0) >= bound]
        hits = len(set(kept) & set(wanted))
        print(f"    {bound:.2f}: {hits / max(len(kept), 1):.2f} ({hits} of {len(kept)}), {hits / len(wanted):.2f}")
    for file, label in counted.items():
        if (best.get(file, 0.0) >= 0.5) != (label == "1"):
            print(f"wrong: {file}, label {label}, score {best.get(file, 0.0):.2f}")


if __name__ == "__main__":
    main()
