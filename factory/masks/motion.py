"""Which pixels move on their own: dense masks of the sampled frames, from labelled tracks, flow and colour."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from factory.background.choose import Background
from factory.masks.pair_evidence import BackgroundMotion, PairEvidence
from factory.masks.regions import Links, Regions, cut, flow_steps, following, touching
from factory.masks.smoothing import Spread, lasting
from factory.models.dis import DisFlow
from factory.models.roles import Flow
from factory.tracks import Tracks
from factory.video import shrink

# Of a frame against one before it and one after it; None where there is none, or too few tracks.
Beside = tuple[PairEvidence | None, ...]


@dataclass(frozen=True)
class DynamicMasks:
    """masks: bool (F, h, w), true where something moves on its own. share: float64 (F,), true share of each frame.
    frame_index: int64 (F,), the frames' numbers in the source; None: the frames of the tracks they were made with."""

    masks: np.ndarray
    share: np.ndarray
    frame_index: np.ndarray | None = None


@dataclass(frozen=True)
class MaskEvidence:
    """N regions of a clip's frames, which of them touch and follow each other, and what flow says of each: that it
    moves on its own, that it rests; both float64 (N,)."""

    regions: Regions
    touch: Links
    follow: Links
    moves: np.ndarray
    rests: np.ndarray


@dataclass
class MaskDynamics:
    """Regions of one colour, what dense flow and labelled tracks say of each, and all of it spread over the clip.

    Flow is compared with the frame before and the frame after, for what one of them hides looks moving in it. Flow
    alone misses what moves slowly or along the camera's own motion; tracks are few on plain things, and in real footage
    often wrong one by one. Numbers were set on 18 real and rendered clips, four of them without anything that moves.
    """

    side_px: int = 320  # of the masks, at the most: the numbers below were set at this size
    region_px: int = 6  # width of a region; 7 is no cheaper and less exact on four real clips (mean J 0.544, now 0.568)
    flow: Flow = field(default_factory=lambda: DisFlow("fast"))
    motion: BackgroundMotion = field(default_factory=BackgroundMotion)
    spread: Spread = field(default_factory=Spread)
    far_px: float = 6.0  # of the tracks' frame: what moves less from frame to frame is compared over more of them,
    most_apart: int = 4  # up to this many
    surely_dynamic: float = 0.2  # track values (see Background) up to which a label is certain,
    hardly_dynamic: float = 0.6  # from which it says nothing,
    surely_static: float = 0.8  # and from which it is certain of the opposite
    dynamic_weight: float = 1.0  # of a dynamic track, the strongest flow being 4
    static_weight: float = 2.0
    most_tracks: float = 2.0  # that count in one region
    most_flow: float = 2.0
    rest_weight: float = 0.5
    frames_at_once: int = 16  # whose flow is asked for in one call: 40 to 60 pairs, 30 MB at 320x180
    stays_frames: int = 6  # what moves is seen this long, for no error of flow is, or it has dynamic tracks, at least
    enough_tracks: float = 1.0  # so many observations of them

    def __call__(self, frames: Sequence[np.ndarray], tracks: Tracks, background: Background) -> DynamicMasks:
        """frames: the F sampled frames of the tracks, uint8 (H, W) grey or (H, W, 3) RGB, in their proportions."""
        seen = self.evidence(frames, tracks, background)
        dynamic, static = self.labels_in(seen.regions, tracks, background.value)
        speaks = np.clip(seen.moves, 0.0, self.most_flow) + self.dynamic_weight * np.minimum(dynamic, self.most_tracks)
        against = self.rest_weight * seen.rests * (seen.moves <= 0)
        against = against + self.static_weight * np.minimum(static, self.most_tracks)
        moving = self.spread(seen.regions, seen.touch, seen.follow, speaks, against) > self.spread.moving
        links = seen.touch.joined(seen.follow)
        moving = lasting(seen.regions, links, moving, dynamic, self.stays_frames, self.enough_tracks)
        masks = moving[seen.regions.at]
        return DynamicMasks(masks, masks.mean(axis=(1, 2)))

    def evidence(self, frames: Sequence[np.ndarray], tracks: Tracks, background: Background) -> MaskEvidence:
        """What dense flow says of the regions of the frames; arguments as of `__call__`."""
        pictures = np.stack([_rgb(shrink(frame, self.side_px)) for frame in frames])
        regions = cut(list(pictures), self.region_px)
        apart, steady = self._apart(tracks, background), tracks.select(background.is_background)
        before, after = [], []
        moves, rests = np.zeros(regions.count), np.zeros(regions.count)
        for f, pair, wide in self._compared(pictures, steady, apart):
            own, still = _both(pair, pictures.shape[1:3])
            if apart > 1:
                wide_own, wide_still = _both(wide, pictures.shape[1:3])
                own, still = np.maximum(own, wide_own), np.minimum(still, wide_still)
            rows = slice(*regions.first[f : f + 2])
            moves[rows], rests[rows] = regions.means(f, own), regions.means(f, still)
            # All that is kept of the pairs for the length of the clip: a tenth of their memory.
            before.append(flow_steps(pair[0]))
            after.append(flow_steps(pair[1]))
        touch, follow = touching(regions, self.region_px), following(regions, before, after, self.region_px)
        return MaskEvidence(regions, touch, follow, moves, rests)

    def _compared(self, pictures: np.ndarray, steady: Tracks, apart: int) -> Iterator[tuple[int, Beside, Beside]]:
        """Each frame against those next to it, and against those `apart` from it: of every second frame, as the others
        cannot tell slow things from things at rest. The flow is asked for many frames at once.

        pictures: uint8 (F, h, w, 3). steady: the background's tracks.
        """
        scale = pictures.shape[2] / steady.width
        grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pictures]
        for begin in range(0, len(pictures), self.frames_at_once):
            some = range(begin, min(begin + self.frames_at_once, len(pictures)))
            near = {f: (f - 1, f + 1) for f in some}
            wide = {f: (f - apart, f + apart) for f in some if apart > 1 and f % 2 == 0}
            pairs, points, warps = [], [], []
            for one, other in ((f, other) for asked in (near, wide) for f in asked for other in asked[f]):
                if not 0 <= other < len(pictures):
                    continue
                _, xy, xy_other = steady.pair(one, other)
                warp = self.motion.homography(xy * scale, xy_other * scale)
                if warp is not None:
                    pairs.append((one, other))
                    points.append((xy * scale, xy_other * scale))
                    warps.append(warp)
            flows = self.flow.pairs(pictures, np.array(pairs).reshape(-1, 2), np.array(warps).reshape(-1, 3, 3))
            found = {
                (f, other): self.motion.compare(grey[f], grey[other], *xy, warp, flow)
                for (f, other), xy, warp, flow in zip(pairs, points, warps, flows, strict=True)
            }
            for f in some:
                beside, further = (tuple(found.get((f, other)) for other in asked.get(f, ())) for asked in (near, wide))
                yield f, beside, further

    def _apart(self, tracks: Tracks, background: Background) -> int:
        """Frames over which dynamic tracks come `far_px` away from where the background would be."""
        speeds = []
        for f in range(tracks.frames - 1):
            ids, xy, xy_next = tracks.pair(f, f + 1)
            steady, dynamic = background.is_background[ids], background.is_dynamic[ids]
            warp = self.motion.homography(xy[steady], xy_next[steady])
            if warp is None or dynamic.sum() < 3:
                continue
            left = cv2.perspectiveTransform(xy[dynamic][:, None], warp)[:, 0] - xy_next[dynamic]
            speeds.append(np.median(np.linalg.norm(left, axis=1)))
        if not speeds:
            return 1
        return int(np.clip(round(self.far_px / max(float(np.median(speeds)), 0.1)), 1, self.most_apart))

    def labels_in(self, regions: Regions, tracks: Tracks, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How many dynamic and how many static tracks are in each region, each as sure as its label: float64 (N,).
        values: of the tracks, (M,), as `Background` has them."""
        height, width = regions.at.shape[1:]
        value = values[tracks.track]
        known = np.isfinite(value)
        scale = width / tracks.width
        at = np.clip((tracks.xy[known] * scale).round().astype(int), 0, [width - 1, height - 1])
        region = regions.at[tracks.frame[known], at[:, 1], at[:, 0]]
        dynamic = (self.hardly_dynamic - value[known]) / (self.hardly_dynamic - self.surely_dynamic)
        static = (value[known] - self.hardly_dynamic) / (self.surely_static - self.hardly_dynamic)
        dynamic, static = (np.bincount(region, np.clip(v, 0.0, 1.0), regions.count) for v in (dynamic, static))
        return dynamic, static


def _both(pairs: Beside, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The best case for the background of two comparisons: the less moving, the more resting, float32 (h, w) each."""
    found = [pair for pair in pairs if pair is not None]
    if not found:
        return np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    return np.min([pair.moves for pair in found], axis=0), np.max([pair.rests for pair in found], axis=0)


def _rgb(picture: np.ndarray) -> np.ndarray:
    return picture if picture.ndim == 3 else np.dstack([picture] * 3)
