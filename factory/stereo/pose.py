"""From points that both eyes see to the rig and its way: which eye is which, and the lens where nobody knows it."""

from dataclasses import dataclass, replace

from factory.geometry.lens import Lens
from factory.stereo.halves import light
from factory.stereo.lens_check import lens_check
from factory.stereo.pair import Eyes, StereoTracks
from factory.stereo.sightings import StereoTracker
from factory.stereo.solve import RigOptions, RigSolve, solve_rig

LENS_ROUNDS = 4  # from a lens 1.7 times as long three are enough
LENS_NEAR = 0.01  # of it; what is left is told by the check of the last solve


@dataclass(frozen=True)
class PosedEyes:
    """eyes: with the left one the left, and the lens that was found. swapped: they were not as given. focal_factor: the
    focal length of that lens by the one that was given."""

    eyes: Eyes
    swapped: bool
    focal_factor: float
    solve: RigSolve


def pose_eyes(
    eyes: Eyes, tracks: StereoTracks, lens_known: bool, tracker: StereoTracker, options: RigOptions
) -> PosedEyes:
    """tracks: of the eyes as given; they are followed anew by `tracker` where all points lie behind them. Raises
    nothing for what is wrong with the pictures."""
    solve = solve_rig(tracks, eyes.lens, options)
    swapped = solve.swapped
    if swapped:
        eyes = replace(eyes, left=eyes.right, right=eyes.left)
        tracks = tracker(eyes)
        solve = solve_rig(tracks, eyes.lens, options)
    if lens_known:
        return PosedEyes(eyes, swapped, 1.0, solve)
    lens = _lens_of(solve, light(options))
    solve = replace(solve_rig(tracks, lens, options), lens_found=True)
    return PosedEyes(replace(eyes, lens=lens), swapped, lens.focal_px / eyes.lens.focal_px, solve)


def _lens_of(solve: RigSolve, options: RigOptions) -> Lens:
    """That the clip asks for, in rounds of solves with the last one's; where it tells nothing, whatever came last."""
    lens = solve.seen.lens
    for number in range(LENS_ROUNDS):
        if number:
            solve = solve_rig(solve.seen.stereo, lens, options)
        check = lens_check(solve, options)
        if check is None:
            return lens
        lens = replace(lens, focal_px=check.ratio * lens.focal_px)
        if abs(check.ratio - 1.0) < LENS_NEAR:
            return lens
    return lens
