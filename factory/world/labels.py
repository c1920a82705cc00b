"""Which tracks move on their own, which stand still, of which that cannot be told; and which are on both."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from factory.construct import Count, Positive, Share
from factory.world.noise import ClipNoise
from factory.world.tracks import MOVING, STATIC, UNKNOWN, WorldTracks


@dataclass(frozen=True)
class Labels:
    """Bounds of the labels. Measured: two rendered clips at 24 fps, 1 to 1.5 s a track."""

    # Its rays meet in no point: so many times what a quarter of the clip's has, and at the least. Of a real walk 0.80
    # of all tracks are below, of two rendered clips 0.99 of what does not move, and nothing that does.
    moving_rays: Positive = 25.0
    least_rays_chi2: Positive = 9.0
    moving_chi2: Positive = 16.0  # of tracks on still things 97 in 100 are below 13, on moving ones 9 in 10 above 1000
    moving_sigmas: Positive = 4.0  # or a speed of so many; of tracks on still things 97 in 100 are below 3
    moving_px: Positive = 5.0  # the paper's for drift; of tracks on still things 97 in 100 are below 3.1
    static_chi2: Positive = 9.0
    slow_m_s: Positive = 0.3  # what a static track would have shown, had it moved so fast: slow walking. A guess
    near_px: Positive = 15.0  # how far neighbours are that tell what a track is on, a guess
    near_depth: Share = 0.15  # and how much nearer or farther, a guess
    neighbours: Count = 8
    # Of a moving track's sightings beside more static neighbours: a stray. Of 5663 tracks 166 go, none of which is on a
    # moving thing; at 0.2 213, none.
    stray: Share = 0.5

    def labels(
        self,
        chi2: np.ndarray,
        speed: np.ndarray,
        sigma: np.ndarray,
        motion_px: np.ndarray,
        rays: np.ndarray,
        noise: ClipNoise,
    ) -> np.ndarray:
        """int8 (M,): moving where a motion is seen, and rays meet in no point, or one point does not explain a track's
        ranges, or a speed is beyond its noise; static where one point does and a slow motion would have shown; else
        unknown.

        chi2: of `Still`; speed, sigma: of `Speed`; motion_px: 90th percentile of `scene_motion`; rays: `ray_chi2`; all
        (M,). noise: of the clip; ranges have it already.
        """
        sigma = noise.speeds * sigma
        meet = rays < max(self.least_rays_chi2, self.moving_rays * noise.rays)
        moves = ~meet | (chi2 > self.moving_chi2) | ((speed > self.moving_sigmas * sigma) & np.isfinite(speed))
        moves &= motion_px > self.moving_px
        stands = meet & (chi2 < self.static_chi2) & (speed + 2 * sigma < self.slow_m_s)
        return np.where(moves, MOVING, np.where(stands, STATIC, UNKNOWN)).astype(np.int8)

    def strays(self, tracks: WorldTracks) -> np.ndarray:
        """Moving tracks that have more static neighbours of their range than moving ones most of the time: bool (M,).

        Stereo4D removes tracks that are partly on what never moves, or move there, by classes of pixels; here what the
        neighbours do stands for the class.
        """
        track, frame = tracks.track, tracks.frame
        stands, moves = tracks.chi2 < self.static_chi2, tracks.label == MOVING
        beside_still = np.zeros(tracks.count)
        where = np.column_stack([tracks.xy / self.near_px, np.log(tracks.range_m) / self.near_depth])
        order = np.argsort(frame, kind="stable")
        for rows in np.split(order, np.searchsorted(frame[order], np.arange(1, len(tracks.times_s)))):
            asked = rows[moves[track[rows]]]
            if not len(asked):
                continue
            distance, number = cKDTree(where[rows]).query(where[asked], k=self.neighbours + 1, distance_upper_bound=1.0)
            # The track itself is the nearest, and where there are fewer than asked for the number is that of none.
            found = np.isfinite(distance)[:, 1:]
            beside = track[rows[np.minimum(number[:, 1:], len(rows) - 1)]]
            more = np.sum(found & stands[beside], axis=1) > np.sum(found & moves[beside], axis=1)
            beside_still += np.bincount(track[asked], more, tracks.count)
        return np.asarray(moves & (beside_still > self.stray * np.bincount(track, minlength=tracks.count)))
