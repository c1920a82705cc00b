"""Vehicle specialist: straight ahead without turning, as a camera behind a windscreen sees it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from factory.clip import ClipRecord
from factory.filters.two_view import ViewPair
from factory.geometry.trajectory import rotation_angle_deg


@dataclass
class DriveShare:
    """Share of the clip in which the camera moves along its own axis and hardly turns.

    DynPose-100K rejects views from a driving car: dashboard and road are two reference frames (C2). Nobody holds a
    camera this straight while walking; a drone may, and is rejected with the cars.

    Needs: view_pairs. Gives: drive_share, float; None without a pair.
    """

    needs: ClassVar[tuple[str, ...]] = ("view_pairs",)
    gives: ClassVar[tuple[str, ...]] = ("drive_share",)

    least_forward: float = 0.9  # of the direction's unit length along the optical axis: within 26 degrees
    most_turn_deg_s: float = 2.0  # motorway and street measured: 0.3 to 0.7; hand-held: 5 to 40

    def __call__(self, record: ClipRecord) -> ClipRecord:
        driving = [self._drives(pair) for pair in record["view_pairs"]]
        return record.give(drive_share=float(np.mean(driving)) if driving else None)

    def _drives(self, pair: ViewPair) -> bool:
        turn_deg_s = float(rotation_angle_deg(pair.rotation)) / pair.seconds
        return abs(float(pair.direction[2])) > self.least_forward and turn_deg_s < self.most_turn_deg_s
