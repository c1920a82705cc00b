"""When a decoded frame is shown, also where a stream's stamps are missing, out of order, or begin anew."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import av

from factory.errors import VideoError

Stamps = Literal["pts", "dts", "frames"]
STAMPS: tuple[Stamps, ...] = ("pts", "dts", "frames")

RESTART_S = 0.5  # a stamp this far before the last one: the clock begins anew (joined recordings); a guess
FEW_DISORDERED, DISORDERED_SHARE = 3, 0.02  # more unusable stamps than this: the stream's stamps are wrong as such


class DisorderedError(VideoError):
    """The stamps that were believed do not order the frames: others have to be taken."""


@dataclass
class Clock:
    """Times of frames, told in the order in which they are shown; every answer is later than the one before.

    stamps: what is believed: presentation time stamps (`pts`); time stamps of decoding (`dts`), which AVI and badly cut
    files have in good order where the others are not; or the mere number of `frames`. time_base: seconds of one unit of
    a stamp. interval_s: between two frames, nominally. disordered: frames left out. restarts: times it began anew.
    """

    stamps: Stamps
    time_base: Fraction
    interval_s: float
    disordered: int = 0
    restarts: int = 0
    _count: int = field(default=0, init=False)
    _now_s: float = field(default=0.0, init=False)
    _stamp: int = field(default=0, init=False)
    _origin: tuple[int, float] = field(default=(0, 0.0), init=False)  # a stamp and its time

    def tell(self, frame: av.VideoFrame) -> float | None:
        """Seconds from the first frame; None where the frame's own stamp cannot be used, and it is to be left out.

        Raises DisorderedError when that happens too often.
        """
        time_s = self._next_s({"pts": frame.pts, "dts": frame.dts, "frames": None}[self.stamps])
        if time_s is None:
            self.disordered += 1
            if self.disordered > FEW_DISORDERED + DISORDERED_SHARE * self._count:
                raise DisorderedError(f"the stream's time stamps ({self.stamps}) do not order its frames: convert it.")
            return None
        self._count += 1
        self._now_s = time_s
        return time_s

    def _next_s(self, stamp: int | None) -> float | None:
        if self.stamps == "frames":
            return self._count * self.interval_s
        if stamp is None:
            # The last frames, which the decoder held back, come without a time stamp of decoding.
            return self._now_s + self.interval_s if self.stamps == "dts" and self._count else None
        if self._count == 0:
            self._origin = (stamp, 0.0)
        elif float((stamp - self._stamp) * self.time_base) <= -RESTART_S:
            self.restarts += 1
            self._origin = (stamp, self._now_s + self.interval_s)
        elif stamp <= self._stamp:
            return None
        time_s = self._origin[1] + float((stamp - self._origin[0]) * self.time_base)
        if self._count and time_s <= self._now_s:
            return None
        self._stamp = stamp
        return time_s
