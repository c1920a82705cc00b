"""The steps that say what a solve is worth, and whether it is kept."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

from factory.background.choose import Background
from factory.clip import ClipRecord
from factory.masks.motion import DynamicMasks
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.options import SolveOptions
from factory.sfm.solve import solve_clip
from factory.stage import Rejected
from factory.tracks import Tracks
from factory.trust.again import OtherLabels
from factory.trust.assess import Measure, Signals
from factory.trust.predicted import Prediction
from factory.trust.rule import AcceptRule
from factory.trust.worth import Trust


@dataclass
class GradeCamera:
    """Grades a solve; one that would be refused is tried again with other labels, and the first that stands is taken.

    A camera that stands has the identity for a pose, which nothing can better: gold, without a way to rely on.
    Gives: trust, and trajectory anew.
    """

    needs: ClassVar[tuple[str, ...]] = ("trajectory", "solve_options", "tracks", "background", "frames")
    gives: ClassVar[tuple[str, ...]] = ("trust", "trajectory")

    measure: Measure = field(default_factory=Measure)
    predict: Prediction = field(default_factory=Prediction)
    rule: AcceptRule = field(default_factory=AcceptRule)
    again: OtherLabels | None = field(default_factory=OtherLabels)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        return self.graded(record)

    def graded(self, record: ClipRecord, masks: DynamicMasks | None = None) -> ClipRecord:
        """masks: of what is known to move, see `Measure.body`."""
        trajectory, tracks, given = record["trajectory"], record["tracks"], record["solve_options"]
        trust = self.trust(trajectory, tracks, given, masks)
        if trust.reasons and self.again is not None:
            background: Background = record["background"]
            # Other labels, not another lens: looking for a zoom takes nine tenths of a solve that goes wrong.
            zooms = trajectory.focal_px_per_frame is not None
            options = given if zooms else replace(given, zoom=None)
            for labels in self.again(trajectory, tracks, background.is_background):
                other = solve_clip(tracks, labels, record["frames"].grey, options)
                body = self.measure.body(other, tracks, masks)
                if self.rule.objections(body):
                    continue  # what it is worth besides need not be known
                told = self._graded(other, body, given)
                if not told.reasons:
                    trajectory, trust = other, told
                    break
        if trajectory.method != "still":
            trajectory = replace(trajectory, focal_reliable=trust.focal_reliable)
        return record.give(trust=trust, trajectory=trajectory)

    def trust(
        self, trajectory: Trajectory, tracks: Tracks, options: SolveOptions, masks: DynamicMasks | None = None
    ) -> Trust:
        """tracks: all of the clip, as the tracker gave them. options: with which the trajectory was found."""
        if trajectory.method == "still":
            standing = Signals(tracks.frames, 1.0, True)
            return Trust(standing, self.predict(standing), "gold", (), False, False)
        return self._graded(trajectory, self.measure.body(trajectory, tracks, masks), options)

    def _graded(self, trajectory: Trajectory, body: Signals, options: SolveOptions) -> Trust:
        refused = bool(self.rule.objections(body))
        signals = self.measure.error(trajectory, body, options, thorough=not refused)
        predicted = self.predict(signals)
        refused = refused or signals.apart is None
        return Trust(
            signals,
            predicted,
            None if refused else self.rule.quality(signals, predicted),
            self.rule.reasons(signals, predicted),
            trajectory.focal_reliable is not False and self.rule.focal_reliable(signals, predicted),
            not refused and self.rule.translation_reliable(signals, predicted),
        )


@dataclass
class AcceptCamera:
    """Rejects what cannot be trusted, with the reasons."""

    needs: ClassVar[tuple[str, ...]] = ("trust",)
    gives: ClassVar[tuple[str, ...]] = ()

    def __call__(self, record: ClipRecord) -> ClipRecord | Rejected:
        trust: Trust = record["trust"]
        return Rejected(record, trust.reasons) if trust.reasons else record
