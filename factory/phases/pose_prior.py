"""Pose with a dynamic prior: as `Pose`, and what of the clip's objects was named, found and used."""

from dataclasses import dataclass

import pyarrow as pa

from factory.engine.work import Row
from factory.manifest.prior_columns import PRIOR
from factory.phases.naming import Naming
from factory.phases.pose import Pose
from factory.prior.object_masks import ObjectMasks
from factory.stage import Outcome

NAMES = ("pose_from", "named_ratio", "pose_refined", "object_moving_ratio")


@dataclass(frozen=True, kw_only=True)
class PosePrior(Pose):
    """See `conf/phase/pose_prior.yaml`."""

    def columns(self) -> tuple[pa.Field, ...]:
        return (*super().columns(), *PRIOR)

    def rows(self, outcome: Outcome) -> list[Row]:
        values = outcome.record.values
        (row,) = super().rows(outcome)
        row |= {name: values[name] for name in NAMES if name in values}
        if "naming" in values:
            naming: Naming = values["naming"]
            if naming.said is not None:
                row |= {f"prior_{name}": getattr(naming.said, name) for name in ("tokens_in", "tokens_out", "usd")}
        if "object_masks" in values:
            found: ObjectMasks = values["object_masks"]
            row |= {"prior": found.by, "prior_note": found.note, "object_names": list(found.names)}
        return [row]
