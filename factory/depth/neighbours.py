"""Which frames a frame is compared with: seen from far enough beside, and showing the same."""

from dataclasses import dataclass

import numpy as np

from factory.construct import Count, Share
from factory.depth.posed import Posed, rays
from factory.geometry.camera import project_cam


@dataclass
class ChooseNeighbours:
    """Up to two frames before and two after, whose parallax is nearest to `parallaxes`, and which show more than
    `least_common` of what the frame shows.

    Parallax is how far turning alone misses what the frame shows, the median over its area, by the picture's width: of
    a camera that goes ahead it is less than its way says.
    """

    parallaxes: tuple[float, ...] = (0.06, 0.024)
    least_common: Share = 0.5
    # Under 2 px of 320 a match that is 0.2 px off is 10 % off in depth.
    least_parallax: Share = 0.006
    step: Count = 20  # of so many pixels across and down one is looked at

    def __call__(self, posed: Posed, frame: int, inverse: np.ndarray) -> list[int]:
        """Numbers of frames, ascending; empty where none qualifies. inverse: float32 (h, w), above 0, one by the depth
        that is expected of the frame."""
        some = (slice(self.step // 2, None, self.step),) * 2
        xyz = (rays(posed.cameras[frame], posed.size)[some] / inverse[some][..., None]).reshape(-1, 3)
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
        apart = np.linalg.norm(xy - still, axis=1)[common & (turned[:, 2] > 0)]
        return float(np.median(apart)) / width if len(apart) else 0.0
