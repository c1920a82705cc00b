"""Points of the left eye through the clip, and at every moment where the right eye sees them."""

from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np

from factory.frames import Frames, Passing
from factory.models.lk import LucasKanade
from factory.sfm.points.patch_alignment import PatchRefinement, refined
from factory.stereo.pair import Eyes, StereoTracks
from factory.tracks import tracks_from


@dataclass
class StereoTracker:
    """The left eye is followed from frame to frame; every sighting is searched in the right eye of the same moment, by
    the same search: from where dense flow points, with a return check.

    refinement: afterwards both eyes' sightings of a track are aligned with one patch, so that drift cannot add up.
    """

    points: LucasKanade = field(default_factory=LucasKanade)
    refinement: PatchRefinement | None = field(default_factory=PatchRefinement)

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
        sightings = StereoTracks(tracks, right_xy)
        return sightings if self.refinement is None else aligned_in_both(sightings, eyes, self.refinement)


def aligned_in_both(stereo: StereoTracks, eyes: Eyes, how: PatchRefinement) -> StereoTracks:
    """The sightings at refined positions: both eyes' pictures of all moments are one film to the alignment."""
    tracks, found = stereo.tracks, np.isfinite(stereo.right_xy[:, 0])
    film = list(chain.from_iterable(zip(eyes.left, eyes.right, strict=True)))
    both = tracks_from(
        np.concatenate([tracks.track, tracks.track[found]]),
        np.concatenate([2 * tracks.frame, 2 * tracks.frame[found] + 1]),
        np.concatenate([tracks.xy, stereo.right_xy[found]]),
        np.repeat(tracks.times_s, 2),
        np.repeat(tracks.frame_index, 2),
        (tracks.width, tracks.height),
    )
    # Sorted by track and frame, so each eye's sightings stay in their order.
    xy, of_right = refined(both, film, how).xy, both.frame % 2 == 1
    right_xy = stereo.right_xy.copy()
    right_xy[found] = xy[of_right]
    return StereoTracks(replace(tracks, xy=xy[~of_right]), right_xy)
