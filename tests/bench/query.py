"""Queries over manifests of DynPose-100K's size: 3.2 million filter rows, 100 thousand pose rows, made up.

    python -m tests.bench.query [FOLDER] [--rows N]     FOLDER keeps the manifests for another time

Parts are of 256 rows, as a run commits them; each query is a process of its own (`factory query`), asked before and
after `factory compact`.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from factory.filters.features import FEATURES
from factory.manifest.schema import COMMON, FILTER, POSE, features_schema, schema
from factory.manifest.write import parquet_of
from factory.storage.output import Storage

FILTER_ROWS, POSE_ROWS, PART_ROWS, FRAMES = 3_200_000, 100_000, 256, 96
QUERIES = {
    "funnel": "SELECT status, count(*) FROM filter GROUP BY 1",
    "reasons": "SELECT split_part(reasons[1], ':', 1) AS rule, count(*) FROM filter WHERE status = 'rejected' "
    "GROUP BY 1 ORDER BY 2 DESC",
    "features of the kept": "SELECT median(flow_mean), median(focal_ratio), median(moving_share) FROM filter "
    "WHERE status = 'ok'",
    "near a bound": "SELECT clip_id, source, score FROM filter WHERE score BETWEEN 0.49 AND 0.5 "
    "ORDER BY score DESC LIMIT 100",
    "one source": "SELECT * FROM filter WHERE source = 's3://bucket/videos/234/000001234.mp4'",
    "poses that hold": "SELECT p.clip_id, p.focal_px, f.score FROM pose p JOIN filter f USING (clip_id) "
    "WHERE p.status = 'ok' AND p.half_ate_percent < 0.5 AND p.registered_ratio = 1 ORDER BY f.score DESC LIMIT 1000",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=FILTER_ROWS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        output = options.folder or Path(scratch)
        storage = Storage.at(output)
        if not storage.phases():
            make(storage, options.rows)
        ask(storage, output)
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-m", "factory", "compact", str(output)], check=True)
        print(f"compact: {time.perf_counter() - begin:.1f} s")
        ask(storage, output)


def ask(storage: Storage, output: Path) -> None:
    print(f"{len(storage.parts('filter'))} and {len(storage.parts('pose'))} parts")
    for name, sql in QUERIES.items():
        begin = time.perf_counter()
        command = [sys.executable, "-m", "factory", "query", str(output), sql, "--format", "json"]
        rows = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.count("{")
        if not rows:
            raise ValueError(f"query '{name}' finds nothing: what it costs would say nothing")
        print(f"  {name:22} {time.perf_counter() - begin:6.2f} s  {rows} rows", flush=True)


def make(storage: Storage, rows: int) -> None:
    rng = np.random.default_rng(0)
    posed = max(1, rows * POSE_ROWS // FILTER_ROWS)
    for begin in range(0, rows, 200_000):
        write(storage, "filter", filter_rows(rng, begin, min(200_000, rows - begin)), begin)
    for begin in range(0, posed, 10_000):
        write(storage, "pose", pose_rows(rng, begin, min(10_000, posed - begin)), begin)


def write(storage: Storage, phase: str, table: pa.Table, begin: int) -> None:
    for at in range(0, len(table), PART_ROWS):
        storage.write(storage.part(phase, f"{begin + at:08d}"), parquet_of(table.slice(at, PART_ROWS)))


def common(numbers: range, status: np.ndarray, reasons: list[list[str]]) -> dict[str, object]:
    count = len(numbers)
    return {
        "clip_id": [f"{n * 2654435761 % 2**64:020x}" for n in numbers],
        "source": [f"s3://bucket/videos/{n // 4 % 1000:03d}/{n // 4:09d}.mp4" for n in numbers],
        "source_start_s": [float(8 * (n % 4)) for n in numbers],
        "source_end_s": [float(8 * (n % 4) + 8) for n in numbers],
        "status": status.tolist(),
        "reasons": reasons,
        "fingerprint": ["0123456789abcdef0123"] * count,
        "attempt": [1] * count,
    }


def filter_rows(rng: np.random.Generator, begin: int, count: int) -> pa.Table:
    """Kept: one in 32, every 32nd, so that the pose rows are theirs."""
    numbers = range(begin, begin + count)
    kept = np.array([n % 32 == 0 for n in numbers])
    rules = rng.choice(list(FEATURES), count)
    reasons = [[] if k else [f"{rule}: {0.3:.2f} is below 0.5 (C2)"] for k, rule in zip(kept, rules, strict=True)]
    values = common(numbers, np.where(kept, "ok", "rejected"), reasons)
    values["score"] = np.where(kept, rng.uniform(0.5, 1, count), rng.uniform(0, 0.5, count))
    for name in FEATURES:
        spared = rng.uniform(size=count) < 0.5  # a rejected clip leaves the cascade somewhere
        values[name] = pa.array(rng.normal(size=count), mask=spared & ~kept)
    return of_schema(values, schema(*COMMON, *FILTER, *features_schema(FEATURES)))


def pose_rows(rng: np.random.Generator, begin: int, count: int) -> pa.Table:
    numbers = range(32 * begin, 32 * (begin + count), 32)
    values = common(numbers, np.where(rng.uniform(size=count) < 0.9, "ok", "rejected"), [[]] * count)
    values["half_ate_percent"] = rng.exponential(0.3, count)
    values["registered_ratio"] = np.where(rng.uniform(size=count) < 0.8, 1.0, rng.uniform(0.5, 1, count))
    values["focal_px"] = rng.uniform(300, 900, count)
    poses = pa.FixedSizeListArray.from_arrays(pa.array(rng.normal(size=count * FRAMES * 16)), 16)
    offsets = pa.array(np.arange(0, (count + 1) * FRAMES, FRAMES), pa.int32())
    values["world_from_cam"] = pa.ListArray.from_arrays(offsets, poses.cast(pa.list_(pa.float64())))
    values["timestamps"] = pa.ListArray.from_arrays(offsets, pa.array(np.tile(np.arange(FRAMES) / 12.0, count)))
    return of_schema(values, schema(*COMMON, *POSE))


def of_schema(values: dict[str, object], wanted: pa.Schema) -> pa.Table:
    count = len(values["clip_id"])
    columns = [values.get(field.name) for field in wanted]
    arrays = [
        pa.nulls(count, f.type) if v is None else pa.array(v).cast(f.type) for f, v in zip(wanted, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=wanted)


if __name__ == "__main__":
    main()
