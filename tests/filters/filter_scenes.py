"""Made-up scenes for the filter's specialists: tracks with exact geometry, pictures with known motion."""

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from factory.clip import Clip, ClipRecord
from factory.tracks import Tracks
from tests.passing import at_rate

WIDTH, HEIGHT, FPS = 320, 180, 12.0


def record(**values: object) -> ClipRecord:
    """Of a clip with these values; `frames` may be given as an array, in colour or grey."""
    if isinstance(frames := values.get("frames"), np.ndarray):
        grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) if frame.ndim == 3 else frame for frame in frames]
        values["frames"] = at_rate(grey, FPS)
    return ClipRecord(Clip("id", "source", 0.0, 3.0, WIDTH, HEIGHT, 24.0, 0, 72), values)


def texture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A smooth random picture, uint8 (H, W, 3), that can be moved by fractions of a pixel."""
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return np.clip((smooth - 127.5) * 5 + 127.5, 0, 255).astype(np.uint8)


def moved(picture: np.ndarray, shift_px: float, scale: float = 1.0) -> np.ndarray:
    """The picture shifted to the right and scaled about its centre; its edge is mirrored."""
    height, width = picture.shape[:2]
    matrix = np.array([[scale, 0, (1 - scale) * width / 2 + shift_px], [0, scale, (1 - scale) * height / 2]])
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


def shifted(count: int, step_px: float, seed: int = 0) -> np.ndarray:
    return np.stack([moved(texture(seed), step_px * t) for t in range(count)])


def walk(frames: int, step: tuple[float, float, float], turn_deg: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Camera centres (F, 3), `step` apart, and rotations cam from world (F, 3, 3), turning about the vertical axis."""
    time = np.arange(frames)
    return time[:, None] * np.array(step), Rotation.from_rotvec(
        np.outer(np.radians(turn_deg * time), [0, 1, 0])
    ).as_matrix()


def project(
    points: np.ndarray, centres: np.ndarray, rotations: np.ndarray, *, focal: float = 1.0, k: float = 0.0,
    noise_px: float = 0.1, seed: int = 0,
) -> Tracks:  # fmt: skip
    """Tracks of points (N, 3), or of points on the move (F, N, 3). `focal` in longer sides; `k`: division model."""
    frames = len(centres)
    world = np.broadcast_to(points, (frames, *points.shape[-2:]))
    cam = np.einsum("fij,fnj->fni", rotations, world - centres[:, None])
    xy = cam[..., :2] / np.where(cam[..., 2:] > 0.1, cam[..., 2:], np.nan) * focal * WIDTH
    if k:
        # x_ideal = x / (1 + k r^2), solved for the distorted radius.
        ideal = np.linalg.norm(xy, axis=-1, keepdims=True) / (np.hypot(WIDTH, HEIGHT) / 2)
        xy = xy * (1 - np.sqrt(np.maximum(1 - 4 * k * ideal**2, 0))) / (2 * k * ideal**2)
    xy = xy + np.array([WIDTH - 1, HEIGHT - 1]) / 2 + np.random.default_rng(seed).normal(0, noise_px, xy.shape)
    outside = ~((xy >= 0) & (xy < [WIDTH, HEIGHT])).all(axis=-1)
    xy[outside] = np.nan
    return flat(xy)


def room(count: int = 500, seed: int = 0) -> np.ndarray:
    """Points (N, 3) in front of the first camera, 3 to 12 away, spread beyond its view."""
    return np.random.default_rng(seed).uniform((-7, -3, 3), (9, 3, 12), (count, 3))


def flat(xy: np.ndarray) -> Tracks:
    """Tracks of places (F, N, 2), NaN where a point is not seen. Their numbers stay, also of those never seen."""
    frame, track = np.nonzero(np.isfinite(xy[..., 0]))
    order = np.lexsort((frame, track))
    frame, track = frame[order].astype(np.int32), track[order].astype(np.int32)
    count = np.arange(len(xy))
    return Tracks(track, frame, xy[frame, track].astype(float), times(len(xy)), count, WIDTH, HEIGHT)


def dense(tracks: Tracks) -> np.ndarray:
    """Places (F, N, 2), NaN where a point is not seen."""
    xy = np.full((tracks.frames, tracks.count, 2), np.nan)
    xy[tracks.frame, tracks.track] = tracks.xy
    return xy


def join(*parts: Tracks) -> Tracks:
    return flat(np.concatenate([dense(part) for part in parts], axis=1))


def times(frames: int) -> np.ndarray:
    return np.arange(frames) / FPS
