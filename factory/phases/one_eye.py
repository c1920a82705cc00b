"""The world phase of clips of one camera: poses, depth and masks in, long tracks in world space out."""

from dataclasses import dataclass

import pyarrow as pa

from factory.declared import ClipPhase
from factory.engine.work import Row
from factory.manifest.schema import column
from factory.manifest.stereo_columns import WORLD
from factory.phases.phase import common_row
from factory.phases.world import counted
from factory.stage import Outcome

SHARED = ("sightings", "kept_ratio", "track_count", "moving_track_count", "tracks_per_frame", "world_tracks")
ONE_EYE = (
    *(field for field in WORLD if field.name in SHARED),
    column("static_track_count", pa.int64(), "tracks outside the masks whose rays meet in one point"),
    column(
        "moving_ratio",
        pa.float64(),
        "share of the sightings that are of tracks in the masks; null where some were left out and none was placed",
    ),
    column(
        "moving_lost_count",
        pa.int64(),
        "tracks that move and are left out: no network tells how far they are (depthmaps.stages.depth.prior), or they "
        "lie at an edge of depth",
    ),
)


@dataclass(frozen=True, kw_only=True)
class OneEyeWorld(ClipPhase):
    """See `conf/phase/world_one.yaml`."""

    def columns(self) -> tuple[pa.Field, ...]:
        return ONE_EYE

    def rows(self, outcome: Outcome) -> list[Row]:
        values = outcome.record.values
        row = {**common_row(outcome), **values.get("artifacts", {})}
        if "world_tracks" in values:
            row |= {**counted(values["world_tracks"], values["world_seen"]), "moving_lost_count": values["moving_lost"]}
            if row["moving_lost_count"] and not row["moving_track_count"]:
                row["moving_ratio"] = None
        return [row]
