"""From points that were followed and their disparities to tracks in the world, smoothed and labelled."""

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from factory.construct import Count, Positive
from factory.geometry.lens import Lens
from factory.tracks import Tracks
from factory.world.depth_rules import DepthRules, Sampled
from factory.world.follow import SeededTracks
from factory.world.labels import Labels
from factory.world.lift import DISPARITY_PX, lift
from factory.world.lifted import Lifted, blocks, quantile_by_track
from factory.world.motion import SHARE, scene_motion
from factory.world.noise import MOST_TRACKS, ClipNoise, clip_noise, ray_chi2
from factory.world.still import Still, speeds, still_points
from factory.world.tracks import WorldTracks, joined
from factory.world.weighted import WeightedOffsets

BLOCK = 100_000  # sightings, of whole tracks, that are solved at a time: what is made of them stays small


class Optimiser(Protocol):
    """`WeightedOffsets` or `PaperOffsets`."""

    def __call__(self, seen: Lifted, motion_px: np.ndarray, still: Still) -> np.ndarray:
        """World points, float64 (N, 3), of sightings; NaN where it gives none. motion_px: (N,) of `scene_motion`.
        still: of `still_points`."""
        ...


@dataclass(frozen=True)
class SolveTracks:
    """Drops what slid off its surface, lifts the rest, puts it where the optimiser says, tells the moving from the
    still."""

    rules: DepthRules = field(default_factory=DepthRules)
    optimiser: Optimiser = field(default_factory=WeightedOffsets)
    labels: Labels = field(default_factory=Labels)
    least_sightings: Count = 5  # of a track; the smallest run that the paper's solver gives a point of
    disparity_sigma_px: Positive = DISPARITY_PX

    def __call__(
        self, lens: Lens, baseline_m: float, seeded: SeededTracks, sampled: Sampled, world_from_cam: np.ndarray
    ) -> WorldTracks:
        """lens: of both rectified pictures. sampled: `DepthRules.sampled` of the tracks. world_from_cam: float64
        (F, 4, 4) of the rectified left eye, metres; NaN where a frame has no pose."""
        kept, tracks = self.rules.kept(seeded, sampled), seeded.tracks

        def lifted(rows: np.ndarray, sigma_px: float) -> tuple[Lifted, Tracks]:
            disparity_px, some = sampled.disparity_px[rows], tracks.observations(rows)
            found = lift(lens, baseline_m, some, disparity_px, world_from_cam, sigma_px)
            return _long(*found, self.least_sightings)

        noise = clip_noise(lifted(np.flatnonzero(kept & _asked(tracks)), self.disparity_sigma_px)[0])
        sigma_px = noise.ranges * self.disparity_sigma_px
        parts = []
        for block in blocks(tracks.track, BLOCK):
            seen, some = lifted(block.start + np.flatnonzero(kept[block]), sigma_px)
            parts.append(self._placed(lens, seen, some, world_from_cam, noise))
        found = joined(parts)
        del parts  # as large as what is made of them
        return found.select(~self.labels.strays(found))

    def solved(self, lens: Lens, seen: Lifted, tracks: Tracks, world_from_cam: np.ndarray) -> WorldTracks:
        """The same from points that are lifted already, seen where `tracks` says, row by row, with the noise they are
        said to have."""
        noise = replace(clip_noise(seen), ranges=1.0)
        parts = [
            self._placed(lens, seen.observations(rows), tracks.observations(rows), world_from_cam, noise)
            for rows in blocks(seen.track, BLOCK)
        ]
        found = joined(parts)
        del parts  # as large as what is made of them
        return found.select(~self.labels.strays(found))

    def _placed(
        self, lens: Lens, seen: Lifted, tracks: Tracks, world_from_cam: np.ndarray, noise: ClipNoise
    ) -> WorldTracks:
        """Of some tracks, strays among them."""
        motion_px = scene_motion(lens, (tracks.width, tracks.height), seen, world_from_cam)
        still = still_points(seen)
        points = self.optimiser(seen, motion_px, still)
        given = np.isfinite(points).all(axis=1)
        if not given.all():
            seen, tracks = seen.observations(given), tracks.observations(given)
            still = still_points(seen)
        even = speeds(seen)
        motion_px = quantile_by_track(motion_px[given], seen.track, SHARE)
        label = self.labels.labels(still.chi2, even.speed, even.sigma, motion_px, ray_chi2(seen), noise)
        return WorldTracks(
            track=seen.track,
            frame=seen.frame,
            xy=tracks.xy.astype(np.float32),
            range_m=seen.ranges.astype(np.float32),
            sigma_m=seen.sigmas.astype(np.float32),
            measured=seen.points.astype(np.float32),
            points=points[given].astype(np.float32),
            label=label,
            motion_px=motion_px.astype(np.float32),
            chi2=still.chi2.astype(np.float32),
            speed_m_s=even.speed.astype(np.float32),
            speed_sigma_m_s=(noise.speeds * even.sigma).astype(np.float32),
            world_from_cam=world_from_cam,
            times_s=tracks.times_s,
            frame_index=tracks.frame_index,
            lens=lens,
            width=tracks.width,
            height=tracks.height,
        )


def _asked(tracks: Tracks) -> np.ndarray:
    """Sightings of every so many tracks, bool (N,): enough for `clip_noise`, however many there are."""
    return np.asarray(tracks.track % max(1, tracks.count // (2 * MOST_TRACKS)) == 0)


def _long(seen: Lifted, tracks: Tracks, least: int) -> tuple[Lifted, Tracks]:
    """Tracks with so many sightings."""
    keep = np.bincount(seen.track, minlength=seen.count)[seen.track] >= least
    return seen.observations(keep), tracks.observations(keep)
