"""A frame with what moves tinted, and tracks as tails."""

import cv2
import numpy as np

from factory.tracks import Tracks

STANDS, MOVES = (90, 230, 130), (255, 80, 60)  # RGB
TINT = 0.45  # how much of its colour a moving pixel gets
TAIL = 5  # sampled frames a track is drawn back over
PER_FRAME = 60  # tracks of each kind, on average; on a picture 320 px wide more of them hide it


def tinted(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A copy of a picture, uint8 (H, W, 3) RGB, red where a mask, bool (h, w) of any size, is true."""
    height, width = picture.shape[:2]
    moving = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    shown = picture.copy()
    inside = moving > 0
    shown[inside] = ((1 - TINT) * shown[inside] + TINT * np.array(MOVES)).astype(np.uint8)
    outline, _ = cv2.findContours(moving, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(shown, outline, -1, MOVES, 1, cv2.LINE_AA)
    return shown


def shown_tracks(tracks: Tracks, is_background: np.ndarray, is_dynamic: np.ndarray) -> tuple[Tracks, np.ndarray]:
    """The tracks that are drawn, every n-th of a kind so that some `PER_FRAME` are seen at a time, and which of them
    move: bool (M,). is_background, is_dynamic: bool (M,); what is neither is left out."""
    keep, lengths = np.zeros(tracks.count, bool), tracks.lengths()
    for kind in (is_background & ~is_dynamic, is_dynamic):
        step = max(1, round(lengths[kind].sum() / (PER_FRAME * tracks.frames)))
        keep[np.flatnonzero(kind)[::step]] = True
    return tracks.select(keep), is_dynamic[keep]


def draw_tracks(picture: np.ndarray, tracks: Tracks, is_dynamic: np.ndarray, frame: int) -> None:
    """Draws into a picture, uint8 (H, W, 3), the tracks that are seen in a frame. is_dynamic: bool (M,)."""
    scale = picture.shape[1] / tracks.width
    seen = np.zeros(tracks.count, bool)
    seen[tracks.at(frame)[0]] = True
    rows = np.flatnonzero((tracks.frame <= frame) & (tracks.frame > frame - TAIL) & seen[tracks.track])
    if not len(rows):
        return
    begin = np.flatnonzero(np.diff(tracks.track[rows], prepend=-1))
    places = np.round((tracks.xy[rows] + 0.5) * scale - 0.5).astype(np.int32)
    tails = np.split(places, begin[1:])
    moves = is_dynamic[tracks.track[rows[begin]]]
    for colour, kind in ((STANDS, False), (MOVES, True)):
        lines = [tail[:, None] for tail, moving in zip(tails, moves, strict=True) if moving == kind]
        cv2.polylines(picture, lines, False, colour, 1, cv2.LINE_AA)
