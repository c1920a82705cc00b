"""A screen recording: flat colours, text and a cursor. No scene, no camera, nothing to estimate a pose from."""

from collections.abc import Iterator

import cv2
import numpy as np

BACKGROUND, BAR, INK, ACCENT = (247, 247, 249), (38, 62, 104), (45, 45, 52), (214, 96, 48)
LINES = (
    "Sales grew in all regions",
    "Costs fell for the third year",
    "Two sites opened in May",
    "Next: hire and train",
)


def draw_slides(rng: np.random.Generator, times_s: np.ndarray, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """uint8 (H, W, 3) RGB frames: a title, lines that appear one by one, bars that grow, a cursor that wanders."""
    heights = rng.uniform(0.15, 0.5, 5)
    stops = rng.uniform(0.15, 0.85, (4, 2))
    for time_s in times_s:
        yield _slide(float(time_s), size, heights, stops)


def _slide(time_s: float, size: tuple[int, int], heights: np.ndarray, stops: np.ndarray) -> np.ndarray:
    width, height = size
    image = np.full((height, width, 3), BACKGROUND, np.uint8)
    unit = height / 360
    cv2.rectangle(image, (0, 0), (width, round(0.15 * height)), BAR, cv2.FILLED)
    _text(image, "Quarterly report", (0.04, 0.105), 1.0 * unit, BACKGROUND)
    for number, line in enumerate(LINES[: 1 + int(time_s / 0.8)]):
        cv2.circle(image, (round(0.05 * width), round((0.28 + 0.13 * number) * height)), round(4 * unit), ACCENT, -1)
        _text(image, line, (0.075, 0.30 + 0.13 * number), 0.6 * unit, INK)
    for number, share in enumerate(heights):
        left, top = 0.62 + 0.068 * number, 0.88 - share * min(1.0, 0.3 + time_s / 2)
        start, end = (round(left * width), round(top * height)), (round((left + 0.045) * width), round(0.88 * height))
        cv2.rectangle(image, start, end, ACCENT if number == 2 else BAR, cv2.FILLED)
    _cursor(image, np.array([np.interp(time_s, np.arange(4), stops[:, axis]) for axis in (0, 1)]) * size, 14 * unit)
    return image


def _text(image: np.ndarray, text: str, at: tuple[float, float], scale: float, colour: tuple[int, int, int]) -> None:
    height, width = image.shape[:2]
    corner = (round(at[0] * width), round(at[1] * height))
    thickness = max(1, round(1.6 * scale))
    cv2.putText(image, text, corner, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thickness, cv2.LINE_AA)


def _cursor(image: np.ndarray, tip_px: np.ndarray, length_px: float) -> None:
    arrow = np.array([(0, 0), (0, 1), (0.25, 0.78), (0.42, 1.12), (0.55, 1.05), (0.4, 0.72), (0.72, 0.72)])
    points = np.round(tip_px + arrow * length_px).astype(np.int32)
    cv2.fillPoly(image, [points], (255, 255, 255), cv2.LINE_AA)
    cv2.polylines(image, [points], True, (20, 20, 20), 1, cv2.LINE_AA)
