"""A file of tracks and a picture of depth for the pages of stereo clips: read when one of them is looked at."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from factory.artifacts import read_arrays
from factory.data.opened import Output
from factory.errors import StorageError
from factory.report.scene import depth_picture, places, tracks_of
from factory.report.shards import plain, write_shard
from factory.stereo.depth_file import read_depth
from factory.storage.local import write_atomic
from factory.storage.output import Storage
from factory.storage.places import safe
from factory.world.artifact import read_world_tracks

MOST = 100  # clips of a report, the accepted ones first: 200 frames take some seconds to read, and nobody looks at more
FOLDER = "scenes"

Row = Mapping[str, Any]


def add_scenes(output: Output, world: str, ids: Sequence[str], folder: Path) -> dict[str, dict[str, Any]]:
    """Writes <folder>/scenes/<name>.js and .webp for the first of the clips `ids` that have tracks in the phase
    `world`. Those of a report before are kept, as a name stands for a content, and others go.

    By id what a clip's page is told: `scene`, the name; or `unread`, sentences about files that cannot be read.
    """
    table = output.arrow(world, ["clip_id", "fingerprint", "world_tracks", "depth"])
    rows = {row["clip_id"]: row for row in table.to_pylist() if row["world_tracks"] is not None}
    wanted = [clip_id for clip_id in ids if clip_id in rows][:MOST]
    names = {clip_id: f"{safe(clip_id)}-{safe(str(rows[clip_id]['fingerprint']))[:20]}" for clip_id in wanted}
    kept = set(names.values())
    for old in (folder / FOLDER).glob("*"):
        if old.stem not in kept:
            old.unlink()
    told: dict[str, dict[str, Any]] = {}
    for clip_id, name in names.items():
        told[clip_id] = {"scene": name}
        if (folder / FOLDER / f"{name}.js").exists():
            continue
        try:
            write_shard(folder / FOLDER, name, _scene(output.storage, rows[clip_id], folder / FOLDER, name))
        except StorageError as error:
            told[clip_id] = {"unread": [str(error)]}
    return told


def _scene(storage: Storage, row: Row, folder: Path, name: str) -> dict[str, Any]:
    """tracks: see `tracks_of`. depth, where any is kept: `src` of the picture, which is written, numbers of its frames
    in the source, and `metres`, where colours end."""
    tracks = read_world_tracks(storage.read(storage.artifact(row["world_tracks"])))
    told: dict[str, Any] = {"tracks": tracks_of(tracks)}
    if row["depth"] is not None:
        content = storage.read(storage.artifact(row["depth"]))
        depth = read_depth(content, places(read_arrays(content, "frame_index")["frame_index"].size))
        picture, metres = depth_picture(depth)
        write_atomic(folder / f"{name}.webp", picture)
        told["depth"] = {"src": f"{FOLDER}/{name}.webp", "metres": plain(metres), "frames": depth.frame_index.tolist()}
    return told
