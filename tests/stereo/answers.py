"""What the rig phase's steps say of two eyes' pictures."""

from dataclasses import dataclass

from factory.clip import Clip, ClipRecord
from factory.geometry.lens import Lens
from factory.phases.rig_grading import GradeRig, StereoTrust
from factory.phases.rig_stages import SolveRig
from factory.stereo.layout import Layout
from factory.stereo.pair import Eyes, StereoPath, StereoTracks
from factory.stereo.sightings import StereoTracker
from factory.stereo.solve import RigOptions


@dataclass(frozen=True)
class Answer:
    """eyes, layout: as they turned out to be."""

    eyes: Eyes
    layout: Layout
    path: StereoPath | None
    trust: StereoTrust

    @property
    def words(self) -> set[str]:
        """The names of what speaks against the path."""
        return {reason.partition(":")[0] for reason in self.trust.reasons}


def answer(eyes: Eyes, options: RigOptions | None = None, lens_known: bool = True) -> Answer:
    """Of pictures."""
    return _answer(eyes, StereoTracker()(eyes), options, lens_known)


def posed_tracks(tracks: StereoTracks, lens: Lens, lens_known: bool = True) -> Answer:
    """Of points that were followed."""
    eyes = Eyes([], [], lens, tracks.tracks.times_s, tracks.tracks.frame_index)
    return _answer(eyes, tracks, None, lens_known)


def _answer(eyes: Eyes, tracks: StereoTracks, options: RigOptions | None, lens_known: bool) -> Answer:
    layout = Layout("side_by_side", "rectified", across_deg=60.0 if lens_known else None)
    record = ClipRecord(Clip("eyes", "eyes.mp4", 0.0, 1.0, 2, 1, 30.0, 0, 30), {"eyes": eyes, "layout": layout})
    record = GradeRig()(SolveRig(options=options or RigOptions())(record.give(stereo_tracks=tracks)))
    return Answer(record["eyes"], record["layout"], record["rig_solve"].path, record["trust"])
