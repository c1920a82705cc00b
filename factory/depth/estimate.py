"""Depth of a clip from its poses: sweep each frame, ask the others, fill what is left, or leave it to a network."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from factory.construct import Count, NotNegative, Positive, Share
from factory.depth.agree import Agreement
from factory.depth.align import ScaleShift, as_inverse
from factory.depth.deform import Deform, Known
from factory.depth.maps import FILLED, FUSED, NONE, PRIOR, SWEPT, MonoDepth
from factory.depth.plate import Plate
from factory.depth.neighbours import ChooseNeighbours
from factory.depth.posed import Anchors, Posed, anchors, closed
from factory.depth.sweep import PlaneSweep, Swept
from factory.models.roles import DepthMaps


@dataclass
class ClipDepth:
    """See `factory.depth`. Frames without a neighbour abstain, as do all of a camera that stands or only turns; pixels
    that move on their own have the network's depth, or none. With a network, frames without a neighbour have its depth.

    Memory: of F frames of h x w pixels some 40 F h w bytes, and 130 MB of one frame's planes at 320x180.
    """

    every: Count = 1  # of so many sampled frames one is estimated; of every third a fifth less is confirmed
    # Of the picture's width: gaps in the masks up to this are doubtful, nothing known there is believed.
    close: Share = 0.08
    range_percent: Positive = 0.5  # percentiles of the points' inverse depths, from both ends,
    range_below: Positive = 0.6  # and by how much the planes reach beyond them
    range_above: Positive = 1.3
    most_beyond: Positive = 4.0  # what the guide sees nearer than the points is believed up to so much; a guess
    point_weight: NotNegative = 1.0  # of a point of the scene in the fill, a sure pixel being one
    fused_weight: NotNegative = 0.5
    grid_step_px: Count = 4  # of the sure pixels that the grid is brought to
    grid_weight: NotNegative = 0.5  # of each, a point of the scene being one
    neighbours: ChooseNeighbours = field(default_factory=ChooseNeighbours)
    sweep: PlaneSweep = field(default_factory=PlaneSweep)
    agree: Agreement = field(default_factory=Agreement)
    guide: Plate = field(default_factory=lambda: Plate(side_px=80))  # 0.01 s; as exact as 160 but for thin things
    fill: Plate = field(default_factory=Plate)
    align: ScaleShift = field(default_factory=ScaleShift)
    deform: Deform = field(default_factory=Deform)

    def __call__(self, posed: Posed, prior: DepthMaps | None = None, focal_reliable: bool | None = None) -> MonoDepth:
        """prior: a network's depth of all F frames, of their size. Raises ValueError where it is of others."""
        doubtful = closed(posed.moving, round(self.close * posed.size[0]))
        seen = anchors(posed, doubtful)
        aligned = {} if prior is None else self.aligned(posed, seen, prior)
        swept = dict(self._swept(posed, seen, aligned))
        depth = {frame: _depth(found.inverse, posed.moving[frame]) for frame, found in swept.items()}
        sure, confirmed, measured = {}, 0, 0
        for frame, found in swept.items():
            agree = self.agree.confirmed(posed, depth, frame) >= self.agree.least
            sure[frame] = self.agree.supported(agree & (found.margin >= self.agree.least_margin) & ~doubtful[frame])
            confirmed, measured = confirmed + int(agree.sum()), measured + int(np.isfinite(depth[frame]).sum())
        frames = sorted(set(swept) | set(aligned))
        known = {frame: self._known(posed, depth, sure, frame) for frame in frames}
        if prior is None:
            limits = self._limits(seen) if frames else (0.0, 0.0)
            made = {frame: self._filled(posed, seen.of(frame), *known[frame], frame, limits) for frame in frames}
        else:
            made = self._deformed(posed, seen, aligned, known)
        shape = (len(frames), *posed.moving.shape[1:])
        return MonoDepth(
            np.array(frames, np.int64),
            np.stack([made[frame][0] for frame in frames]) if frames else np.empty(shape, np.float32),
            np.stack([made[frame][1] for frame in frames]) if frames else np.empty(shape, np.uint8),
            confirmed / measured if measured else 0.0,
            focal_reliable,
        )

    def _wanted(self, posed: Posed) -> list[int]:
        return [frame for frame in range(0, len(posed.frames), self.every) if posed.registered[frame]]

    def aligned(self, posed: Posed, seen: Anchors, prior: DepthMaps) -> dict[int, np.ndarray]:
        """Inverse depths of the network in the poses' unit, float32 (h, w), of frames that see enough points: each by a
        scale and a shift of its own. Raises ValueError as the call."""
        given, found = as_inverse(prior), {}
        if given.shape != posed.moving.shape:
            raise ValueError(f"the network's depth is {given.shape}, the frames are {posed.moving.shape}")
        for frame in self._wanted(posed):
            own = seen.of(frame)
            fit = self.align(_at(given[frame], own.xy), own.inverse, np.ones(len(own.frame)))
            if fit is not None:
                found[frame] = (fit[0] * given[frame] + fit[1]).astype(np.float32)
        return found

    def _swept(self, posed: Posed, seen: Anchors, aligned: dict[int, np.ndarray]) -> Iterator[tuple[int, Swept]]:
        if not len(seen.frame):
            return
        low, high = self._limits(seen)
        for frame in self._wanted(posed):
            guide = aligned.get(frame)
            if guide is None:
                guide = self.guide(posed.frames[frame], *self._sown(posed, seen.of(frame)))
            if guide is None:
                continue
            guide = np.clip(np.nan_to_num(guide, nan=low), low * self.range_below, high * self.most_beyond)
            if neighbours := self.neighbours(posed, frame, guide):
                nearest = max(high, float(np.percentile(guide, 100 - self.range_percent)))
                planes = (low * self.range_below, nearest * self.range_above)
                yield frame, self.sweep(posed, frame, neighbours, planes, guide)

    def _limits(self, seen: Anchors) -> tuple[float, float]:
        """Of the points' inverse depths."""
        low, high = np.percentile(seen.inverse, [self.range_percent, 100 - self.range_percent])
        return float(low), float(high)

    def _sown(self, posed: Posed, own: Anchors) -> tuple[np.ndarray, np.ndarray]:
        """Inverse depths of a frame's points and their weights at its pixels, float32 (h, w) each."""
        width, height = posed.size
        values, weight = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
        x, y = np.clip(own.xy.round().astype(int), 0, [width - 1, height - 1]).T
        values[y, x], weight[y, x] = own.inverse, self.point_weight
        return values, weight

    def _known(
        self, posed: Posed, depth: dict[int, np.ndarray], sure: dict[int, np.ndarray], frame: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Depth that was measured, in the frame or in others, and where it comes from."""
        fused = self.agree.fused(posed, depth, sure, frame)
        origin = np.where(np.isfinite(fused) & ~posed.moving[frame], FUSED, NONE).astype(np.uint8)
        found = np.where(origin == FUSED, fused, np.nan).astype(np.float32)
        if frame in sure:
            found[sure[frame]], origin[sure[frame]] = depth[frame][sure[frame]], SWEPT
        return found, origin

    def _filled(
        self, posed: Posed, own: Anchors, depth: np.ndarray, origin: np.ndarray, frame: int,
        limits: tuple[float, float],
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        values, weight = self._sown(posed, own)
        there = origin != NONE
        values[there] = 1.0 / depth[there]
        weight[there] = np.where(origin[there] == SWEPT, 1.0, self.fused_weight)
        spread = self.fill(posed.frames[frame], values, weight)
        if spread is not None:
            low, high = limits
            spread = np.clip(spread, low * self.range_below, high * self.most_beyond)
            fill = ~there & ~posed.moving[frame] & (spread > 0)
            depth[fill], origin[fill] = 1.0 / spread[fill], FILLED
        return depth, origin

    def _deformed(
        self, posed: Posed, seen: Anchors, aligned: dict[int, np.ndarray],
        known: dict[int, tuple[np.ndarray, np.ndarray]],
    ) -> dict[int, tuple[np.ndarray, np.ndarray]]:  # fmt: skip
        places = {frame: place for place, frame in enumerate(sorted(aligned))}
        told = [self._told(seen.of(frame), aligned[frame], *known[frame], places[frame]) for frame in places]
        joined = Known(*(np.concatenate(each) for each in zip(*told, strict=True))) if told else None
        factors = self.deform(joined, len(places), posed.size) if joined is not None else np.empty((0,))
        for frame, place in places.items():
            depth, origin = known[frame]
            inverse = factors[place] * aligned[frame]
            rest = (origin == NONE) & (inverse > 0)
            depth[rest], origin[rest] = 1.0 / inverse[rest], PRIOR
        return known

    def _told(
        self, own: Anchors, aligned: np.ndarray, depth: np.ndarray, origin: np.ndarray, place: int
    ) -> tuple[np.ndarray, ...]:
        """What is known of a frame, as `Known` has it."""
        step = self.grid_step_px
        y, x = np.nonzero(origin[::step, ::step] == SWEPT)
        y, x = y * step, x * step
        xy = np.concatenate([own.xy, np.stack([x, y], axis=1)])
        inverse = np.concatenate([own.inverse, 1.0 / depth[y, x]])
        weight = np.concatenate([np.ones(len(own.frame)), np.full(len(x), self.grid_weight)])
        there = _at(aligned, xy)
        good = np.isfinite(there) & (there > 0)
        frame = np.full(int(good.sum()), place)
        return frame, xy[good], there[good].astype(float), inverse[good], weight[good]


def _depth(inverse: np.ndarray, moving: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(moving | ~(inverse > 0), np.nan, 1.0 / inverse).astype(np.float32)


def _at(values: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Values (h, w) at the nearest pixels of xy (N, 2), held inside the picture."""
    x, y = np.clip(xy.round().astype(int), 0, [values.shape[1] - 1, values.shape[0] - 1]).T
    return values[y, x]
