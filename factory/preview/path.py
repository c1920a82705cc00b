"""The camera's way from above, as far as it has come: x to the right and z up, as the first camera sees them."""

from dataclasses import dataclass

import cv2
import numpy as np

PAPER, FAINT, WAY, HEAD, DOT = (24, 27, 32), (84, 92, 104), (255, 200, 60), (255, 255, 255), (120, 134, 150)  # RGB
MARGIN = 0.16  # of the panel's shorter side
HEAD_PX = 9  # length of the arrow that stands for the camera
TURN = 0.35  # radius of the arc of a camera that only turns, of the panel's shorter side


@dataclass(frozen=True)
class PathPanel:
    """What is drawn of a clip's way. places, looks: float64 (F, 2), pixels of the panel and unit vectors, NaN where a
    frame has no pose. dots: int (P, 2), points of the world. turns: the camera stays where it is."""

    size: tuple[int, int]
    places: np.ndarray
    looks: np.ndarray
    dots: np.ndarray
    turns: bool

    def draw(self, frame: int) -> np.ndarray:
        """uint8 (height, width, 3) RGB, up to a frame."""
        width, height = self.size
        panel = np.full((height, width, 3), PAPER, np.uint8)
        known = np.isfinite(self.places[:, 0])
        if not known.any():
            cv2.putText(panel, "no path", (8, height // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.4, FAINT, 1, cv2.LINE_AA)
            return panel
        panel[self.dots[:, 1], self.dots[:, 0]] = DOT
        way = self.places[known]
        cv2.polylines(panel, [_pixels(way)], False, FAINT, 1, cv2.LINE_AA)
        cv2.polylines(panel, [_pixels(way[: int(known[: frame + 1].sum())])], False, WAY, 2, cv2.LINE_AA)
        if known[frame]:
            at, look = self.places[frame], self.looks[frame]
            side = np.array([-look[1], look[0]])
            if self.turns:
                at = np.array([width / 2, height / 2])
            corners = np.array([at + HEAD_PX * look, at - 4 * side, at + 4 * side])
            cv2.fillPoly(panel, [_pixels(corners)], HEAD, cv2.LINE_AA)
        return panel


def path_panel(size: tuple[int, int], world_from_cam: np.ndarray, points: np.ndarray | None) -> PathPanel:
    """size: width and height, pixels. world_from_cam: float64 (F, 4, 4), NaN where not placed. points: float (P, 3) in
    that world, NaN where unknown; those beside the way are left out."""
    width, height = size
    known = np.flatnonzero(np.isfinite(world_from_cam[:, 0, 0]))
    nothing = np.empty((0, 2), int)
    if not len(known):
        nowhere = np.full((len(world_from_cam), 2), np.nan)
        return PathPanel(size, nowhere, nowhere, nothing, False)
    first = np.linalg.inv(world_from_cam[known[0]])
    poses = first @ world_from_cam
    looks = poses[:, [0, 2], 2] * (1, -1)  # pictures count downwards
    looks /= np.maximum(np.linalg.norm(looks, axis=1, keepdims=True), 1e-9)
    way = poses[:, [0, 2], 3] * (1, -1)
    low, high = way[known].min(axis=0), way[known].max(axis=0)
    middle = np.array([width, height]) / 2
    if not (high > low).any():
        return PathPanel(size, middle + TURN * min(size) * looks, looks, nothing, True)
    room = np.array(size) - 2 * MARGIN * min(size)
    scale = float(np.min(room / np.maximum(high - low, 1e-12)))

    def place(above: np.ndarray) -> np.ndarray:
        return middle + scale * (above - (low + high) / 2)

    dots = nothing
    if points is not None:
        seen = points[np.isfinite(points[:, 0])] @ first[:3, :3].T + first[:3, 3]
        dots = np.round(place(seen[:, [0, 2]] * (1, -1))).clip(-1, max(size)).astype(int)
        dots = dots[np.all((dots >= 0) & (dots < size), axis=1)]
    return PathPanel(size, place(way), looks, dots, False)


def _pixels(places: np.ndarray) -> np.ndarray:
    return np.round(places).astype(np.int32)[:, None]
