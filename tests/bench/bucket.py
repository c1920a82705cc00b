"""The main job on a folder of videos, here and in a bucket of a real S3 server: are the manifests equal, and what does
the bucket cost?

    python -m tests.bench.bucket MEDIA [key=value ...]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from factory.storage.open import place_of
from factory.storage.sources import find_sources
from tests.phases.compare import comparable
from tests.s3 import server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path)
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        running = server.start(Path(folder) / "s3")
        try:
            os.environ.update(running.env)
            compare(str(options.media.resolve()), Path(folder), options.words)
        finally:
            running.stop()


def compare(media: str, folder: Path, words: list[str]) -> None:
    import boto3

    boto3.client("s3").create_bucket(Bucket="bench")
    place = place_of("s3://bench")
    for path in find_sources(media)["source"].to_pylist():
        place.write(f"s3://bench/in{path.removeprefix(media)}", Path(path).read_bytes())
    places = {"here": (media, str(folder / "out")), "bucket": ("s3://bench/in", "s3://bench/out")}
    for name, (source, output) in places.items():
        begin = time.perf_counter()
        command = [sys.executable, "-m", "factory", "run", f"source={source}", f"output={output}"]
        subprocess.run([*command, f"storage.cache_dir={folder}/cache", *words], check=True)
        print(f"{name}: {time.perf_counter() - begin:.1f} s", flush=True)
    for phase in ("ingest", "filter", "pose"):
        here, there = (comparable(output, phase, source) for source, output in places.values())
        counts = dict(Counter(row["status"] for row in here))
        print(f"{phase}: {len(here)} and {len(there)} rows, {'equal' if here == there else 'DIFFERENT'}; {counts}")
        for one, other in zip(here, there, strict=False):
            for column in [name for name in one if one[name] != other.get(name)]:
                print(f"  {one['source']} {column}: {str(one[column])[:100]} | {str(other.get(column))[:100]}")


if __name__ == "__main__":
    main()
