"""A data set for the Hugging Face hub: Parquet of poses and cameras, and a card that tells what is in it."""

from collections import Counter
from pathlib import Path

import pyarrow as pa

from factory.export.card import card
from factory.export.clips import POSES
from factory.export.selection import Selection, table_of
from factory.manifest.read import read_schema
from factory.manifest.schema import ROOT, artifacts_of
from factory.manifest.write import parquet_of
from factory.storage.local import write_atomic
from factory.storage.names import is_http
from factory.storage.output import Storage
from factory.storage.places import is_s3

NEEDS = POSES
FILE_ROWS = 10_000  # of some 40 kB before compression: files of 100 to 400 MB
OURS = {"attempt", "failed_stage", "error_type", "error", "raised_at", "log"}  # of the run, not of the clip
FROM_INGEST = ("content_hash", "crop_x", "crop_y", "source_width", "source_height")


def export(storage: Storage, phase: str, dest: Path, selection: Selection) -> Counter[str]:
    """Writes `data/train-<number>-of-<count>.parquet` and `README.md`; returns how many clips by status.

    A row a clip with the columns of the phase (the card tells each), and of ingest what leads to its frames: the hash
    of the source's bytes, and its size and black bars, which the camera's pixels do not count. No pictures, tracks or
    masks. Of local sources only the file's name is told, of others the URI. The card's licence is `unknown` until
    somebody who knows it fills it in.
    """
    table, meanings = _table(storage, phase, selection)
    count = max(1, -(-len(table) // FILE_ROWS))
    for number in range(count):
        part = table.slice(number * FILE_ROWS, FILE_ROWS)
        write_atomic(dest / "data" / f"train-{number:05d}-of-{count:05d}.parquet", parquet_of(part))
    write_atomic(dest / "README.md", card(table, meanings).encode())
    return Counter(table["status"].to_pylist())


def _table(storage: Storage, phase: str, selection: Selection) -> tuple[pa.Table, dict[str, str]]:
    """The rows, and what each column means."""
    known = {field.name: field for field in [*read_schema(storage, ROOT), *read_schema(storage, phase)]}
    out = OURS | set(artifacts_of(read_schema(storage, phase)).values())
    names = [name for name in read_schema(storage, phase).names if name not in out]
    wanted = [*names, *(name for name in FROM_INGEST if name in known and name not in names)]
    taken = ("clip_id", "source", "source_start_s")  # come with every table
    columns = [f'{"p" if name in names else "i"}."{name}"' for name in wanted if name not in taken]
    table = table_of(storage, phase, selection, NEEDS, ", ".join(columns)).select(wanted)
    table = table.cast(pa.schema([pa.field(name, known[name].type) for name in wanted]))
    shown = pa.array([_public(source) for source in table["source"].to_pylist()], pa.string())
    table = table.set_column(table.column_names.index("source"), "source", shown)
    return table, {name: (known[name].metadata or {}).get(b"meaning", b"").decode() for name in wanted}


def _public(source: str) -> str:
    """Folders of one's own machine are nobody's business."""
    return source if is_http(source) or is_s3(source) else source.rpartition("/")[2]
