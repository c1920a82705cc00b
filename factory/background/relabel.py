"""Labels of tracks once the camera's motion is known: simpler motions leave objects less room to hide in."""

from dataclasses import dataclass, replace

import numpy as np

from factory.background.camera_motion import CameraMotion
from factory.background.choose import Background, labelled
from factory.geometry.turning import Matches, fit_rotation, rotation_residual
from factory.tracks import Tracks


@dataclass
class Relabel:
    """Static tracks of a still camera stay in place; those of a turning one go where its rotation takes them.

    A relative pose asks less: without parallax its translation means nothing and lets objects move along it. A camera
    that nearly turns, with parallax of a pixel, gets a looser bound: on one such clip dynamic observations left in the
    background fell from 4.0 to 1.0 %.
    """

    least_common: int = 30  # background tracks a rotation is fitted to
    strides: tuple[int, ...] = (2, 4, 8)  # pairs that tracks are labelled anew from
    residual_px: float = 1.5  # guess; or 4 medians of the pair
    near_px: float = 4.0  # the same, with a pixel of parallax in the median
    rest_px: float = 2.0  # a still camera's static tracks stay this close to their median; the sway and tracking noise
    least_value: float = 0.7
    least_length: int = 3

    def __call__(self, tracks: Tracks, background: Background, motion: CameraMotion) -> Background:
        """The background of a camera that does what `motion` says.

        With more parallax than a pixel, and where nothing is known, the background stays as it is.
        """
        if motion.verdict == "still":
            value = self._in_place(tracks)
        elif motion.focal_px is not None:
            most_px = self.residual_px if motion.verdict == "rotation" else self.near_px
            turning = self._obeying_rotation(tracks, background, motion.focal_px, most_px)
            value = np.where(np.isnan(turning), background.value, np.minimum(background.value, turning))
        else:
            return background
        value[tracks.lengths() < self.least_length] = np.nan
        if background.masked is not None:
            value[background.masked] = 0.0
        found = labelled(value, self.least_value, background.hypothesis, background.scores)
        return replace(found, masked=background.masked)

    def _in_place(self, tracks: Tracks) -> np.ndarray:
        """Share of each track's observations near their median: float64 (M,)."""
        lengths = tracks.lengths()
        middle = np.empty((tracks.count, 2))
        begin = np.concatenate([[0], np.cumsum(lengths)])
        for axis in (0, 1):
            order = np.lexsort((tracks.xy[:, axis], tracks.track))
            middle[:, axis] = tracks.xy[order[begin[:-1] + lengths // 2], axis]
        near = np.linalg.norm(tracks.xy - middle[tracks.track], axis=1) < self.rest_px
        return np.bincount(tracks.track, near, tracks.count) / lengths

    def _obeying_rotation(self, tracks: Tracks, background: Background, focal_px: float, most_px: float) -> np.ndarray:
        """Share of each track's pairs in which it goes where the rotation takes it: float64 (M,), NaN without any."""
        middle = np.array([tracks.width - 1, tracks.height - 1]) / 2
        agreed, asked = np.zeros(tracks.count), np.zeros(tracks.count)
        for stride in self.strides:
            for i in range(tracks.frames - stride):
                ids, xy_i, xy_j = tracks.pair(i, i + stride)
                steady = background.is_background[ids]
                if steady.sum() < self.least_common:
                    continue
                everything = Matches(xy_i - middle, xy_j - middle)
                fitted = Matches(everything.xy_i[steady], everything.xy_j[steady])
                error = rotation_residual(everything, focal_px, fit_rotation(fitted, focal_px))
                asked[ids] += 1
                agreed[ids] += error < max(most_px, 4 * float(np.median(error[steady])))
        return np.divide(agreed, asked, out=np.full(tracks.count, np.nan), where=asked > 0)
