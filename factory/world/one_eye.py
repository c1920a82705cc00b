"""Long tracks in the world of one camera: what stands by its rays, what is named as moving by depth and smoothness.

After Dynapo (arXiv 2512.05398), which gives Stereo4D's optimisation a motion score from its masks. Here the mask says
which of two estimates a track gets: the rays of one camera say where a thing is only if it stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from factory.construct import Count, Positive, Share
from factory.depth.maps import NONE, PRIOR, MonoDepth
from factory.geometry.camera import Camera
from factory.tracks import Tracks
from factory.world.acceleration import across_acceleration
from factory.world.depth_rules import DepthRules
from factory.world.follow import SeededTracks
from factory.world.lifted import Lifted, begins, quantile_by_track
from factory.world.mono_depth import DepthAt, depth_at, lens_of, lifted_by
from factory.world.noise import ray_chi2
from factory.world.still import point_sigmas, speeds, still_points
from factory.world.tracks import MOVING, STATIC, UNKNOWN, WorldTracks
from factory.world.weighted import WeightedOffsets

INSIDE_PX, OUTSIDE_PX, HALF_PX = 25.0, 15.0, 20.0  # motion score in the mask and outside; half static (Dynapo)
# The scene's median depth while it is optimised: a bound in metres would mean something else in each clip. The study's.
MIDDLE = 3.0
WEAK = 1.0  # standard deviation of a depth that is not known, as a share of the clip's median depth


@dataclass(frozen=True)
class Scene:
    """What is known of a clip of one camera with F frames. cameras: of each, in pixels of the tracks. world_from_cam:
    float64 (F, 4, 4), NaN without a pose. depth: of some of them (`frame`: places), in the poses' unit. moving: bool
    (F, h, w), what moves, of the depth's size."""

    cameras: Sequence[Camera]
    world_from_cam: np.ndarray
    depth: MonoDepth
    moving: np.ndarray


@dataclass(frozen=True)
class SolveOneEye:
    """Places tracks in the world, in the unit of the poses. Those whose distance nothing tells are left out: what moves
    without a network's depth, what stands and is far away and was not measured.

    Of 26 rendered clips whose network is simulated what moves comes 22 % nearer the truth than its depth puts it (in
    the mean); none goes away from it.
    """

    # Of inverse depths in per cent of the clip's median: a network's depth changes more from frame to frame than a
    # disparity does. A guess.
    rules: DepthRules = field(default_factory=lambda: DepthRules(jump_px=1.0, jump=0.3))
    # Its bound on accelerations is what the clip's are across the line of sight, times 6, and 3 of the scene's units by
    # second squared at the least: none has a meaning in clips of any unit. Of eleven rendered clips the best is at 2
    # to 18 times; with 3 for all a toy on a table comes out 1.4 times farther off than it was.
    optimiser: WeightedOffsets = field(default_factory=WeightedOffsets)
    steady: Positive = 3.0
    times_across: Positive = 6.0
    least_sightings: Count = 5  # as of two eyes
    # Standard deviations of depth as shares of it, by where it comes from. With 2, 1, 0.5, 0.3 % of what was swept
    # (fused 5, 3, 2, 1) what stands is off by 1.20, 1.15, 1.13, 1.13 % of its distance in the mean of seven rendered
    # clips, 1.46 as depth puts it. The last two are guesses.
    swept: Positive = 0.007
    fused: Positive = 0.025
    filled: Positive = 0.1
    network: Positive = 0.1
    # The quantile of a track's motion scores that counts. Dynapo's is 0.9: a tenth of its sightings in a mask make a
    # track move; of two real clips 900 tracks that are outside for most of their time were lost so.
    in_mask: Share = 0.5
    most_rays_chi2: Positive = 9.0  # of a track that stands: `ray_chi2`, as of two eyes
    most_off: Positive = 0.1  # standard deviation of the place of what stands, as a share of its distance: a guess

    def __call__(self, seeded: SeededTracks, scene: Scene) -> tuple[WorldTracks, int]:
        """The tracks, and how many more move and are left out. Raises ValueError where masks and depth are of other
        sizes or frames."""
        tracks = seeded.tracks
        at = depth_at(self.rules, seeded, scene.depth, scene.moving)
        motion_px = quantile_by_track(np.where(at.inside, INSIDE_PX, OUTSIDE_PX), tracks.track, self.in_mask)
        moves = (motion_px > HALF_PX)[tracks.track]
        rows = np.isfinite(scene.world_from_cam).all(axis=(1, 2))[tracks.frame]
        rows &= np.where(moves, at.origin == PRIOR, ~at.inside)
        rows &= np.bincount(tracks.track, rows, tracks.count)[tracks.track] >= self.least_sightings
        left = np.unique(tracks.track[rows])
        found = self._placed(tracks.observations(rows), at.of(rows), scene, motion_px[left])
        lost = int(np.sum(motion_px > HALF_PX) - np.sum(motion_px[left] > HALF_PX))
        return found, lost

    def _placed(self, tracks: Tracks, at: DepthAt, scene: Scene, motion_px: np.ndarray) -> WorldTracks:
        """motion_px: (M,)."""
        known = at.origin != NONE
        shares = np.array([WEAK, self.swept, self.fused, self.filled, self.network])[at.origin]
        depth = np.where(known, at.depth, at.middle)
        unit = MIDDLE / at.middle
        seen = lifted_by(tracks, scene.cameras, scene.world_from_cam, depth, shares).scaled(unit)
        moves = motion_px > HALF_PX
        moving = moves[seen.track]
        still, even, rays = still_points(seen), speeds(seen), ray_chi2(seen)
        points = still.points[seen.track]
        if moving.any():
            points[moving] = self._smooth(seen.observations(moving))
        begin = begins(seen.track)
        far = np.linalg.norm(points - seen.centres, axis=1)[begin]
        label = np.where(moves, MOVING, np.where(rays < self.most_rays_chi2, STATIC, UNKNOWN)).astype(np.int8)
        found = WorldTracks(
            track=seen.track,
            frame=seen.frame,
            xy=tracks.xy.astype(np.float32),
            range_m=np.where(known, seen.ranges / unit, np.nan).astype(np.float32),
            sigma_m=np.where(known, seen.sigmas / unit, np.nan).astype(np.float32),
            measured=np.where(known[:, None], seen.points / unit, np.nan).astype(np.float32),
            points=(points / unit).astype(np.float32),
            label=label,
            motion_px=motion_px.astype(np.float32),
            chi2=still.chi2.astype(np.float32),
            speed_m_s=(even.speed / unit).astype(np.float32),
            speed_sigma_m_s=(even.sigma / unit).astype(np.float32),
            world_from_cam=scene.world_from_cam,
            times_s=tracks.times_s,
            frame_index=tracks.frame_index,
            lens=lens_of(scene.cameras[0]),
            width=tracks.width,
            height=tracks.height,
        )
        before = np.einsum("ni,ni->n", points - seen.centres, seen.rays) > 0
        behind = np.bincount(seen.track, ~before, seen.count) > 0
        return found.select(~behind & (moves | (point_sigmas(seen) <= self.most_off * far)))

    def _smooth(self, seen: Lifted) -> np.ndarray:
        bound = max(self.steady, self.times_across * across_acceleration(seen))
        return replace(self.optimiser, acceleration=bound).along_rays(seen)
