"""Screen recordings: a page that scrolls, windows that are dragged about, a cursor."""

import cv2
import numpy as np

from factory.synth.presets.edits import FONTS, drawn
from factory.synth.slides import draw_slides
from factory.synth.take import Edit

LETTERS = np.array(list("etaoinshrdlucmfwypvbgk"))


def scrolling(rng: np.random.Generator) -> Edit:
    """A web page, read in jerks."""
    page, stops = _page(rng), np.sort(rng.uniform(0, 1, 5))
    bar = tuple(int(c) for c in rng.integers(40, 220, 3))

    def paint(share: float, size: tuple[int, int], _frame: np.ndarray) -> np.ndarray:
        width, height = size
        image = cv2.resize(page, (width, round(page.shape[0] * width / page.shape[1])), interpolation=cv2.INTER_AREA)
        reach = len(image) - height
        at = float(np.interp(share * 4, np.arange(5) + np.array([0, 0.25, 0.2, 0.3, 0]), stops))
        shown = image[round(at * reach) :][:height].copy()
        cv2.rectangle(shown, (0, 0), (width, round(0.09 * height)), bar, cv2.FILLED)
        cv2.rectangle(shown, (round(0.1 * width), round(0.02 * height)), (round(0.7 * width), round(0.07 * height)),
                      (252, 252, 252), cv2.FILLED)  # fmt: skip
        pointer(shown, (0.5 + 0.3 * np.sin(4 * share), 0.55 + 0.2 * np.sin(6 * share + 1)))
        return shown

    return drawn(paint)


def windows(rng: np.random.Generator) -> Edit:
    """A desktop: two windows, one of which is dragged; the frames it is given play in the other."""
    page, colours = _page(rng), rng.integers(30, 200, (3, 3)).astype(np.uint8)
    way = rng.uniform((0.05, 0.1), (0.4, 0.4), (3, 2))

    def paint(share: float, size: tuple[int, int], frame: np.ndarray) -> np.ndarray:
        width, height = size
        image = np.full((height, width, 3), colours[0], np.uint8)
        for row in range(6):
            corner = (round(0.02 * width), round((0.06 + 0.13 * row) * height))
            cv2.rectangle(image, corner, (corner[0] + 22, corner[1] + 20), colours[row % 3].tolist(), cv2.FILLED)
        _window(image, cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), (0.42, 0.36), colours[1])
        at = [float(np.interp(2 * share, np.arange(3), way[:, axis])) for axis in (0, 1)]
        text = cv2.resize(page[:600], (round(0.42 * width), round(0.42 * height)), interpolation=cv2.INTER_AREA)
        _window(image, text, (at[0], at[1]), colours[2])
        pointer(image, (at[0] + 0.2, at[1] - 0.01))
        return image

    return drawn(paint)


def lecture(rng: np.random.Generator, seconds: float) -> Edit:
    """Slides, and the frames it is given small in a corner: the one who presents."""

    def edit(frames: np.ndarray) -> np.ndarray:
        size = (frames.shape[2], frames.shape[1])
        slides = np.stack(list(draw_slides(rng, np.linspace(0, seconds, len(frames)), size)))
        small = np.stack([cv2.resize(frame, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA) for frame in frames])
        slides[:, 6 : 6 + small.shape[1], -6 - small.shape[2] : -6] = small
        return slides

    return edit


def pointer(image: np.ndarray, at: tuple[float, float]) -> None:
    """An arrow whose tip is at `at`, shares of width and height."""
    arrow = np.array([(0, 0), (0, 14), (4, 11), (6, 16), (8, 15), (6, 10), (10, 10)])
    points = np.round(np.asarray(at) * image.shape[1::-1] + arrow).astype(np.int32)
    cv2.fillPoly(image, [points], (255, 255, 255))
    cv2.polylines(image, [points], True, (10, 10, 10), 1, cv2.LINE_AA)


def _window(image: np.ndarray, content: np.ndarray, at: tuple[float, float], colour: np.ndarray) -> None:
    height, width = image.shape[:2]
    x, y = round(at[0] * width), round(at[1] * height)
    content = content[: max(0, height - y), : max(0, width - x)]
    cv2.rectangle(image, (x, y - 12), (x + content.shape[1] - 1, y), colour.tolist(), cv2.FILLED)
    image[y : y + len(content), x : x + content.shape[1]] = content


def _page(rng: np.random.Generator) -> np.ndarray:
    """A page of 800 x 2400 px: headlines, paragraphs, boxes of colour."""
    page = np.full((2400, 800, 3), 250, np.uint8)
    y = 80
    while y < 2350:
        kind = rng.random()
        if kind < 0.15:
            cv2.rectangle(page, (60, y), (60 + int(rng.integers(200, 680)), y + 130), rng.integers(60, 240, 3).tolist(),
                          cv2.FILLED)  # fmt: skip
            y += 170
            continue
        scale = 1.1 if kind < 0.3 else 0.55
        words = " ".join("".join(rng.choice(LETTERS, int(rng.integers(2, 9)))) for _ in range(6 if scale > 1 else 12))
        cv2.putText(page, words[: 34 if scale > 1 else 66], (60, y), FONTS[0], scale, (40, 40, 46), 1, cv2.LINE_AA)
        y += round(44 * scale) + 8
    return page
