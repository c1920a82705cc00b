"""A file of tracks and a picture of depth for the pages of clips that have any: read when one of them is looked at."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from factory.artifacts import read_arrays
from factory.data.opened import Output
from factory.depth.file import read_mono_depth
from factory.errors import StorageError
from factory.manifest.read import read_schema
from factory.report.judged import Judged
from factory.report.scene import depth_picture, mono_picture, places, tracks_of
from factory.report.shards import plain, write_shard
from factory.stereo.depth_file import read_depth
from factory.storage.local import write_atomic
from factory.storage.output import Storage
from factory.storage.places import safe
from factory.world.artifact import read_world_tracks

MOST = 100  # clips of a report, the accepted ones first: 200 frames take some seconds to read, and nobody looks at more
FOLDER = "scenes"

STEREO = ("world_tracks", "depth")  # columns; clips that lack the first have no scene
MONO = ("mono_depth", "scale_m")

Row = Mapping[str, Any]
Maker = Callable[[Storage, Row, Path, str], dict[str, Any]]


def add_scenes(output: Output, by: Judged, ids: Sequence[str], folder: Path) -> dict[str, dict[str, Any]]:
    """Writes <folder>/scenes/<name>.js and .webp for the first of the clips `ids` that have tracks in the world, or
    depth of one eye. Those of a report before are kept, as a name stands for a content, and others go.

    By id what a clip's page is told: `scene`, the name; or `unread`, sentences about files that cannot be read.
    """
    makers: dict[str, list[tuple[Maker, Row]]] = {}
    kinds: list[tuple[str | None, Sequence[str], Maker]] = [(by.world, STEREO, _stereo), (by.deep, MONO, _mono)]
    for phase, columns, maker in kinds:
        made = [] if phase is None else _rows(output, phase, columns)
        for row in made:
            makers.setdefault(row["clip_id"], []).append((maker, row))
    wanted = [clip_id for clip_id in ids if clip_id in makers][:MOST]
    names = {clip_id: _name(clip_id, [row for _, row in makers[clip_id]]) for clip_id in wanted}
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
            parts = [make(output.storage, row, folder / FOLDER, name) for make, row in makers[clip_id]]
            write_shard(folder / FOLDER, name, {key: value for part in parts for key, value in part.items()})
        except StorageError as error:
            told[clip_id] = {"unread": [str(error)]}
    return told


def _name(clip_id: str, rows: Sequence[Row]) -> str:
    """The last phase's fingerprint knows those of the phases before it, but not of phases beside it."""
    return "-".join([safe(clip_id), *(safe(str(row["fingerprint"]))[:20] for row in rows)])


def _rows(output: Output, phase: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Those that have the first of the columns; of an older release's manifests without what it did not write."""
    known = set(read_schema(output.storage, phase).names)
    table = output.arrow(phase, ["clip_id", "fingerprint", *(name for name in columns if name in known)])
    rows: list[dict[str, Any]] = table.to_pylist()
    return [row for row in rows if row[columns[0]] is not None]


def _stereo(storage: Storage, row: Row, folder: Path, name: str) -> dict[str, Any]:
    """tracks: see `tracks_of`. depth, where any is kept: `src` of the picture, which is written, numbers of its frames
    in the source, and `metres`, where colours end."""
    tracks = read_world_tracks(storage.read(storage.artifact(row["world_tracks"])))
    told: dict[str, Any] = {"tracks": tracks_of(tracks)}
    if row.get("depth") is not None:
        content = storage.read(storage.artifact(row["depth"]))
        depth = read_depth(content, places(read_arrays(content, "frame_index")["frame_index"].size))
        picture, metres = depth_picture(depth)
        write_atomic(folder / f"{name}.webp", picture)
        told["depth"] = {"src": f"{FOLDER}/{name}.webp", "metres": plain(metres), "frames": depth.frame_index.tolist()}
    return told


def _mono(storage: Storage, row: Row, folder: Path, name: str) -> dict[str, Any]:
    """mono: true. depth: as stereo's, but `ends` in metres where `metric`, else in the unit of the poses, in place of
    `metres`."""
    whole = read_mono_depth(storage.read(storage.artifact(row["mono_depth"])))
    some = places(len(whole.frame))
    depth = replace(whole, frame=whole.frame[some], depth=whole.depth[some], origin=whole.origin[some])
    picture, ends = mono_picture(depth)
    write_atomic(folder / f"{name}.webp", picture)
    scale_m = row.get("scale_m")
    shown = [end * (scale_m or 1.0) for end in ends]
    told = {"src": f"{FOLDER}/{name}.webp", "frames": depth.frame.tolist(), "ends": plain(shown)}
    return {"mono": True, "depth": {**told, "metric": scale_m is not None}}
