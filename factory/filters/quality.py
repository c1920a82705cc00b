"""Image-quality specialist: sharpness, exposure, resolution and frame rate (C1)."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.video import shrink


@dataclass
class ImageQuality:
    """Needs: stills, list of uint8 (H, W, 3) RGB. Gives, medians over the stills where they apply:

    sharpness: standard deviation of the Laplacian over that of the picture (plus five grey levels, so that noise in
    the dark does not pass for detail), of the still shrunk to `side_px`: what a tracker can hold on to, whatever the
    size of the file. sharpness_low: the same of blocks of `block_px`, lower quartile: behind a sharp face, a background
    out of focus. brightness: median grey, 0-255. clipped_share: pixels that are black or white. short_side_px and
    frame_rate: of the source.
    """

    needs: ClassVar[tuple[str, ...]] = ("stills",)
    gives: ClassVar[tuple[str, ...]] = (
        "sharpness", "sharpness_low", "brightness", "clipped_share", "short_side_px", "frame_rate"
    )  # fmt: skip
    version: ClassVar[int] = 2

    side_px: int = 320
    block_px: int = 20

    def __call__(self, record: ClipRecord) -> ClipRecord:
        measured = [self._measure(cv2.cvtColor(s, cv2.COLOR_RGB2GRAY)) for s in self._small(record["stills"])]
        sharpness, low, brightness, clipped = np.median(measured, axis=0)
        return record.give(
            sharpness=float(sharpness),
            sharpness_low=float(low),
            brightness=float(brightness),
            clipped_share=float(clipped),
            short_side_px=float(min(record.clip.width, record.clip.height)),
            frame_rate=float(record.clip.fps),
        )

    def _small(self, stills: list[np.ndarray]) -> list[np.ndarray]:
        return [shrink(still, self.side_px) for still in stills]

    def _measure(self, grey: np.ndarray) -> tuple[float, float, float, float]:
        curved = cv2.Laplacian(grey, cv2.CV_32F)
        detail = float(curved.std()) / (float(grey.std()) + 5.0)
        # Two levels of contrast are added: a block may be darker and plainer than the picture.
        blocks = self._block_std(curved) / (self._block_std(grey.astype(np.float32)) + 2.0)
        return (
            detail,
            float(np.quantile(blocks, 0.25)),
            float(np.median(grey)),
            float(((grey < 8) | (grey > 247)).mean()),
        )

    def _block_std(self, values: np.ndarray) -> np.ndarray:
        """Standard deviations of the whole blocks, float (blocks,)."""
        side = min(self.block_px, *values.shape)
        rows, columns = values.shape[0] // side, values.shape[1] // side
        whole = values[: rows * side, : columns * side].reshape(rows, side, columns, side)
        return whole.std(axis=(1, 3)).ravel()
