"""The folder of a report: pages, their data, and where the previews lie."""

import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from factory.data.opened import Output
from factory.errors import ConfigError, OutputError
from factory.extras import install_command
from factory.manifest.read import READS_AT_ONCE
from factory.report.detail import Details
from factory.report.gallery import Gallery, gallery
from factory.report.judged import judged
from factory.report.overview import overview
from factory.report.scenes import add_scenes
from factory.report.shards import write_shard
from factory.report.thumbnails import add_thumbnails
from factory.storage.local import write_atomic
from factory.storage.names import real_path
from factory.storage.places import is_s3, safe

LINES_A_SHARD = 2000  # of the gallery: 0.5 MB
CLIPS_A_SHARD = 200  # with all their numbers: some MB, read when one of them is looked at
SEEN = ("preview", "poster")


@dataclass(frozen=True)
class Made:
    """index: the page to begin with. clips: how many the gallery has; previews: how many of them move."""

    index: Path
    clips: int
    previews: int


def write_report(output: Output, folder: Path, copy: bool = False, labels: Path | None = None) -> Made:
    """Writes or refreshes a report. copy: with the previews, so that the folder can be given away; of a bucket they are
    always copied. labels: see `factory evaluate filter`.

    Raises ConfigError without Plotly, OutputError where the folder cannot be written, and what reading raises.
    """
    by = judged(output)
    told = overview(output, by, labels)
    listed = gallery(output)
    _write_pages(folder)
    data = _emptied(folder / "data")
    _place_previews(output, listed, folder, copy or is_s3(output.storage.root))
    add_thumbnails(output, listed, folder)
    lines = _cut(listed.ids, LINES_A_SHARD)
    for number, some in enumerate(lines):
        part = {name: values[some] for name, values in listed.columns.items()}
        write_shard(data, f"clips-{number:03d}", part)
    details = Details(output, by, add_scenes(output, by, listed.ids, folder))
    seen = dict(zip(listed.ids, zip(*(listed.columns[name] for name in SEEN), strict=True), strict=True))
    ids = sorted(listed.ids)  # a page finds its clip by the first id of each shard
    parts = [ids[some] for some in _cut(ids, CLIPS_A_SHARD)]
    for number, each in enumerate(parts):
        found = details.of(each)
        write_shard(
            data,
            f"details-{number:03d}",
            [{**clip, **dict(zip(SEEN, seen[clip["id"]], strict=True))} for clip in found],
        )
    told |= {"words": listed.words, "shards": len(lines), "firsts": [each[0] for each in parts], "clips": len(ids)}
    write_shard(data, "overview", told)  # last: a page that finds it finds the others
    return Made(folder / "index.html", len(ids), sum(path is not None for path in listed.columns["preview"]))


def _cut(values: Sequence[str], size: int) -> list[slice]:
    return [slice(begin, begin + size) for begin in range(0, len(values), size)]


def _write_pages(folder: Path) -> None:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise ConfigError(f"Plotly is not installed: {install_command('report')}") from error
    for page in files("factory.report").joinpath("static").iterdir():
        write_atomic(folder / page.name, page.read_bytes())
    write_atomic(folder / "plotly.min.js", get_plotlyjs().encode())


def _emptied(folder: Path) -> Path:
    """Shards of a report before would lie about: there may have been more of them."""
    try:
        for old in folder.glob("*.js"):
            old.unlink()
    except OSError as error:
        raise OutputError(f"cannot write {folder} ({error.strerror}): allow writing there.") from error
    return folder


def _place_previews(output: Output, listed: Gallery, folder: Path, copy: bool) -> None:
    """Puts what the pages refer to in the place of the manifests' paths: copies as previews/<clip id>.mp4 and .webp,
    or the way from the folder to the artifacts."""
    copies = folder / "previews"
    if copies.exists():
        shutil.rmtree(copies)
    up = quote(os.path.relpath(real_path(output.storage.root), folder))

    def placed(clip_id: str, path: str | None) -> str | None:
        if path is None:
            return None
        uri = output.storage.artifact(path)
        if not copy:
            return f"{up}/{path}"
        name = f"{safe(clip_id)}{Path(path).suffix}"
        write_atomic(copies / name, output.storage.read(uri))
        return f"previews/{name}"

    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        for name in SEEN:
            listed.columns[name] = list(pool.map(placed, listed.ids, listed.columns[name]))
