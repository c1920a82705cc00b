"""Parallax specialist: does the camera change its place, or does one homography explain everything it sees."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.filters.robust import fit_homography
from factory.filters.two_view import ViewPair


def homography_share(pair: ViewPair, error_px: float) -> float:
    """Share of the pair's rigid points within `error_px` of the best homography: near 1, the camera only turns (or
    zooms), or all it sees is one plane."""
    xy1, xy2 = pair.xy1[pair.rigid], pair.xy2[pair.rigid]
    if len(xy1) < 8:
        return 1.0
    homography = fit_homography(xy1, xy2, error_px)
    if homography is None:
        return 0.0
    moved = cv2.perspectiveTransform(xy1[None], homography)[0]
    return float((np.linalg.norm(moved - xy2, axis=1) < error_px).mean())


@dataclass
class Parallax:
    """Needs: view_pairs. Gives: parallax, float, the share of background points that no homography explains, median
    over the pairs; None without a pair. A low value is no reason to reject: a camera that turns has a pose, too."""

    needs: ClassVar[tuple[str, ...]] = ("view_pairs",)
    gives: ClassVar[tuple[str, ...]] = ("parallax",)

    error_px: float = 1.5

    def __call__(self, record: ClipRecord) -> ClipRecord:
        shares = [homography_share(pair, self.error_px) for pair in record["view_pairs"]]
        return record.give(parallax=1.0 - float(np.median(shares)) if shares else None)
