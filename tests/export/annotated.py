"""An output with world tracks, written without running anything, and a reader of Stereo4D's files that knows no more
than their table of fields."""

import numpy as np

from factory.data import Output
from factory.manifest.phases import coming_from
from factory.manifest.schema import COMMON, INGEST, schema
from factory.manifest.stereo_columns import WORLD
from factory.manifest.write import parquet_of_rows
from factory.storage.output import Storage
from factory.world.artifact import pack_world_tracks

TURNS = np.stack([np.eye(3), [[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]])
BOUNDS = (-89.9, 89.9, -89.5, 89.5)
PATH = "artifacts/ab/clip/world/f/world_tracks.npz"


def annotated(place, tracks, **changes):
    """An output of one clip; changes: of the row of the world phase."""
    common = {"clip_id": "ab" * 10, "source": "/far/walk in town.mp4", "source_start_s": 1.0, "source_end_s": 3.0}
    common |= {"status": "ok", "reasons": [], "fingerprint": "f", "attempt": 1}
    row = {"rectified2rig": TURNS.ravel().tolist(), "fov_bounds": list(BOUNDS), "world_tracks": PATH, **changes}
    storage = Storage.at(place)
    storage.write(storage.artifact(PATH), pack_world_tracks(tracks))
    storage.write(storage.part("ingest", "1"), parquet_of_rows([common], schema(*COMMON, *INGEST)))
    columns = coming_from(schema(*COMMON, *WORLD), "ingest")
    storage.write(storage.part("world", "1"), parquet_of_rows([{**common, **row}], columns))
    return Output.at(place)


def dense(path):
    """Fields, and the tracks as (K, T, 3), NaN where absent."""
    with np.load(path, allow_pickle=False) as file:
        fields = {name: file[name] for name in file.files}
    found = np.full((len(fields["track_lengths"]), len(fields["timestamps"]), 3), np.nan)
    ends = np.cumsum(fields["track_lengths"])
    for number, (end, length) in enumerate(zip(ends, fields["track_lengths"], strict=True)):
        samples = slice(end - length, end)
        found[number, fields["track_indices"][samples]] = fields["track_coordinates"][samples]
    return fields, found
