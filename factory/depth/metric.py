"""How many metres a unit of the poses is, by a network whose depth of single pictures is metric."""

from dataclasses import dataclass

import numpy as np

from factory.construct import Count
from factory.depth.posed import Anchors, values_at
from factory.models.roles import DepthMaps

SD_OF_MAD = 1.4826  # of a normal distribution, the standard deviation by the median absolute deviation


@dataclass(frozen=True)
class Metres:
    """scale_m: metres a unit of the poses. spread: by how much the frames' own scales differ from it, as a share: 1.48
    times the median of their distances, in logarithms. It tells how far the network agrees with itself, not what all
    its frames have wrong alike: a clip of one place is off by as much as the network is there."""

    scale_m: float
    spread: float


@dataclass
class MetricScale:
    """Median over frames of each frame's median of metric depth by the depth of the scene's points. What moves and
    what the network alone sees does not count."""

    least_points: Count = 12  # of a frame that counts, as `ScaleShift` asks; a guess
    least_frames: Count = 3  # a guess: of fewer no spread is known

    def __call__(self, seen: Anchors, prior: DepthMaps) -> Metres | None:
        """seen: points at rest, of the poses. prior: of all frames, of their size. None where the network's depth is
        not metric, or too few frames see enough points."""
        if prior.kind != "metric":
            return None
        depth_m, ratios = np.asarray(prior.values), []
        for frame in np.unique(seen.frame).tolist():
            own = seen.of(frame)
            found = values_at(depth_m[frame], own.xy).astype(float) * own.inverse
            found = found[np.isfinite(found) & (found > 0)]
            if len(found) >= self.least_points:
                ratios.append(np.median(found))
        if len(ratios) < self.least_frames:
            return None
        scale_m = float(np.median(ratios))
        return Metres(scale_m, SD_OF_MAD * float(np.median(np.abs(np.log(np.array(ratios) / scale_m)))))
