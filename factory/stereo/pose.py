"""From the pictures of two eyes to a path in metres, and whether to believe it."""

from dataclasses import dataclass, field, replace

from factory.stereo.pair import Eyes, StereoPath, StereoTracks
from factory.stereo.rule import StereoPredicted, StereoPrediction, StereoRule
from factory.stereo.sightings import StereoTracker
from factory.stereo.signals import StereoSignals, measured
from factory.stereo.solve import RigOptions, RigSolve, solve_rig


@dataclass(frozen=True)
class StereoAnswer:
    """eyes, tracks: with the eyes the right way round. swapped: they were not in the source. path: None where there is
    none. reasons: what speaks against it, a sentence each; none where it is accepted."""

    eyes: Eyes
    tracks: StereoTracks
    swapped: bool
    path: StereoPath | None
    signals: StereoSignals
    predicted: StereoPredicted | None
    reasons: tuple[str, ...]


@dataclass
class StereoPose:
    """Tracks the eyes, tells which is which, solves rig and path, and judges them."""

    tracker: StereoTracker = field(default_factory=StereoTracker)
    options: RigOptions = field(default_factory=RigOptions)
    rule: StereoRule = field(default_factory=StereoRule)
    prediction: StereoPrediction = field(default_factory=StereoPrediction)

    def __call__(self, eyes: Eyes) -> StereoAnswer:
        """Raises nothing for what is wrong with the pictures."""
        solve = self._solve(eyes)
        swapped = solve.swapped
        if swapped:
            eyes = replace(eyes, left=eyes.right, right=eyes.left)
            solve = self._solve(eyes)
        signals = measured(solve, self.options)
        reasons = self.rule.reasons(signals)
        return StereoAnswer(eyes, solve.seen.stereo, swapped, solve.path, signals, self.prediction(signals), reasons)

    def _solve(self, eyes: Eyes) -> RigSolve:
        return solve_rig(self.tracker(eyes), eyes.lens, self.options)
