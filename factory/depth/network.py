"""A network's depth of single pictures, brought to what is known of a clip: scale and shift a frame, then a grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from factory.construct import Count, NotNegative, Share
from factory.depth.align import ScaleShift, as_inverse
from factory.depth.deform import Deform, Known
from factory.depth.maps import SWEPT
from factory.depth.posed import Anchors, Posed, values_at
from factory.models.roles import DepthMaps


@dataclass
class BringNetwork:
    """See `align` and `deform`."""

    step_px: Count = 4  # of the sure pixels that the grid is brought to
    sure_weight: NotNegative = 0.5  # of each, a point of the scene being one
    # Of the picture's width: so near to what moves nothing is believed of the network. Networks bleed over edges, and
    # what is mended beside a near thing pushes the thing away: AbsRel of what moves 0.102, 0.156, 0.163, 0.115 without,
    # 0.086, 0.142, 0.157, 0.097 so, at 0.05 as without it (four rendered clips).
    halo: Share = 0.02
    align: ScaleShift = field(default_factory=ScaleShift)
    deform: Deform = field(default_factory=Deform)

    def aligned(self, posed: Posed, seen: Anchors, prior: DepthMaps, frames: Sequence[int]) -> dict[int, np.ndarray]:
        """Inverse depths in the poses' unit, float32 (h, w), of those of the frames that see enough points: each by a
        scale and a shift of its own. Raises ValueError where the network's depth is of other pictures."""
        given, found = as_inverse(prior), {}
        if given.shape != posed.moving.shape:
            raise ValueError(f"the network's depth is {given.shape}, the frames are {posed.moving.shape}")
        for frame in frames:
            own = seen.of(frame)
            fit = self.align(values_at(given[frame], own.xy), own.inverse, np.ones(len(own.frame)))
            if fit is not None:
                found[frame] = (fit[0] * given[frame] + fit[1]).astype(np.float32)
        return found

    def deformed(
        self,
        posed: Posed,
        seen: Anchors,
        aligned: Mapping[int, np.ndarray],
        measured: Mapping[int, tuple[np.ndarray, np.ndarray]],
    ) -> dict[int, np.ndarray]:
        """`aligned` times the grid. measured: of frames, depth float32 (h, w) and where it comes from."""
        if not aligned:
            return {}
        frames = sorted(aligned)
        reach = round(self.halo * posed.size[0])
        near = {f: cv2.dilate(posed.moving[f].astype(np.uint8), np.ones((2 * reach + 1,) * 2)) > 0 for f in frames}
        told = [self._told(seen.of(f), aligned[f], measured.get(f), near[f], place) for place, f in enumerate(frames)]
        known = Known(*(np.concatenate(each) for each in zip(*told, strict=True)))
        factors = self.deform(known, len(frames), aligned[frames[0]].shape[::-1])
        return {frame: factors[place] * aligned[frame] for place, frame in enumerate(frames)}

    def _told(
        self,
        own: Anchors,
        aligned: np.ndarray,
        measured: tuple[np.ndarray, np.ndarray] | None,
        near: np.ndarray,
        place: int,
    ) -> tuple[np.ndarray, ...]:
        """What is known of a frame, as `Known` has it, but not `near`, bool (h, w), what moves."""
        xy, inverse, weight = own.xy, own.inverse, np.ones(len(own.frame))
        if measured is not None:
            depth, origin = measured
            y, x = np.nonzero(origin[:: self.step_px, :: self.step_px] == SWEPT)
            y, x = y * self.step_px, x * self.step_px
            xy = np.concatenate([xy, np.stack([x, y], axis=1)])
            inverse = np.concatenate([inverse, 1.0 / depth[y, x]])
            weight = np.concatenate([weight, np.full(len(x), self.sure_weight)])
        there = values_at(aligned, xy)
        good = np.isfinite(there) & (there > 0) & ~values_at(near, xy)
        frame = np.full(int(good.sum()), place)
        return frame, xy[good], there[good].astype(float), inverse[good], weight[good]
