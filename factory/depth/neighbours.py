"""Which frames a frame is compared with: seen from far enough beside, and showing the same."""

from dataclasses import dataclass

import numpy as np

from factory.construct import Count, Share
from factory.depth.posed import Anchors, Posed
from factory.geometry.camera import project_cam


@dataclass
class ChooseNeighbours:
    """Up to two frames before and two after, whose parallax is nearest to `parallaxes`, and which show more than
    `least_common` of the frame's points.

    Parallax is how far turning alone misses the points, the median, by the picture's width: of a camera that goes
    ahead it is less than its way says. Its two values: three times as much and half as much choose the same frames on
    a rendered clip.
    """

    parallaxes: tuple[float, ...] = (0.06, 0.024)
    least_common: Share = 0.5
    # Under 2 px of 320 a match that is 0.2 px off is 10 % off in depth. Never more than the largest of `parallaxes`.
    least_parallax: Share = 0.006
    most_points: Count = 200  # that are looked at in a frame
    least_points: Count = 12  # a guess; frames that see fewer have no neighbours

    def __call__(self, posed: Posed, seen: Anchors, frame: int) -> list[int]:
        """Numbers of frames, ascending; empty where none qualifies."""
        own = seen.of(frame)
        if len(own.frame) < self.least_points:
            return []
        xyz = own.xyz[:: max(1, len(own.xyz) // self.most_points)]
        found = {}
        for other in np.flatnonzero(posed.registered):
            if other != frame and (parallax := self._parallax(posed, xyz, frame, int(other))) >= self.least_parallax:
                found[int(other)] = float(np.log(parallax))
        sides: list[list[int]] = [[], []]
        for side, others in enumerate(([o for o in found if o < frame], [o for o in found if o > frame])):
            sides[side] = self._nearest(found, others, len(self.parallaxes))
        chosen = sides[0] + sides[1]
        left = [other for other in found if other not in chosen]
        lacking = 2 * len(self.parallaxes) - len(chosen)
        return sorted(chosen + self._nearest(found, left, lacking))

    def _nearest(self, log_parallax: dict[int, float], others: list[int], count: int) -> list[int]:
        chosen: list[int] = []
        for wanted in np.log(self.parallaxes)[:count]:
            left = [other for other in others if other not in chosen]
            if left:
                chosen.append(min(left, key=lambda other: abs(log_parallax[other] - wanted)))
        return chosen

    def _parallax(self, posed: Posed, xyz: np.ndarray, frame: int, other: int) -> float:
        """By the width; 0 where the frames have too little in common. xyz: points in the frame's camera."""
        motion = posed.from_to(frame, other)
        turned = xyz @ motion[:3, :3].T
        moved = turned + motion[:3, 3]
        with np.errstate(divide="ignore", invalid="ignore"):
            xy, still = (project_cam(each, posed.cameras[other]) for each in (moved, turned))
        width, height = posed.size
        common = (moved[:, 2] > 0) & np.all((xy >= 0) & (xy <= [width - 1, height - 1]), axis=1)
        if common.mean() <= self.least_common:
            return 0.0
        return float(np.median(np.linalg.norm(xy - still, axis=1)[common & (turned[:, 2] > 0)])) / width
