"""Presenting specialist: a face that fills the picture is a talking head, not a scene (C3)."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.errors import ConfigError
from factory.video import shrink


@dataclass
class Presenting:
    """Frontal faces by the boosted cascade that OpenCV ships (Viola and Jones 2001; weights of Lienhart).

    Needs: stills. Gives: face_share, float, width of the largest face over the frame's longer side, median over the
    stills, 0 where none is found: a face must be there most of the time to count.
    """

    needs: ClassVar[tuple[str, ...]] = ("stills",)
    gives: ClassVar[tuple[str, ...]] = ("face_share",)

    side_px: int = 240
    least_face: float = 0.12  # of the longer side; smaller faces do not matter and cost time
    agreeing_windows: int = 6  # OpenCV's minNeighbors; twice its default: rather miss a face than invent one

    def setup(self) -> None:
        path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
        self._faces = cv2.CascadeClassifier(str(path))
        if self._faces.empty():
            raise ConfigError("OpenCV has no face detector: pip install 'opencv-python>=4.10,<5'.")

    def __call__(self, record: ClipRecord) -> ClipRecord:
        stills, found = record["stills"], []
        for still in stills:
            found.append(self._largest(still))
            if 2 * found.count(0.0) > len(stills):  # the median is 0, whatever the others show
                return record.give(face_share=0.0)
        return record.give(face_share=float(np.median(found)))

    def _largest(self, still: np.ndarray) -> float:
        grey = cv2.cvtColor(shrink(still, self.side_px), cv2.COLOR_RGB2GRAY)
        longer = max(grey.shape)
        least = (round(self.least_face * longer),) * 2
        found = self._faces.detectMultiScale(grey, 1.2, self.agreeing_windows, minSize=least)
        return max((int(width) for _, _, width, _ in found), default=0) / longer
