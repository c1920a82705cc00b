"""A clip's preview: the frames with their overlay, and beside or below them the way from above."""

from dataclasses import dataclass

import cv2
import numpy as np

from factory.preview.overlay import draw_tracks, shown_tracks, tinted
from factory.preview.path import path_panel
from factory.tracks import Tracks
from factory.video import shrink
from factory.video.encode import encode_video

SIDE_PX = 320  # longer side of the frames
PANEL_SHARE = 0.4  # the panel's shorter side, of the frames' longer one
RATE_FACTOR = 30  # of x264: 60 to 150 kB a clip of 5 to 12 s; at 26 twice that
POSTER_QUALITY = 70  # of WebP: 6 to 15 kB


@dataclass(frozen=True)
class Preview:
    """video: an MP4 that loops. poster: a WebP, its last frame, which has the whole way."""

    video: bytes
    poster: bytes


def preview(
    pictures: np.ndarray,
    masks: np.ndarray,
    tracks: Tracks,
    is_background: np.ndarray,
    is_dynamic: np.ndarray,
    world_from_cam: np.ndarray,
    points: np.ndarray | None,
) -> Preview:
    """pictures: uint8 (F, H, W, 3) RGB. masks: bool (F, h, w), what moves. is_background, is_dynamic: bool (M,) of the
    tracks. world_from_cam: float64 (F, 4, 4), NaN where not placed. points: float (P, 3) in that world, or None.

    Frames are shown at equal distances: where the source's times are not, it runs a little unevenly.
    """
    drawn, moves = shown_tracks(tracks, is_background, is_dynamic)
    first = _even(shrink(pictures[0], SIDE_PX))
    panel = path_panel(_panel_size(first.shape[1], first.shape[0]), world_from_cam, points)
    join = np.vstack if panel.size[0] == first.shape[1] else np.hstack

    def frame(number: int) -> np.ndarray:
        picture = tinted(_even(shrink(pictures[number], SIDE_PX)), masks[number])
        draw_tracks(picture, drawn, moves, number)
        return join([picture, panel.draw(number)])

    last = frame(len(pictures) - 1)
    _, poster = cv2.imencode(".webp", last[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, POSTER_QUALITY])
    size = (last.shape[1], last.shape[0])
    video = encode_video(map(frame, range(len(pictures))), size, _rate(tracks.times_s), RATE_FACTOR)
    return Preview(video, poster.tobytes())


def _panel_size(width: int, height: int) -> tuple[int, int]:
    """Below a picture that is wider than high, beside any other."""
    side = 2 * round(PANEL_SHARE * SIDE_PX / 2)
    return (width, side) if width > height else (side, height)


def _even(picture: np.ndarray) -> np.ndarray:
    """Without its last row or column where they are odd: H.264 has colours for pairs of them."""
    return picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]


def _rate(times_s: np.ndarray) -> int:
    """Whole frames a second, one at least."""
    span_s = float(times_s[-1] - times_s[0]) if len(times_s) > 1 else 0.0
    return max(1, round((len(times_s) - 1) / span_s)) if span_s > 0 else 1
