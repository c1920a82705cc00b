"""Whether pictures hold two eyes, and how: what is in them decides, what the file declares and the configuration say
the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, get_args

import cv2
import numpy as np
from annotated_types import Interval

from factory.construct import NotNegative, Positive, Share
from factory.models.dis import DisFlow
from factory.stereo.layout import Arrangement, Layout, Projection, split
from factory.stereo.metadata import Declared
from factory.stereo.projection import circle_of, looks_half_equirect

NOTHING = Declared()
CELL_PX = 256  # sides of the halves that are compared
TEXTURE_LEVELS = 4.0  # standard deviation in windows of 9 px; 8 separates as well


@dataclass(frozen=True)
class Recognised:
    """layout: None where the pictures are not stereo, as `why` says in one sentence. shares: by arrangement, the share
    of the one half's texture that the other half shows, too."""

    layout: Layout | None
    shares: dict[Arrangement, float]
    why: str = ""


@dataclass
class RecogniseLayout:
    """Cuts pictures in halves, side by side and top and bottom, and asks of each cut how much of the texture of one
    half optical flow finds in the other and back.

    What is set here (not null) goes before what the file declares, and that before what the pictures look like.
    """

    arrangement: Arrangement | None = None
    projection: Projection | None = None
    swapped: bool | None = None
    fov_bounds: tuple[float, float, float, float] | None = None
    fisheye_deg: Annotated[float, Interval(gt=0, le=360)] = 180.0  # that the circle of a fisheye spans: no file says it
    # That the width of a rectified eye spans: no file says it; None: ask the clip.
    across_deg: Annotated[float, Interval(gt=0, lt=180)] | None = None
    squeeze: Positive | None = None  # of a rectified eye, see `Layout`
    # Of 256 px halves. The least of 5 real and 34 rendered stereo videos is 0.47 (blurred), the next 0.87; the most of
    # 199 others is 0.14.
    least_share: Share = 0.25
    return_px: Positive = 1.0
    # Of disparities; less is one picture twice, beside itself or shifted (up to 0.24, coded badly). The least of real
    # pairs is 1.1.
    least_spread_px: NotNegative = 0.35

    def __call__(self, pictures: Sequence[np.ndarray], declared: Declared = NOTHING) -> Recognised:
        """Of a few pictures of one video, uint8 (H, W) grey or (H, W, 3) RGB."""
        greys = [p if p.ndim == 2 else cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in pictures]
        if declared.whole_sphere and self.fov_bounds is None:
            return Recognised(None, {}, "the file declares a whole sphere an eye, which no two eyes see: not supported")
        fixed = self.arrangement or declared.arrangement
        shares: dict[Arrangement, float] = {}
        spreads: dict[Arrangement, float] = {}
        for arrangement in (fixed,) if fixed else get_args(Arrangement):
            found = [_shared(*split(grey, Layout(arrangement, "rectified")), self.return_px) for grey in greys]
            shares[arrangement], spreads[arrangement] = np.median(found, axis=0).tolist()
        best = max(shares, key=lambda arrangement: shares[arrangement])
        if shares[best] < self.least_share:
            told = " and ".join(f"{share:.2f} {name.replace('_', ' ')}" for name, share in shares.items())
            why = f"not_stereo: the halves share {told} of their texture, below {self.least_share:g}"
            return Recognised(None, shares, why)
        if spreads[best] < self.least_spread_px:
            why = f"not_stereo: both halves show the same picture, disparities spread over {spreads[best]:.2f} px"
            return Recognised(None, shares, why)
        return Recognised(self._layout(greys, best, declared), shares)

    def _layout(self, greys: Sequence[np.ndarray], arrangement: Arrangement, declared: Declared) -> Layout:
        eyes = [eye for grey in greys for eye in split(grey, Layout(arrangement, "rectified"))]
        height, width = eyes[0].shape
        circle = circle_of(eyes)
        projection = self.projection or declared.projection
        if projection is None:
            projection = "fisheye" if circle else "half_equirect" if looks_half_equirect(eyes) else "rectified"
        swapped = self.swapped if self.swapped is not None else bool(declared.swapped)
        if projection == "half_equirect":
            bounds = self.fov_bounds or declared.fov_bounds((width, height))
            return Layout(arrangement, projection, swapped, fov_bounds=bounds)
        if projection == "fisheye":
            inscribed = Layout(arrangement, projection).circle
            return Layout(arrangement, projection, swapped, circle=circle or inscribed, fisheye_deg=self.fisheye_deg)
        squeeze = self.squeeze or _squeeze(width, height)
        return Layout(arrangement, projection, swapped, across_deg=self.across_deg, squeeze=squeeze)


def _squeeze(width: int, height: int) -> float:
    """Films stored at half their width have upright eyes, at half their height very wide ones. Eyes that are narrower
    than half of 4:3 were filmed upright."""
    if 0.64 * height < width < 1.2 * height:
        return 2.0
    return 0.5 if width > 2.8 * height else 1.0


def _shared(left: np.ndarray, right: np.ndarray, return_px: float) -> tuple[float, float]:
    """The share of the left picture's texture whose flow to texture of the right one comes back, and over what range of
    pixels that flow spreads across, from its 5th to its 95th percentile."""
    left, right = (cv2.resize(half, (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA) for half in (left, right))
    dis = DisFlow("medium")
    there, back = dis.flow(left, right), dis.flow(right, left)
    x, y = np.meshgrid(np.arange(CELL_PX, dtype=np.float32), np.arange(CELL_PX, dtype=np.float32))
    at_x, at_y = x + there[..., 0], y + there[..., 1]
    returned = cv2.remap(back, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    kept = np.linalg.norm(there + returned, axis=-1) <= return_px
    kept &= (at_x >= 0) & (at_x <= CELL_PX - 1) & (at_y >= 0) & (at_y <= CELL_PX - 1)
    textured = _deviation(left) > TEXTURE_LEVELS
    # Flow into a flat half stays where it is, there and back, whatever was in the other.
    kept &= textured & (cv2.remap(_deviation(right), at_x, at_y, cv2.INTER_LINEAR) > TEXTURE_LEVELS)
    if not kept.any():
        return 0.0, 0.0
    low, high = np.percentile(there[..., 0][kept], [5, 95])
    return float(kept.sum() / textured.sum()), float(high - low)


def _deviation(picture: np.ndarray) -> np.ndarray:
    """Standard deviation of levels in a window of 9 px, (H, W)."""
    levels = picture.astype(np.float32)
    mean = cv2.blur(levels, (9, 9))
    return np.sqrt(np.maximum(cv2.blur(levels * levels, (9, 9)) - mean * mean, 0))
