"""Point tracks, computed once for every specialist that reads motion."""

from dataclasses import dataclass, field
from typing import ClassVar

from factory.clip import ClipRecord
from factory.models.lk import LucasKanade
from factory.models.roles import Tracker


@dataclass
class PointTracks:
    """The tracker of the pose phase, on the small frames that the specialists look at.

    Needs: frames, a Frames. Gives: tracks, a Tracks in pixels of these frames.
    """

    needs: ClassVar[tuple[str, ...]] = ("frames",)
    gives: ClassVar[tuple[str, ...]] = ("tracks",)
    version: ClassVar[int] = 4

    tracker: Tracker = field(default_factory=LucasKanade)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        return record.give(tracks=self.tracker.track(record["frames"]))
