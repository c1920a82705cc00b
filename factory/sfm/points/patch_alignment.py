"""Sub-pixel refinement of tracks: every sighting is aligned with one reference patch, so that drift cannot add up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from factory.tracks import Tracks


@dataclass(frozen=True)
class PatchRefinement:
    """Alignment of affine patches, blind to gain and bias.

    provenance: a third to a half off the position error on a rendered orbit, a fifth on driving, nothing in low light;
    worse where texture is scarce (patches there are edges), which `least_tracks`, tracks per frame, leaves out.
    """

    # 6 is 10 % worse and a third cheaper, 10 no better (two rendered clips). Every second sample, as on a chessboard,
    # saves 5 % of a solve, is as good on 13 real clips with truth, and refuses one of 50 others (halves 0.5 -> 1.3 %).
    radius_px: int = 8
    iterations: int = 6
    still_px: float = 0.01
    least_correlation: float = 0.85
    most_shift_px: float = 1.5
    most_affine: float = 0.6
    new_reference_affine: float = 0.35
    damping: float = 0.05
    least_tracks: float = 250.0


class Patches:
    """The reference patch of every track: what alignment needs of it, and the warp that led to the last sighting.

    gain: float32 (M, 6, k), what a grey difference at each of k samples adds to the six warp parameters.
    """

    def __init__(self, count: int, samples: int) -> None:
        self.known = np.zeros(count, bool)
        self.affine = np.tile(np.eye(2), (count, 1, 1))
        self.template = np.zeros((count, samples), np.float32)
        self.gain = np.zeros((count, 6, samples), np.float32)


def patch_offsets(how: PatchRefinement) -> tuple[np.ndarray, np.ndarray]:
    """Where a patch is sampled, float32 (k, 2), pixels from its middle, and how much each sample counts, float32 (k,),
    1 in all."""
    span = np.arange(-how.radius_px, how.radius_px + 1)
    offsets = np.stack(np.meshgrid(span, span), axis=-1).reshape(-1, 2).astype(np.float32)
    weight = np.exp(-0.5 * np.sum(offsets**2, axis=1) / (0.6 * how.radius_px) ** 2)
    return offsets, (weight / weight.sum()).astype(np.float32)


def smoothed(image: np.ndarray) -> np.ndarray:
    """float32 (H, W), without the noise and blocks that alignment would lock on to."""
    return cv2.GaussianBlur(image, (0, 0), 0.7).astype(np.float32)


def refined(tracks: Tracks, grey_frames: Sequence[np.ndarray], how: PatchRefinement) -> Tracks:
    """The tracks with refined positions; a sighting whose alignment fails keeps its own and starts a new reference.

    Inverse compositional alignment (Baker and Matthews, IJCV 2004) of an affine warp on Gaussian-weighted patches of
    zero mean and unit variance; it starts from the tracked position and the warp of the sighting before.
    grey_frames: uint8 (H, W), one a sampled frame.
    """
    offsets, weight = patch_offsets(how)
    patches = Patches(tracks.count, len(offsets))
    xy = tracks.xy.copy()
    by_frame = np.argsort(tracks.frame, kind="stable")
    begin = np.searchsorted(tracks.frame[by_frame], np.arange(tracks.frames + 1))
    for f in range(tracks.frames):
        rows = by_frame[begin[f] : begin[f + 1]]
        image = smoothed(grey_frames[f])
        ids = tracks.track[rows]
        old = patches.known[ids]
        moved, good = aligned(image, xy[rows[old]], ids[old], patches, offsets, weight, how)
        xy[rows[old][good]] = moved[good]
        stale = np.ones(len(rows), bool)
        bent = np.abs(patches.affine[ids[old]] - np.eye(2)).max(axis=(1, 2), initial=0.0)
        stale[old] = ~good | (bent > how.new_reference_affine)
        remember(image, xy[rows[stale]], ids[stale], patches, offsets, weight, how.damping)
    return replace(tracks, xy=xy)


def aligned(
    image: np.ndarray,
    start: np.ndarray,
    ids: np.ndarray,
    patches: Patches,
    offsets: np.ndarray,
    weight: np.ndarray,
    how: PatchRefinement,
) -> tuple[np.ndarray, np.ndarray]:
    """Positions (n, 2) after alignment, and whether they are to be believed, bool (n,). Updates the warps."""
    centre, affine = start.copy(), patches.affine[ids].copy()
    correlation = np.zeros(len(ids))
    active = np.arange(len(ids))
    for _ in range(how.iterations):
        now = _normalised(_sample(image, centre[active], affine[active], offsets), weight)[0]
        template = patches.template[ids[active]]
        correlation[active] = (now * template) @ weight
        step = np.matmul(patches.gain[ids[active]], (now - template)[:, :, None])[..., 0].astype(float)
        change = np.eye(2) + np.clip(step[:, :4], -0.3, 0.3).reshape(-1, 2, 2)
        affine[active] = affine[active] @ np.linalg.inv(change)
        shift = np.einsum("nij,nj->ni", affine[active], np.clip(step[:, 4:], -1.0, 1.0))
        centre[active] -= shift
        active = active[np.linalg.norm(shift, axis=1) > how.still_px]
        if len(active) == 0:
            break
    inside = np.all((centre >= 0) & (centre <= np.array(image.shape[::-1]) - 1), axis=1)
    good = (
        inside
        & (correlation > how.least_correlation)
        & (np.linalg.norm(centre - start, axis=1) < how.most_shift_px)
        & (np.abs(affine - np.eye(2)).max(axis=(1, 2), initial=0.0) < how.most_affine)
    )
    patches.affine[ids[good]] = affine[good]
    return centre, good


def remember(
    image: np.ndarray,
    xy: np.ndarray,
    ids: np.ndarray,
    patches: Patches,
    offsets: np.ndarray,
    weight: np.ndarray,
    damping: float,
) -> None:
    """Makes the patches around `xy` the references of tracks `ids`."""
    identity = np.tile(np.eye(2), (len(ids), 1, 1))
    template, spread = _normalised(_sample(image, xy, identity, offsets), weight)
    slope_x, slope_y = (
        (_sample(image, xy + step, identity, offsets) - _sample(image, xy - step, identity, offsets)) / spread
        for step in (np.array([0.5, 0.0]), np.array([0.0, 0.5]))
    )
    x, y = offsets.T
    descent = np.stack([slope_x * x, slope_x * y, slope_y * x, slope_y * y, slope_x, slope_y], axis=1)
    # Blind to bias and gain: what of a change looks like either is taken out.
    descent -= (descent @ weight)[..., None]
    descent -= (descent @ (template * weight)[..., None]) * template[:, None]
    weighted = descent * weight
    hessian = (weighted @ np.swapaxes(descent, 1, 2)).astype(float)
    stiff = damping * 0.5 * (hessian[:, 4, 4] + hessian[:, 5, 5])
    hessian[:, range(4), range(4)] += stiff[:, None]
    hessian += 1e-6 * np.eye(6)
    patches.template[ids] = template
    patches.gain[ids] = (np.linalg.inv(hessian) @ weighted).astype(np.float32)
    patches.affine[ids] = np.eye(2)
    patches.known[ids] = True


def _sample(image: np.ndarray, centre: np.ndarray, affine: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Grey values, float32 (n, k), at centre + affine offset."""
    if len(centre) == 0:
        return np.zeros((0, len(offsets)), np.float32)
    warp = affine.astype(np.float32)
    x, y = (
        centre[:, axis, None].astype(np.float32) + warp[:, axis, :1] * offsets[:, 0] + warp[:, axis, 1:] * offsets[:, 1]
        for axis in (0, 1)
    )
    return cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _normalised(values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Zero weighted mean and unit weighted variance, and the spread (n, 1) they had (at least one grey level)."""
    centred = values - (values @ weight)[:, None]
    spread = np.maximum(np.sqrt(centred**2 @ weight), np.float32(1.0))[:, None]
    return centred / spread, spread
