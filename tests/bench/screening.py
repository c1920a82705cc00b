"""Measures what ingest and filter cost: CPU seconds a minute of video. Not a test: nothing is asserted.

    python -m tests.bench.screening VIDEO ... [--settings key=value ...]

One process, stage by stage as the phases run them, with the cascade: what a clip is refused for early spares the rest.
Beside it what bare decoding of the same files costs. On a busy machine compare ratios, of runs at the same time.
"""

import argparse
from collections import defaultdict
from pathlib import Path
from time import process_time

import av
import cv2

from factory.clip import Clip, ClipRecord
from factory.commands.compose import configured
from factory.ingest.identify import IdentifySource
from factory.phases.ingest import Ingest
from factory.stage import Chain, Rejected


def bare_decoding_s(path: Path) -> float:
    begin = process_time()
    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        for _ in container.decode(video=0):
            pass
    return process_time() - begin


def run(chain: Chain, record: ClipRecord, spent: dict[str, float]) -> ClipRecord | Rejected:
    for name, stage in chain:
        begin = process_time()
        result = stage(record)
        spent[name] += process_time() - begin
        if isinstance(result, Rejected):
            return result
        record = result
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--settings", nargs="*", default=[], help="of the configuration")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    cfg = configured(["source=none", "output=none", *options.settings])
    reading, judging = cfg.phases["ingest"], cfg.phases["filter"]
    assert isinstance(reading, Ingest)
    ingest: Chain = (("identify", IdentifySource()), ("survey", reading.survey), ("cut", reading.cut))
    screen = judging.chain()
    for _, stage in screen:
        if (setup := getattr(stage, "setup", None)) is not None:
            setup()
    spent, bare_s, seconds, clips, kept = defaultdict[str, float](float), 0.0, 0.0, 0, 0
    for path in options.videos:
        bare_s += bare_decoding_s(path)
        source = ClipRecord(Clip("source", str(path), 0.0, 0.0, 0, 0, 0.0, 0, 0), {"path": path})
        found = run(ingest, source, spent)
        assert isinstance(found, ClipRecord)
        seconds += float(found["survey"].ends_s[-1] - found["survey"].times_s[0])
        for span in found["spans"]:
            if not span.reasons:
                clips += 1
                kept += not isinstance(run(screen, ClipRecord(span.clip, {"path": path}), spent), Rejected)
    minutes, all_s = seconds / 60, sum(spent.values())
    print(f"{len(options.videos)} videos, {minutes:.1f} minutes; of {clips} clips {kept} are kept")
    print(f"bare decoding {bare_s / minutes:.2f} s a minute; ingest and filter {all_s / minutes:.2f}, of which")
    for name, used_s in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"  {name:12}{used_s / minutes:6.2f}")


if __name__ == "__main__":
    main()
