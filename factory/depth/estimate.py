"""Depth of a clip from its poses: sweep each frame, ask the others, fill what is left, or leave it to a network."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from factory.construct import Count, NotNegative, Positive, Share
from factory.depth.agree import Agreement
from factory.depth.maps import FILLED, FUSED, NONE, PRIOR, SWEPT, MonoDepth
from factory.depth.neighbours import ChooseNeighbours
from factory.depth.network import BringNetwork
from factory.depth.plate import Plate
from factory.depth.posed import Anchors, Posed, anchors, closed
from factory.depth.sweep import PlaneSweep, Swept
from factory.models.roles import DepthMaps

Measured = dict[int, tuple[np.ndarray, np.ndarray]]  # of frames, depth and where it comes from, (h, w) each


@dataclass
class ClipDepth:
    """See `factory.depth`. Frames without a neighbour abstain, as do all of a camera that stands or only turns; pixels
    that move on their own have the network's depth, or none. With a network, frames without a neighbour have its depth.

    Memory: some 60 F h w bytes of F frames of h x w pixels, and 100 MB of one frame's planes at 320x180.
    """

    every: Count = 1  # of so many sampled frames one is estimated; of every third a fifth less is confirmed
    # Of the picture's width: gaps in the masks up to this are doubtful, nothing known there is believed. A guess.
    close: Share = 0.08
    range_percent: Positive = 0.5  # percentiles of the points' inverse depths, from both ends,
    range_below: Positive = 0.6  # and by how much the planes reach beyond them
    range_above: Positive = 1.3
    most_beyond: Positive = 4.0  # what is expected nearer than the points is believed up to so much; a guess
    fused_weight: NotNegative = 0.5  # in the fill, a sure pixel and a point of the scene being one
    neighbours: ChooseNeighbours = field(default_factory=ChooseNeighbours)
    guide: Plate = field(default_factory=lambda: Plate(side_px=80))  # 0.01 s; as exact as 160 but for thin things
    sweep: PlaneSweep = field(default_factory=PlaneSweep)
    agree: Agreement = field(default_factory=Agreement)
    fill: Plate = field(default_factory=Plate)
    network: BringNetwork = field(default_factory=BringNetwork)

    def __call__(self, posed: Posed, prior: DepthMaps | None = None, focal_reliable: bool | None = None) -> MonoDepth:
        """prior: a network's depth of all F frames, of their size. Raises ValueError where it is of others."""
        wanted = [frame for frame in range(0, len(posed.frames), self.every) if posed.registered[frame]]
        doubtful = closed(posed.moving, round(self.close * posed.size[0]))
        seen = anchors(posed, doubtful)
        aligned = {} if prior is None else self.network.aligned(posed, seen, prior, wanted)
        swept = dict(self._swept(posed, seen, wanted, self.network.deformed(posed, seen, aligned, {})))
        depth = {frame: _depth(found.inverse, posed.moving[frame]) for frame, found in swept.items()}
        sure, confirmed, measured = {}, 0, 0
        for frame, found in swept.items():
            agree = self.agree.confirmed(posed, depth, frame) >= self.agree.least
            sure[frame] = self.agree.supported(agree & (found.margin >= self.agree.least_margin) & ~doubtful[frame])
            confirmed, measured = confirmed + int(agree.sum()), measured + int(np.isfinite(depth[frame]).sum())
        known = {frame: self._known(posed, depth, sure, frame) for frame in sorted({*swept, *aligned})}
        for frame, inverse in self.network.deformed(posed, seen, aligned, known).items():
            _put(known[frame], inverse, PRIOR, np.isfinite(inverse) & (inverse > 0))
        self._fill(posed, seen, known)
        shape = (len(known), *posed.moving.shape[1:])
        return MonoDepth(
            np.array(list(known), np.int64),
            np.array([values for values, _ in known.values()], np.float32).reshape(shape),
            np.array([origin for _, origin in known.values()], np.uint8).reshape(shape),
            confirmed / measured if measured else 0.0,
            focal_reliable,
        )

    def _swept(
        self, posed: Posed, seen: Anchors, wanted: list[int], guides: Mapping[int, np.ndarray]
    ) -> Iterator[tuple[int, Swept]]:
        """Of those of the wanted frames that have neighbours. guides: inverse depth expected of frames, float32 (h, w);
        of the others, what their points say."""
        if not len(seen.frame):
            return
        low, high = self._limits(seen)
        for frame in wanted:
            guide = guides.get(frame)
            if guide is None:
                guide = self.guide(posed.frames[frame], *_sown(posed, seen.of(frame)))
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

    def _fill(self, posed: Posed, seen: Anchors, known: Measured) -> None:
        """Fills what is at rest and still unknown, in place: all of it without a network, else what that cannot say."""
        for frame, (depth, origin) in known.items():
            if np.all((origin != NONE) | posed.moving[frame]):
                continue
            values, weight = _sown(posed, seen.of(frame))
            there = origin != NONE
            values[there] = 1.0 / depth[there]
            weight[there] = np.where(origin[there] == SWEPT, 1.0, self.fused_weight)
            spread = self.fill(posed.frames[frame], values, weight)
            if spread is not None:
                low, high = self._limits(seen)
                spread = np.clip(spread, low * self.range_below, high * self.most_beyond)
                _put((depth, origin), spread, FILLED, ~posed.moving[frame])


def _put(known: tuple[np.ndarray, np.ndarray], inverse: np.ndarray, whence: int, where: np.ndarray) -> None:
    """Where nothing is known, `inverse` is taken, in place."""
    depth, origin = known
    rest = (origin == NONE) & where
    depth[rest], origin[rest] = 1.0 / inverse[rest], whence


def _sown(posed: Posed, own: Anchors) -> tuple[np.ndarray, np.ndarray]:
    """Inverse depths of a frame's points and their weights at its pixels, float32 (h, w) each."""
    width, height = posed.size
    values, weight = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    x, y = np.clip(own.xy.round().astype(int), 0, [width - 1, height - 1]).T
    values[y, x], weight[y, x] = own.inverse, 1.0
    return values, weight


def _depth(inverse: np.ndarray, moving: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(moving | ~(inverse > 0), np.nan, 1.0 / inverse).astype(np.float32)
