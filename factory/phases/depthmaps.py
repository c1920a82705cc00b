"""Depth maps: posed clips in, depth maps in the unit of the poses out."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from factory.declared import ClipPhase
from factory.depth.maps import FILLED, FUSED, PRIOR, SWEPT, MonoDepth
from factory.engine.work import Row
from factory.manifest.schema import artifact, column
from factory.phases.phase import common_row
from factory.stage import Outcome

DEPTH = (
    column("depth_frames", pa.int64(), "frames that have depth; the others are seen from beside by none"),
    column("sure_ratio", pa.float64(), "share of their pixels that was measured and confirmed by other frames"),
    column("fused_ratio", pa.float64(), "share measured in other frames"),
    column("filled_ratio", pa.float64(), "share filled between what was measured, with regard to edges"),
    column("network_ratio", pa.float64(), "share by a network, brought to what was measured"),
    column(
        "agreement",
        pa.float64(),
        "of all measured pixels the share that other frames confirm; a wrong path or lens it does not tell: see the "
        "pose phase's quality and focal_reliable",
    ),
    column("focal_reliable", pa.bool_(), "as the pose phase says; depth is off by twice what the focal length is"),
    column(
        "scale_m",
        pa.float64(),
        "metres a unit of the poses and of mono_depth, by a network whose depth is metric; null without one",
    ),
    column(
        "scale_spread",
        pa.float64(),
        "by how much single frames differ from scale_m, as a share; what the network has wrong in all frames it does "
        "not tell",
    ),
    artifact("mono_depth.npz", "depth of the frames, in the unit of the poses, and where each pixel has it from"),
)


@dataclass(frozen=True, kw_only=True)
class DepthPhase(ClipPhase):
    """See `conf/phase/depthmaps.yaml`."""

    def columns(self) -> tuple[pa.Field, ...]:
        return DEPTH

    def rows(self, outcome: Outcome) -> list[Row]:
        values = outcome.record.values
        row = {**common_row(outcome), **values.get("artifacts", {})}
        if "mono_depth" in values:
            found: MonoDepth = values["mono_depth"]
            kinds = {"sure": SWEPT, "fused": FUSED, "filled": FILLED, "network": PRIOR}
            row |= {f"{name}_ratio": float(np.mean(found.origin == kind)) for name, kind in kinds.items()}
            row |= {"depth_frames": len(found.frame), "agreement": found.agreement}
            row["focal_reliable"] = found.focal_reliable
        if (metres := values.get("metres")) is not None:
            row |= {"scale_m": metres.scale_m, "scale_spread": metres.spread}
        return [row]
