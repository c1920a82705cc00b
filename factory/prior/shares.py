"""How much of a solve rests on what is named, in its masks, or in its boxes and in no mask."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from factory.masks.inside import inside
from factory.masks.motion import DynamicMasks
from factory.prior.merge import mask_box
from factory.prior.named import Named
from factory.sfm.model.trajectory import Trajectory

# Of a box, the share that the box round its mask covers, and the mask: persons before the camera have 0.94 and 0.78 or
# more; a frame whose opening was cut out in its place 0.27 and 0.24, a grille 0.95 and 0.18 (five rendered clips).
LEAST_REACH, LEAST_FILL = 0.8, 0.5


def grown_by(masks: DynamicMasks, reach_px: float) -> DynamicMasks:
    """The masks grown all round. reach_px: at a width of 320."""
    reach = round(reach_px * masks.masks.shape[2] / 320)
    if not reach:
        return masks
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    grown = np.stack([cv2.dilate(mask.astype(np.uint8), disk) > 0 for mask in masks.masks])
    return replace(masks, masks=grown, share=grown.mean(axis=(1, 2)))


def missed_ratio(trajectory: Trajectory, objects: Sequence[Named], masks: DynamicMasks) -> float:
    """Of the observations a solve rests on, in the key frames of objects with a box, the share in a box and in no mask:
    mean over these frames; 0 without any. Much of it says that a mask shows another part of its box than is meant.

    Boxes that their mask reaches across and fills count for nothing: a person before the camera stands in a box that
    three quarters of what is at rest lie in."""
    tracks, kept = trajectory.as_seen(), trajectory.kept
    scale = masks.masks.shape[2] / tracks.width
    boxes: dict[int, list[np.ndarray]] = {}
    for sighting in (each for named in objects for each in named.seen):
        box = sighting.box_px(tracks.width, tracks.height)
        if box is not None and not fills(masks.masks[sighting.frame], box * scale):
            boxes.setdefault(sighting.frame, []).append(box)
    shares = []
    for frame, there in boxes.items():
        xy = tracks.xy[kept & (tracks.frame == frame)]
        if not len(xy):
            continue
        held = np.any([np.all((xy >= box[:2]) & (xy <= box[2:]), axis=1) for box in there], axis=0)
        at = np.clip((xy * scale).round().astype(int), 0, np.array(masks.masks.shape[:0:-1]) - 1)
        shares.append(np.mean(held & ~masks.masks[frame, at[:, 1], at[:, 0]]))
    return float(np.mean(shares)) if shares else 0.0


def fills(mask: np.ndarray, box: np.ndarray) -> bool:
    """Whether what of a mask, bool (h, w), lies in a box reaches across it, and covers half of it. box: left, top,
    right, bottom, pixels of the mask."""
    left, top, right, bottom = np.clip(box.round().astype(int), 0, [*mask.shape[::-1]] * 2)
    inner = mask[top:bottom, left:right]
    reach = mask_box(inner)
    if reach is None:
        return False
    across = (reach[2] - reach[0]) * (reach[3] - reach[1]) / inner.size
    return bool(across >= LEAST_REACH and inner.mean() >= LEAST_FILL)


def named_ratio(trajectory: Trajectory, masks: DynamicMasks) -> float:
    """Of the observations a solve rests on, the share on tracks that lie in masks for a half of their time."""
    tracks, kept = trajectory.as_seen(), trajectory.kept
    if not kept.any():
        return 0.0
    return float((inside(tracks, masks) >= 0.5)[tracks.track[kept]].mean())


def goes_round(box: np.ndarray | None, least: float) -> bool:
    """Whether a box, (4,) left, top, right, bottom in shares of the picture, or None, takes so much of it."""
    return box is not None and float((box[2] - box[0]) * (box[3] - box[1])) >= least
