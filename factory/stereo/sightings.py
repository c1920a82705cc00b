"""Points of the left eye through the clip, and at every moment where the right eye sees them."""

from dataclasses import dataclass, field

import numpy as np

from factory.frames import Frames, Passing
from factory.models.lk import LucasKanade
from factory.stereo.pair import Eyes, StereoTracks


@dataclass
class StereoTracker:
    """The left eye is followed from frame to frame; every sighting is searched in the right eye of the same moment, by
    the same search: from where dense flow points, with a return check."""

    points: LucasKanade = field(default_factory=LucasKanade)

    def __call__(self, eyes: Eyes) -> StereoTracks:
        """Tracks seen in at least two frames, in pixels of the eyes' pictures."""
        moments = zip(eyes.frame_index.tolist(), eyes.times_s.tolist(), eyes.left, strict=True)
        tracks = self.points.track(Frames([Passing(index, time_s, grey) for index, time_s, grey in moments]))
        right_xy = np.full((len(tracks.track), 2), np.nan)
        order = np.argsort(tracks.frame, kind="stable")
        begin = np.searchsorted(tracks.frame[order], np.arange(tracks.frames + 1))
        for frame, (left, right) in enumerate(zip(eyes.left, eyes.right, strict=True)):
            rows = order[begin[frame] : begin[frame + 1]]
            if len(rows):
                there, found = self.points.follow(left, right, tracks.xy[rows].astype(np.float32))
                right_xy[rows[found]] = there[found]
        return StereoTracks(tracks, right_xy)
