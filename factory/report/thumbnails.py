"""A still of clips that have no preview, as those are that the filter has rejected."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import pyarrow as pa
import pyarrow.compute as pc

from factory.data.opened import Output
from factory.errors import StorageError, VideoError
from factory.manifest.schema import ROOT
from factory.phases.phase import CLIP_COLUMNS, clip_record
from factory.report.gallery import Gallery
from factory.storage.local import write_atomic
from factory.storage.names import scheme_of
from factory.storage.places import safe
from factory.video import decode_span, small_image

MOST = 400  # of a report: each takes 0.05 to 0.2 s to decode, and nobody looks at more
SIDE_PX = 320
QUALITY = 60  # of WebP: 5 to 12 kB
AT_ONCE = 4


def add_thumbnails(output: Output, listed: Gallery, folder: Path) -> None:
    """Writes <folder>/thumbnails/<clip id>.webp of the first clips of the gallery that were rejected and have no
    poster, and puts them in its place; those of a report before are kept, as an id stands for a content.

    Only of sources on this machine: others would have to be fetched. Only of clips that a worker has decoded whole
    once: what kills a decoder has failed. A source that has changed or is gone since has none.
    """
    columns = listed.columns
    wanted = [
        place
        for place, (status, source) in enumerate(zip(columns["status"], columns["source"], strict=True))
        if status == "rejected" and columns["poster"][place] is None and scheme_of(source) in ("", "file")
    ][:MOST]
    if not wanted:
        return
    ids = [columns["id"][place] for place in wanted]
    rows = _rows(output, ids)

    def still(clip_id: str) -> str | None:
        name = f"thumbnails/{safe(clip_id)}.webp"
        if not (folder / name).exists():
            picture = None if clip_id not in rows else _still(output, rows[clip_id])
            if picture is None:
                return None
            write_atomic(folder / name, picture)
        return name

    with ThreadPoolExecutor(AT_ONCE) as pool:  # decoding lets other threads work
        for place, name in zip(wanted, pool.map(still, ids), strict=True):
            columns["poster"][place] = name


def _rows(output: Output, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of clips that have pictures; whole sources that were refused, as copies of others, have none."""
    table = output.arrow(ROOT, CLIP_COLUMNS)
    some = table.filter(
        pc.and_(pc.is_in(table["clip_id"], value_set=pa.array(ids, pa.string())), pc.is_valid(table["width"]))
    )
    return {row["clip_id"]: row for row in some.to_pylist()}


def _still(output: Output, row: dict[str, Any]) -> bytes | None:
    """The clip's first frame as WebP; None where it cannot be had any more."""
    clip = clip_record(row).clip
    try:
        held = output.cache.hold(clip.source, row["source_version"])
        frame = next(decode_span(held.path, clip, rough=True))
    except (StorageError, VideoError):
        return None
    picture = small_image(frame, clip, SIDE_PX, grey=False)
    return cv2.imencode(".webp", picture[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1].tobytes()
