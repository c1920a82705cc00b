"""Cuts between shots: PySceneDetect proposes, geometry has the last word.

A detector of changing content also fires on a fast pan and between far-apart frames of one scene. So a proposed cut
stands only when features of the pictures on both sides do not match under one epipolar geometry.
"""

from collections import deque
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from scenedetect import AdaptiveDetector, ContentDetector, FrameTimecode, ThresholdDetector

from factory.video import shrink

THUMBNAIL_SIDE_PX = 320  # changes of content show at this size; PySceneDetect itself shrinks to about 256
MATCHING_SIDE_PX = 640
SETTLE_FRAMES = 2  # a second comparison lies this far behind a cut: compression smears the first pictures
SPARSE_INTERVAL_S = 0.15  # frames further apart are rather a series of photos: neighbours need not overlap,
SPARSE_MEMORY = 24  # so that a picture may belong to the shot by any of this many before it


@dataclass(frozen=True)
class Picture:
    """One frame of the recent past; its features are found when a cut near it is judged."""

    image: np.ndarray

    @cached_property
    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """SIFT: positions float64 (N, 2) in pixels of the matching size, descriptors float32 (N, 128)."""
        grey = cv2.cvtColor(shrink(self.image, MATCHING_SIDE_PX), cv2.COLOR_RGB2GRAY)
        keys, descriptors = cv2.SIFT.create(nfeatures=1500).detectAndCompute(grey, None)
        if descriptors is None:
            return np.empty((0, 2)), np.empty((0, 128), np.float32)
        return np.array([key.pt for key in keys]), descriptors


class CutFinder:
    """Finds the cuts of one source, fed frame by frame: `add` each one, then `finish`.

    `content`: mean change of hue, saturation and brightness (of 255) that makes a hard cut. `adaptive`: change as a
    multiple of the neighbours' mean, for cuts amid steady motion. `fade`: mean brightness (of 255) that is black.
    `fps`: the source's frame rate.
    """

    def __init__(self, content: float, adaptive: float, fade: float, fps: float) -> None:
        self._detectors = [
            ContentDetector(threshold=content, min_scene_len=0),
            AdaptiveDetector(adaptive_threshold=adaptive, min_scene_len=0),
            ThresholdDetector(threshold=fade, min_scene_len=0, add_final_scene=True),
        ]
        self._memory = SPARSE_MEMORY if fps * SPARSE_INTERVAL_S < 1 else 1
        self._recent: deque[tuple[int, Picture]] = deque(maxlen=self._memory + 7 + 2 * SETTLE_FRAMES)
        self._proposed: set[int] = set()
        self._cuts: set[int] = set()
        self._count = 0

    def add(self, image: np.ndarray) -> None:
        """The next frame: uint8 (H, W, 3) RGB."""
        bgr = cv2.cvtColor(shrink(image, THUMBNAIL_SIDE_PX), cv2.COLOR_RGB2BGR)
        now = FrameTimecode(self._count, fps=25.0)  # a mere counter: times come from the container, not from here
        for detector in self._detectors:
            self._proposed.update(cut.frame_num for cut in detector.process_frame(now, bgr))
        self._recent.append((self._count, Picture(image)))
        self._count += 1
        self._judge(up_to=self._count - 1 - SETTLE_FRAMES)

    def finish(self) -> tuple[int, ...]:
        """Numbers of the frames at which a new shot begins; 0 is not among them."""
        if self._count:
            last = FrameTimecode(self._count - 1, fps=25.0)
            for detector in self._detectors:
                self._proposed.update(cut.frame_num for cut in detector.post_process(last))
        self._judge(up_to=self._count)
        return tuple(sorted(cut for cut in self._cuts if 0 < cut < self._count))

    def _judge(self, up_to: int) -> None:
        """Decides on the proposed cuts whose far side has been seen, while the pictures are still at hand."""
        pictures = dict(self._recent)
        for cut in [cut for cut in self._proposed if cut <= up_to]:
            self._proposed.discard(cut)
            before = [pictures[n] for n in range(cut - 1, cut - 1 - self._memory, -1) if n in pictures]
            after = [pictures[n] for n in (cut, min(cut + SETTLE_FRAMES, self._count - 1)) if n in pictures]
            if not any(same_scene(a, b) for a in before for b in after):
                self._cuts.add(cut)


def same_scene(a: Picture, b: Picture) -> bool:
    """Whether two pictures show one rigid scene: SIFT matches that agree on one fundamental matrix.

    20 inliers in 4 of 16 cells: unrelated pictures give under 12 in all, and a logo that stays over a cut sits in
    one or two cells. Measured on hand-held footage one second apart: 40 and more.
    """
    (points_a, descriptors_a), (points_b, descriptors_b) = a.features, b.features
    if len(points_a) < 20 or len(points_b) < 20:
        return False
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(descriptors_a, descriptors_b, k=2)
    good = [best for best, second in pairs if best.distance < 0.8 * second.distance]
    if len(good) < 20:
        return False
    matched_a = points_a[[m.queryIdx for m in good]]
    matched_b = points_b[[m.trainIdx for m in good]]
    cv2.setRNGSeed(0)
    _, inliers = cv2.findFundamentalMat(matched_a, matched_b, cv2.FM_RANSAC, 1.5, 0.999, 2000)
    if inliers is None or inliers.sum() < 20:
        return False
    height, width = shrink(a.image, MATCHING_SIDE_PX).shape[:2]
    cells = np.floor(matched_a[inliers.ravel() > 0] / (width / 4, height / 4)).astype(int)
    return len(np.unique(cells @ (1, 4))) >= 4
