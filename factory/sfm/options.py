"""The choices of the solver, each with where its value comes from, grouped as the folders beside this file are.

Provenance: "study" = five rendered clips of 36 samples, position error against truth.
"""

from dataclasses import dataclass, field

from factory.sfm.lens.bent import BentSearch
from factory.sfm.lens.readout import ReadoutSearch
from factory.sfm.lens.shift import ShiftSearch
from factory.sfm.mapping.final_rounds import Sharpening
from factory.sfm.pairs.focal import FocalSearch
from factory.sfm.points.patch_alignment import PatchRefinement
from factory.sfm.points.sift import SiftTracks
from factory.sfm.zoom.search import ZoomSearch


@dataclass(frozen=True)
class PairOptions:
    """From tracks to relative poses of frame pairs, and to the focal length that they want."""

    strides: tuple[int, ...] = (1, 3, 9, 27)  # frame pairs; (1, 2, 4, 8, 16, 32) end at the same place (three clips)
    error_px: float = 1.5  # study
    trials: int = 60  # 60 / 150 / 300 trials find 98.0 / 98.2 / 98.3 % inliers on a kitchen sweep
    least_vote: float = 0.7  # share of pairs in which a track must be an inlier; study (4.9 -> 0.13 % with staging)
    focal: FocalSearch = field(default_factory=FocalSearch)
    other_focals: tuple[float, ...] = (0.75, 1.33)  # times the start, tried when too little is explained


@dataclass(frozen=True)
class PointOptions:
    """Which points a clip is solved by."""

    sparse_common: int = 60  # fewest tracks common to successive frames: below it every frame gets SIFT
    sparse_interval_s: float = 0.15  # or frames further apart than this; a guess between 10 and 5 frames a second
    # Mean length in frames under which SIFT joins what the tracker loses: of four rendered clips with tracks of 7 to 9
    # frames all gain, 5 to 50 % of the path's error.
    short_tracks: float = 10.0
    # Background observations a frame under which SIFT joins long tracks too, with many features: two crowds and two
    # ponds gain 20 to 70 % of the path's error, for 6 CPU seconds per 100 frames; clips with more gain nothing.
    few_static: float = 600.0
    few_tracks: float = 250.0  # live tracks a frame under which the scene counts as textureless; study
    refinement: PatchRefinement | None = field(default_factory=PatchRefinement)
    sift: SiftTracks | None = field(default_factory=SiftTracks)  # where frames lie far apart or tracks are short


@dataclass(frozen=True)
class MappingOptions:
    """From relative poses to cameras and points, in rounds of triangulation and adjustment."""

    # study: 150 beat 60 and all; with 60 some half solves fall into a wrong focal length
    positioned_per_frame: int = 120
    # First rounds, which need not converge: cut in pixels, iterations, whether rotations and focal length are free.
    rough: tuple[tuple[float, int, bool], ...] = ((16.0, 8, False), (5.0, 15, True), (2.5, 15, True))  # study
    loss_px: float = 0.5  # Cauchy; study: the largest gain of the back end (0.059 -> 0.0245 % on driving)
    cut_px: float = 1.0  # study
    # Rounds of re-triangulation: cut in units of `cut_px`, iterations. The first gives back what poses that are not yet
    # good have lost (a first cut of 2 loses a twentieth of a kitchen sweep's observations: 2.7 -> 3.2 %). Rendered
    # clips end alike from 80 tracks a frame and 30 iterations; a noisy kitchen sweep does not (3.8 against 3.0 %).
    rounds: tuple[tuple[float, int], ...] = ((4.0, 10), (1.0, 50))
    rough_per_frame: int = 300  # longest tracks in these rounds
    least_share: float = 0.5  # of a track's observations that its point explains; study
    doubted_share: float = 0.9  # the same for tracks that were not labelled background; a guess on the safe side
    least_angle_deg: float = 0.5  # study: 0.1 to 1.5 make no difference
    least_explained: float = 0.5  # of the static observations; under it other focal lengths and lenses are tried
    weak_frame: int = 20  # kept observations under which a frame is placed anew
    least_shared: int = 10  # kept tracks that join two frames into one scale
    least_registered: float = 0.7  # below it the incremental mapper is tried
    sharpening: Sharpening | None = field(default_factory=Sharpening)


@dataclass(frozen=True)
class LensOptions:
    """What camera the tracks may be explained by, other than a centred pinhole with a global shutter."""

    focal_bounds: tuple[float, float] = (0.3, 4.0)  # of the longer side: 118 to 14 degrees
    curved_gain: float = 1.1  # more kept observations for which distortion is taken in such a case; guess
    twice_curved_gain: float = 1.02  # the same for its second term; guess
    curved_focal: float = 0.25  # by how much the focal length may change with it, as `Sharpening.most_focal_change`
    most_push: float = 0.04  # by how much it may push the corner out, as `Sharpening.most_push`
    bent: BentSearch | None = field(default_factory=BentSearch)
    readout: ReadoutSearch | None = field(default_factory=ReadoutSearch)  # None: as if all shutters were global
    shift: ShiftSearch | None = field(default_factory=ShiftSearch)  # None: the principal point stays in the middle


@dataclass(frozen=True)
class SolveOptions:
    """How tracks become a trajectory."""

    pairs: PairOptions = field(default_factory=PairOptions)
    points: PointOptions = field(default_factory=PointOptions)
    mapping: MappingOptions = field(default_factory=MappingOptions)
    lens: LensOptions = field(default_factory=LensOptions)
    zoom: ZoomSearch | None = field(default_factory=ZoomSearch)  # None: one focal length for all frames, come what may
