"""What a rig's path is worth, in numbers that a rule can judge."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from factory.geometry.camera import invert_rigid, transform_points
from factory.geometry.trajectory import path_length, rotation_angle_deg
from factory.stereo.halves import Halves, halves_apart
from factory.stereo.lag import lag_frames
from factory.stereo.lens_check import LensCheck, lens_check
from factory.stereo.rig_model import errors_px
from factory.stereo.rig_start import epipolar_errors
from factory.stereo.solve import RigOptions, RigSolve

Method = Literal["moving", "turning", "still"]

# Places of a camera that stands are noise: within three times of what its halves differ by, or of what shifts a point
# at the median distance by this many px at the most. Two real cameras that stand 0.03 and 1.1 px, rendered ones that
# move by half a metre 25 and more.
STILL_NOISE = 3.0
STILL_PX = 1.5
TURN_DEG = 1.0  # from the first frame; a guess: a real kitchen's tripod gives 0.4, one that slowly pans 7.8
CELLS = 8  # each way, in which the picture is asked for what is explained


@dataclass(frozen=True)
class StereoSignals:
    """What speaks for a path and against it; None where a number could not be had.

    frames: of the clip; placed: those with a pose. matched: share of the left eye's sightings that the right eye finds.
    ahead, clear: of the rig's start, see `RigStart`. vertical_px: median distance of all matches from their epipolar
    lines under the rig that was found, or the start where there is no path. kept: share of all sightings that are on
    tracks which stand still, and agree with their points in both eyes; won: share of the picture's cells, of those that
    hold any, where most are; spread: the same of all cells. reprojection_px: median error of the kept ones.
    baseline_deg: angle between the baseline and the left eye's x. halves: see `halves_apart`. path_m, extent_m: length
    of the path, and how far it goes from its middle. distance_m: median of points from the eye. speed_m_s: of the path,
    mean. travel_px: what `extent_m` shifts such a point by. turn_deg: largest turn from the first frame. depth_ratio:
    `distance_m` by the baseline. yaw_given: the eyes' yaw was not asked of the clip. lag_frames: by how many the right
    eye is late. lens: see `lens_check`, None of a camera that stands; lens_found: the clip itself was asked for it.
    """

    frames: int
    placed: int
    matched: float
    ahead: float | None = None
    clear: float | None = None
    vertical_px: float | None = None
    kept: float = 0.0
    won: float = 0.0
    spread: float = 0.0
    reprojection_px: float | None = None
    baseline_deg: float | None = None
    halves: Halves | None = None
    path_m: float | None = None
    extent_m: float | None = None
    distance_m: float | None = None
    speed_m_s: float | None = None
    travel_px: float | None = None
    turn_deg: float | None = None
    depth_ratio: float | None = None
    yaw_given: bool = False
    lag_frames: float | None = None
    lens: LensCheck | None = None
    lens_found: bool = False

    @property
    def registered(self) -> float:
        """Share of the frames that are placed."""
        return self.placed / self.frames if self.frames else 0.0

    @property
    def method(self) -> Method | None:
        """What the camera does, against the noise of its path; None where it has none."""
        if self.extent_m is None or self.travel_px is None or self.turn_deg is None:
            return None
        noise_m = 0.0 if self.halves is None else self.halves.distance_m
        if self.travel_px > STILL_PX and self.extent_m > STILL_NOISE * noise_m:
            return "moving"
        return "turning" if self.turn_deg > TURN_DEG else "still"

    @property
    def halves_px(self) -> float | None:
        """What places that are as far apart as those of two halves of the tracks shift a point at `distance_m` by."""
        if self.halves is None or self.travel_px is None or self.extent_m is None:
            return None
        return self.travel_px * self.halves.distance_m / max(self.extent_m, 1e-12)


def measured(solve: RigSolve, options: RigOptions) -> StereoSignals:
    """The signals of a solve with these options; halves of the tracks are solved for them."""
    seen, tracks = solve.seen, solve.seen.tracks
    paired = seen.paired
    matched = float(paired.mean()) if len(paired) else 0.0
    if solve.start is None:
        return StereoSignals(tracks.frames, 0, matched)
    ahead, clear = solve.start.ahead, solve.start.clear
    if solve.model is None or solve.path is None:
        return StereoSignals(tracks.frames, 0, matched, ahead, clear, solve.start.error_px)
    model, placed = solve.model, solve.model.placed
    poses = model.world_from_left[placed]
    middle = np.median(poses[:, :3, 3], axis=0)
    extent_m = float(np.quantile(np.linalg.norm(poses[:, :3, 3] - middle, axis=1), 0.9))
    path_m = path_length(poses)
    held = model.kept_left & np.isfinite(model.points[tracks.track, 0])
    kept = held & (model.kept_right | ~paired)
    points = transform_points(invert_rigid(model.world_from_left[tracks.frame[held]]), model.points[tracks.track[held]])
    distance_m = float(np.median(np.linalg.norm(points, axis=1)))
    errors = [e[k] for e, k in zip(errors_px(seen, model), (model.kept_left, model.kept_right), strict=True)]
    vertical = epipolar_errors(seen.left_rays[paired], seen.right_rays[paired], model.left_from_right)
    baseline_m = float(np.linalg.norm(model.left_from_right[:3, 3]))
    went_s = float(np.ptp(tracks.times_s[placed]))
    signals = StereoSignals(
        tracks.frames,
        int(placed.sum()),
        matched,
        ahead,
        clear,
        seen.lens.focal_px * float(np.median(np.abs(vertical))),
        float(kept.mean()),
        *_won(tracks.xy, kept, tracks.width, tracks.height),
        float(np.median(np.concatenate(errors))),
        float(np.degrees(np.arccos(np.clip(model.left_from_right[0, 3] / baseline_m, -1.0, 1.0)))),
        halves_apart(solve, options),
        path_m,
        extent_m,
        distance_m,
        path_m / went_s if went_s > 0 else 0.0,
        seen.lens.focal_px * extent_m / distance_m,
        float(rotation_angle_deg(poses[0, :3, :3].T @ poses[:, :3, :3]).max()),
        distance_m / baseline_m,
        solve.hold != "refined",
        lag_frames(seen, model.left_from_right, solve.hold),
        lens_found=solve.lens_found,
    )
    return signals if signals.method == "still" else replace(signals, lens=lens_check(solve, options))


def _won(xy: np.ndarray, kept: np.ndarray, width: int, height: int) -> tuple[float, float]:
    """Share of the cells with sightings, and of all, where most sightings are `kept`."""
    cell = np.clip((xy + 0.5) * CELLS / (width, height), 0, CELLS - 1).astype(int)
    number = cell[:, 1] * CELLS + cell[:, 0]
    total, held = np.bincount(number, minlength=CELLS**2), np.bincount(number, kept, CELLS**2)
    won = (2 * held > total).sum()
    return float(won / max((total > 0).sum(), 1)), float(won / CELLS**2)
