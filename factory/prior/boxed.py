"""From a box in one frame to the object's mask in every frame, without a network."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from factory.background.choose import Background
from factory.construct import NotNegative, Positive
from factory.masks.motion import DynamicMasks, MaskDynamics, MaskEvidence
from factory.masks.smoothing import Spread, told_by_colour
from factory.models.roles import Prompt
from factory.prior.one_body import one_body
from factory.prior.seeds import ChooseSeed, Seed
from factory.prior.travelling import travelled
from factory.tracks import Tracks
from factory.video import shrink


@dataclass
class BoxMasks:
    """What is the object in the frame of its box is spread over the regions of all frames as motion is (`Spread`), with
    the tracks that pass through it, those that go with them, and, where it may be asked, motion; then what does not
    hang together with it is dropped. Labels that travel with tracks hold where masks carried by flow drift.

    Weights, beside those of `MaskDynamics`, were set on five real clips (see `ChooseSeed`) and are on plateaus there.
    """

    seed: ChooseSeed = field(default_factory=ChooseSeed)
    mask: MaskDynamics = field(default_factory=MaskDynamics)
    seed_weight: Positive = 20.0  # of a region in the box's frame; 5 and 20 differ by 0.004 of J
    track_weight: NotNegative = 2.0  # of a track that passes there
    travel_weight: NotNegative = 1.0  # of one that goes with those
    away_weight: NotNegative = 0.5  # of a colour that is seen beside the object; of colours in it any weight loses
    spread: Spread = field(default_factory=lambda: Spread(prior=0.2))
    # Where motion is not asked there is little that speaks for a region far from the box's frame in time: a prior
    # against each as above would win there.
    unmoved_weight: NotNegative = 0.05  # of motion
    unmoved: Spread = field(default_factory=lambda: Spread(prior=0.03))

    def __call__(
        self,
        rgb: np.ndarray,
        tracks: Tracks,
        background: Background,
        motion: DynamicMasks,
        objects: Sequence[Sequence[Prompt]],
        doubted: bool = False,
    ) -> np.ndarray:
        """bool (O, F, h, w), at the size of the motion masks. rgb: uint8 (F, H, W, 3), the tracks' frames. objects: of
        each, boxes in pixels of these frames, one or more: its mask is the union of what each leads to. doubted: the
        masks are by a solve that is refused."""
        if not objects:
            return np.zeros((0, *motion.masks.shape), bool)
        seen = self.mask.evidence(list(rgb), tracks, background)
        scale = motion.masks.shape[2] / rgb.shape[2]
        found = np.zeros((len(objects), *motion.masks.shape), bool)
        for number, prompts in enumerate(objects):
            for prompt in prompts:
                assert prompt.box is not None
                picture = shrink(rgb[prompt.frame], max(motion.masks.shape[1:]))
                box = (prompt.box + 0.5) * scale - 0.5
                seed = self.seed(picture, motion.masks[prompt.frame], box, doubted)
                found[number] |= self.carried(seen, tracks, background, seed, prompt.frame)
        return found

    def carried(self, seen: MaskEvidence, tracks: Tracks, background: Background, seed: Seed, frame: int) -> np.ndarray:
        """The object in every frame, bool (F, h, w), from what it is in one."""
        regions = seen.regions
        rows = slice(*regions.first[frame : frame + 2])
        share = regions.means(frame, seed.mask.astype(float))
        speaks, against = np.zeros(regions.count), np.zeros(regions.count)
        speaks[rows], against[rows] = self.seed_weight * share, self.seed_weight * (1 - share)
        here, away = np.zeros(regions.count), np.zeros(regions.count)
        here[rows], away[rows] = share, 1 - share
        if (colour := told_by_colour(regions, here, away)) is not None:
            against += self.away_weight * np.clip(-colour, 0.0, 1.0)

        def hear(values: np.ndarray, dynamic_weight: float, static_weight: float) -> None:
            counts = self.mask.labels_in(regions, tracks, values)
            for total, count, weight in zip((speaks, against), counts, (dynamic_weight, static_weight), strict=True):
                total += weight * np.minimum(count, self.mask.most_tracks)

        passing = self._passing(tracks, seed.mask, frame)
        known = np.isfinite(passing)
        hear(passing, self.track_weight, self.track_weight)
        others = np.where(known, np.nan, travelled(tracks, passing, frame))
        hear(others, self.travel_weight, self.travel_weight)
        weight = 1.0 if seed.motion else self.unmoved_weight
        by_motion = np.where(known, np.nan, background.value)
        hear(by_motion, weight * self.mask.dynamic_weight, weight * self.mask.static_weight)
        speaks += weight * np.clip(seen.moves, 0.0, self.mask.most_flow)
        against += weight * self.mask.rest_weight * seen.rests * (seen.moves <= 0)
        spread = self.spread if seed.motion else self.unmoved
        likely = spread(regions, seen.touch, seen.follow, speaks, against)
        object_ = np.zeros(regions.count, bool)
        object_[rows] = share > 0.5
        links = seen.touch.joined(seen.follow)
        return np.asarray(one_body(regions, links, likely > spread.moving, object_)[regions.at])

    def _passing(self, tracks: Tracks, mask: np.ndarray, frame: int) -> np.ndarray:
        """0 of a track that is in the mask in its frame, 1 of others there, NaN of the rest: float64 (M,)."""
        value = np.full(tracks.count, np.nan)
        ids, xy = tracks.at(frame)
        height, width = mask.shape
        at = np.clip((xy * (width / tracks.width)).round().astype(int), 0, [width - 1, height - 1])
        value[ids] = np.where(mask[at[:, 1], at[:, 0]], 0.0, 1.0)
        return value
