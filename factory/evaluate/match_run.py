"""Static matches of every clip that a run has tried to pose, as a file that `evaluate reprojection` takes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from factory.console.counting import counting
from factory.errors import StorageError
from factory.evaluate.frames import FrameFolder, frame_folders
from factory.evaluate.made_matches import made_matches
from factory.evaluate.masks import read_mask
from factory.evaluate.sampson import COLUMNS, Matches
from factory.fetch import Fetch
from factory.manifest.phases import phase_with
from factory.manifest.query import query
from factory.manifest.schema import ROOT
from factory.phases.phase import clip_record, clips_from
from factory.storage.output import Storage
from factory.video import clip_frames


def matches_of_run(output: Path, masks: Path | None = None, only: Sequence[str] = ()) -> Iterator[Matches]:
    """Matches of each clip, in pixels of the whole displayed frame, between the frames that its solver sampled.

    masks: a folder of true masks, as for `evaluate masks`; a clip without any is matched everywhere. only: stems of
    sources; all by default. Tells how far it is. Raises StorageError, SourceError.
    """
    storage = Storage.at(output)
    moving = [] if masks is None else frame_folders(masks, "masks", (".png",))
    if (phase := phase_with(storage, "frame_index")) is None:
        raise StorageError(f"{output} holds no sampled frames: no clip has reached a phase that poses it.")
    sql = f'SELECT clip_id, frame_index FROM "{phase}" WHERE frame_index IS NOT NULL'
    sampled = {r["clip_id"]: r["frame_index"] for r in query(storage, sql).to_arrow_table().to_pylist()}
    sql = f'SELECT clip_id, source_width, source_height FROM "{ROOT}"'
    sizes = {r["clip_id"]: r for r in query(storage, sql).to_arrow_table().to_pylist()}
    fetch = Fetch()
    rows = [row for row in clips_from(storage, ROOT, ()).to_pylist() if row["clip_id"] in sampled]
    rows = [row for row in rows if not only or Path(row["source"]).stem in only]
    with counting("clips matched", len(rows)) as (say, step):
        for row in rows:
            stem, wanted = Path(row["source"]).stem, set(sampled[row["clip_id"]])
            record = fetch(clip_record(row))
            try:
                frames = [f for f in clip_frames(record["path"], record.clip, grey=True) if f.index in wanted]
            finally:
                fetch.release()
            size = (sizes[row["clip_id"]]["source_width"], sizes[row["clip_id"]]["source_height"])
            crop = record.clip.crop or (0, 0, *size)
            hidden = [_moving(moving, stem, f.index, crop) for f in frames]
            yield _of_whole_frames(made_matches(stem, frames, hidden), crop, size)
            say(f"{step()} of {len(rows)}: {stem}")


def write_matches(found: Sequence[Matches], path: Path) -> int:
    """Writes them as Parquet; returns how many. Raises StorageError where there is none."""
    rows = [np.column_stack([m.times_s, m.xy_i, m.xy_j, m.size]) for m in found]
    count = sum(len(part) for part in rows)
    if not count:
        raise StorageError("no static matches were found: nothing is written.")
    values = np.concatenate(rows)
    names = pa.array(np.repeat([m.clip for m in found], [len(part) for part in rows]).tolist(), pa.string())
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table([names, *(values[:, k] for k in range(values.shape[1]))], names=list(COLUMNS)), path)
    return count


def _of_whole_frames(found: Matches, crop: tuple[int, int, int, int], size: tuple[int, int]) -> Matches:
    """Pixels of the cropped picture, shrunk where it is a large one, as pixels of the whole frame of `size`."""
    left, top, width, height = crop
    scale, corner = np.array([width, height]) / found.size, np.array([left, top]) - 0.5
    xy_i, xy_j = ((xy + 0.5) * scale + corner for xy in (found.xy_i, found.xy_j))
    return Matches(found.clip, found.times_s, xy_i, xy_j, np.tile(np.array(size, float), (len(scale), 1)))


def _moving(
    folders: Sequence[FrameFolder], stem: str, number: int, crop: tuple[int, int, int, int]
) -> np.ndarray | None:
    files = next((folder.files for folder in folders if stem in folder.names), {})
    if number not in files:
        return None
    left, top, width, height = crop
    return read_mask(files[number])[top : top + height, left : left + width]
