"""Does a rendered clip agree with its truth? Read from disk, as its users will: video, poses, lens, masks, tracks.

What stands still in one frame is carried by depth and poses onto another, where it must look the same. The depth is the
one on disk, or traced anew where none was asked for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from factory.geometry.camera import invert_rigid, transform_points
from factory.synth.render import GAMMA, pixel_grid
from factory.synth.rendered import Rendered
from factory.synth.truth import FAR_M, Camera, inside

PAIRS = 3  # pairs of frames a shot
APART = 3  # frames between the two of a pair
DEPTH_SLACK = 0.02  # what lies farther than this share from where it should be is hidden, or hides
ALIKE = 90  # percentile of the errors that count for the shift: shadows of what moves wander over what stands still
LEAST_PIXELS = 500  # fewer say nothing
# Bounds: the clips of all presets stay below 4.2 levels and 0.06 px at 320 x 180; half a degree breaks both.
MOST_SHIFT_PX = 0.25
MOST_LEVELS, MOST_LEVELS_PER_NOISE = 3.0, 1.5  # and so much more for each level of the film's noise
MOST_TRACK_PX = 0.05
MOST_FLOW_PX = 0.1

Depth = Callable[[int], np.ndarray]  # frame of the shot -> float32 (H, W), inf in the sky


@dataclass(frozen=True)
class Checked:
    """The worst of a clip. levels: median difference in grey levels between a frame and another carried onto it, of
    most_levels that may be; shift_px: the shift of the whole picture that would explain the rest. tracks_px: the
    largest distance of a visible track's pixel from the projection of its point. flow_px: median distance between the
    ends of flow and tracks, None without flow. pairs: of frames that were compared, None where there
    is no scene."""

    pairs: int | None = None
    levels: float = 0.0
    most_levels: float = 0.0
    shift_px: float = 0.0
    tracks_px: float = 0.0
    flow_px: float | None = None

    @property
    def faults(self) -> list[str]:
        bounds = (
            ("frames differ", self.levels, self.most_levels, "grey levels"),
            ("frames are shifted", self.shift_px, MOST_SHIFT_PX, "px"),
            ("tracks are off", self.tracks_px, MOST_TRACK_PX, "px"),
            ("flow is off", self.flow_px or 0.0, MOST_FLOW_PX, "px"),
        )
        if self.pairs == 0:
            return ["no two frames show enough of what stands still"]
        return [f"{what} by {value:.2f} {unit}, not {most:g}" for what, value, most, unit in bounds if value > most]

    @property
    def good(self) -> bool:
        return not self.faults

    @property
    def line(self) -> str:
        """One line for people."""
        if self.pairs is None:
            return "drawn, nothing to check"
        figures = f"{self.levels:.2f} grey levels, shift {self.shift_px:.3f} px, tracks {self.tracks_px:.4f} px"
        figures += f", flow {self.flow_px:.3f} px" if self.flow_px is not None else ""
        return f"{figures}, over {self.pairs} pairs of frames: {'; '.join(self.faults) or 'ok'}"


def check(video: Path) -> Checked:
    """Compares a clip of `produce` with its truth; of drawn slides there is none.

    Raises StorageError or ConfigError where what is needed is not on disk and cannot be made anew.
    """
    clip = Rendered(video)
    if not clip.shots:
        return Checked()
    found: list[tuple[float, float]] = []
    tracks_px, flow_px = [0.0], []
    for shot in range(len(clip.shots)):
        depth = clip.depth(shot)
        for a, b, eye in _pairs(clip, shot):
            found += _difference(clip, shot, depth, a, b, eye)
        tracks_px.append(_track_error_px(clip, shot))
        if clip.truth["flow"]:
            flow_px.append(_flow_error_px(clip, shot))
    noise_levels = max(shot["film"]["noise_levels"] for shot in clip.shots)
    return Checked(
        len(found),
        max((levels for levels, _ in found), default=0.0),
        MOST_LEVELS + MOST_LEVELS_PER_NOISE * noise_levels,
        max((shift_px for _, shift_px in found), default=0.0),
        max(tracks_px),
        max(flow_px) if flow_px else None,
    )


def _pairs(clip: Rendered, shot: int) -> Iterator[tuple[int, int, int]]:
    """Frame of the left eye; frame and eye it is compared with."""
    count = clip.shots[shot]["frame_count"]
    apart = min(APART, count - 1)
    for a in map(int, np.unique(np.linspace(0, count - 1 - apart, PAIRS).astype(int))):
        yield a, a + apart, 0
        if clip.truth["stereo"]:
            yield a, a, 1


def _difference(clip: Rendered, shot: int, depth: Depth, a: int, b: int, eye: int) -> list[tuple[float, float]]:
    """Median difference in grey levels and remaining shift in pixels between frame a and what b shows of it; nothing
    where they have too little in common."""
    (width, height), film, first = clip.size, clip.shots[shot]["film"], clip.shots[shot]["first_frame"]
    grey, shown = clip.grey(first + a), clip.grey(first + b, eye)
    lens, to_lens = clip.lens(first + a), clip.lens(first + b)
    b_from_a = invert_rigid(clip.poses(shot, eye)[b]) @ clip.poses(shot)[a]
    rays = lens.rays(pixel_grid(clip.size))
    distance_m = depth(a).ravel() / lens.depth_m(rays, np.ones(len(rays)))
    points = transform_points(b_from_a, rays * np.minimum(distance_m, FAR_M)[:, None])
    xy, seen = to_lens.project(points)
    u, v = xy.astype(np.float32).reshape(height, width, 2).transpose(2, 0, 1)

    usable = (seen & inside(xy, clip.size)).reshape(height, width) & ~clip.moves(first + a)
    if not eye:  # of the right eye there is no depth: what only the left one sees is too little to move a median
        away_m = np.linalg.norm(points, axis=1)
        unit = points / away_m[:, None]
        expected_m = to_lens.depth_m(unit, away_m).reshape(height, width)
        found_m = np.minimum(cv2.remap(depth(b), u, v, cv2.INTER_NEAREST), FAR_M)
        usable &= (np.abs(found_m / expected_m - 1) < DEPTH_SLACK) | ((expected_m > FAR_M / 10) & (found_m == FAR_M))
        usable &= cv2.remap(clip.moves(first + b).astype(np.uint8), u, v, cv2.INTER_NEAREST) == 0
    if film["readout_s"]:  # the truth is that of the middle row
        usable[: round(0.4 * height)] = usable[round(0.6 * height) :] = False
    usable &= (np.minimum(grey, shown) > 4) & (np.maximum(grey, shown) < 250)  # not what is clipped
    usable = cv2.erode(usable.astype(np.uint8), np.ones((5, 5))) > 0  # outlines mix two surfaces
    if usable.sum() < LEAST_PIXELS:
        return []

    exposure = np.broadcast_to(film["exposure"], clip.shots[shot]["frame_count"])
    brighter = np.float32((exposure[a] / exposure[b]) ** (1 / GAMMA))
    carried = cv2.remap(shown, u, v, cv2.INTER_CUBIC) * brighter
    error = (grey - carried)[usable]
    alike = np.abs(error) <= np.percentile(np.abs(error), ALIKE)
    # Lucas and Kanade's normal equations (1981), for the picture as a whole.
    gradient = np.stack([cv2.Sobel(carried, cv2.CV_32F, *d, scale=1 / 8)[usable] for d in ((1, 0), (0, 1))], axis=1)
    shift = np.linalg.lstsq(gradient[alike], error[alike], rcond=None)[0]
    return [(float(np.median(np.abs(error))), float(np.linalg.norm(shift)))]


def _track_error_px(clip: Rendered, shot: int) -> float:
    """The largest distance between a visible track's pixel and the projection of its point."""
    stored, poses, first = clip.tracks(shot), clip.poses(shot), clip.shots[shot]["first_frame"]
    worst = 0.0
    for t, pose in enumerate(poses):
        visible = stored["visible"][:, t]
        xy, _ = Camera(clip.lens(first + t), pose, 0.0).project(stored["world_xyz"][visible, t].astype(float))
        worst = max(worst, float(np.linalg.norm(xy - stored["xy"][visible, t], axis=1).max(initial=0.0)))
    return worst


def _flow_error_px(clip: Rendered, shot: int) -> float:
    """Median distance between where the flow carries a track's pixel and where the track is next: the larger one of
    tracks on what moves and on what does not."""
    stored, first = clip.tracks(shot), clip.shots[shot]["first_frame"]
    distances: dict[bool, list[np.ndarray]] = {False: [], True: []}
    for t in range(clip.shots[shot]["frame_count"] - 1):
        flow, valid = clip.flow(first + t)
        for moves, found in distances.items():
            both = stored["visible"][:, t] & stored["visible"][:, t + 1] & (stored["is_dynamic"] == moves)
            if not both.any():
                continue
            xy, later = stored["xy"][both, t], stored["xy"][both, t + 1]
            u, v = np.ascontiguousarray(xy.T[:, None])
            moved = cv2.remap(flow, u, v, cv2.INTER_LINEAR)[0]
            usable = cv2.remap(valid.astype(np.uint8), u, v, cv2.INTER_NEAREST)[0] > 0
            usable &= np.isfinite(moved).all(axis=1)
            found.append(np.linalg.norm(xy + moved - later, axis=1)[usable])
    each = [np.concatenate(found) for found in distances.values() if found]
    return max((float(np.median(found)) for found in each if len(found)), default=0.0)
