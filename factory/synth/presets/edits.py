"""What editing does to filmed frames: cuts, dissolves, zooms, titles, filters. Each is a function from frames, uint8
(T, H, W, 3) RGB, to frames; lengths and places are shares of the video and of the picture."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from factory.synth.take import Edit

FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX)
WORDS = ("GARDEN", "TRIP", "LIVE", "TODAY", "THE BEST OF", "SUMMER", "PART 2", "NEWS", "MARKET", "HOW TO", "REPAIR")


def chained(*edits: Edit) -> Edit:
    """One after the other."""

    def edit(frames: np.ndarray) -> np.ndarray:
        for each in edits:
            frames = each(frames)
        return frames

    return edit


def dissolve(overlap: float) -> Edit:
    """Of two takes of equal length: the last `overlap` of the first fades into the second."""

    def edit(frames: np.ndarray) -> np.ndarray:
        first, second = np.split(frames, 2)
        count = max(2, round(overlap * len(first)))
        share = (np.arange(1, count + 1) / (count + 1))[:, None, None, None]
        mixed = (1 - share) * first[-count:] + share * second[:count]
        return np.concatenate([first[:-count], np.round(mixed).astype(np.uint8), second[count:]])

    return edit


def through_black(length: float) -> Edit:
    """Of two takes: the first fades to black, the second in from it, over `length` of the video in all."""

    def edit(frames: np.ndarray) -> np.ndarray:
        distance = np.abs(np.arange(len(frames)) - len(frames) / 2) / (0.5 * length * len(frames))
        return np.round(frames * np.clip(distance, 0, 1)[:, None, None, None]).astype(np.uint8)

    return edit


def held_from(share: float) -> Edit:
    """A freeze frame: from there on the picture stays."""

    def edit(frames: np.ndarray) -> np.ndarray:
        last = round(share * len(frames))
        return np.concatenate([frames[:last], np.repeat(frames[last : last + 1], len(frames) - last, axis=0)])

    return edit


def still_moved(times: int, zoom: tuple[float, float], shift: tuple[float, float]) -> Edit:
    """Zooms and slides over the first frame, a photograph, for `times` as many frames: from zoom[0] to zoom[1], by
    `shift`."""

    def edit(frames: np.ndarray) -> np.ndarray:
        height, width = frames.shape[1:3]
        made = []
        for share in np.linspace(0, 1, times * len(frames)):
            scale = zoom[0] * (zoom[1] / zoom[0]) ** share
            room = (1 - 1 / scale) / 2  # how far the middle can go without leaving the photograph
            middle = (0.5 + np.clip((share - 0.5) * np.asarray(shift), -room, room)) * (width, height)
            matrix = np.array([[scale, 0, width / 2 - scale * middle[0]], [0, scale, height / 2 - scale * middle[1]]])
            made.append(cv2.warpAffine(frames[0], matrix, (width, height), flags=cv2.INTER_CUBIC))
        return np.stack(made)

    return edit


def zoomed(ratio: float) -> Edit:
    """A digital zoom, even on a logarithmic scale, into the middle."""

    def edit(frames: np.ndarray) -> np.ndarray:
        height, width = frames.shape[1:3]
        scales = ratio ** (np.arange(len(frames)) / len(frames))
        turns = [cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 0, float(s)) for s in scales]
        return np.stack(
            [cv2.warpAffine(f, m, (width, height), flags=cv2.INTER_CUBIC) for f, m in zip(frames, turns, strict=True)]
        )

    return edit


def letterboxed(share: float) -> Edit:
    """Black bars above and below, `share` of the height together."""

    def edit(frames: np.ndarray) -> np.ndarray:
        bar = round(share * frames.shape[1] / 2)
        boxed = frames.copy()
        boxed[:, :bar] = boxed[:, -bar:] = 0
        return boxed

    return edit


def titled(rng: np.random.Generator) -> Edit:
    """A lower third, a headline and a logo, as television and web video lay over their pictures."""
    lines = [" ".join(rng.choice(WORDS, int(rng.integers(2, 5)))) for _ in range(3)]
    font, colours = FONTS[int(rng.integers(len(FONTS)))], rng.integers(0, 255, (2, 3)).tolist()
    headline, panel = rng.random() < 0.7, rng.random() < 0.6

    def edit(frames: np.ndarray) -> np.ndarray:
        height, width = frames.shape[1:3]
        laid = np.zeros((height, width, 3), np.uint8)
        low = round(0.76 * height)
        cv2.rectangle(laid, (0, low), (width, round(0.95 * height)), colours[0], cv2.FILLED)
        cv2.rectangle(laid, (0, low), (round(0.02 * width), round(0.95 * height)), (250, 250, 250), cv2.FILLED)
        _put(laid, lines[0], (0.04, 0.85), 0.095, font, (252, 252, 252))
        _put(laid, lines[1], (0.04, 0.93), 0.06, font, (230, 230, 230))
        if headline:
            _put(laid, lines[2], (0.08, 0.2), 0.13, font, (250, 246, 240))
        if panel:
            cv2.rectangle(laid, (round(0.78 * width), round(0.05 * height)), (width - 8, round(0.3 * height)),
                          colours[1], cv2.FILLED)  # fmt: skip
            for row in range(5):
                _put(laid, lines[row % 3][:12], (0.79, 0.1 + 0.045 * row), 0.04, font, (255, 255, 255))
        shown = np.max(laid, axis=2, keepdims=True) > 0
        return np.where(shown[None], laid[None], frames)

    return edit


def cartoon(levels: int, on_twos: bool) -> Edit:
    """Smoothed, in a few tones, with its outlines drawn. on_twos: each drawing is shown twice, as animators do."""

    def edit(frames: np.ndarray) -> np.ndarray:
        step = 256 / levels
        drawn = []
        for frame in frames[:: 2 if on_twos else 1]:
            smooth = cv2.pyrDown(frame)
            for _ in range(3):
                smooth = cv2.bilateralFilter(smooth, 5, 40, 5)
            smooth = cv2.medianBlur(cv2.resize(smooth, frame.shape[1::-1]), 5)
            flat = (np.floor(smooth / step) * step + step / 2).astype(np.uint8)
            grey = cv2.medianBlur(cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY), 5)
            ink = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 4)
            flat[ink == 0] = (24, 20, 28)
            drawn.append(flat)
        return np.repeat(np.stack(drawn), 2, axis=0)[: len(frames)] if on_twos else np.stack(drawn)

    return edit


def blurred(sigma: float) -> Edit:
    """Out of focus. sigma: of the picture's height."""
    return lambda frames: np.stack([cv2.GaussianBlur(f, (0, 0), sigma * len(f)) for f in frames])


def before_blur(sigma: float) -> Edit:
    """Of two takes that differ by their actors: where they differ the first, elsewhere the second, out of focus."""

    def edit(frames: np.ndarray) -> np.ndarray:
        made = []
        for near, far in zip(*np.split(frames, 2), strict=True):
            differs = cv2.absdiff(near, far).max(axis=2) > 30
            mask = cv2.morphologyEx(differs.astype(np.uint8) * 255, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
            mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
            share = cv2.GaussianBlur(mask, (0, 0), 1.0)[..., None] / 255
            made.append(share * near + (1 - share) * cv2.GaussianBlur(far, (0, 0), sigma * len(far)))
        return np.round(made).astype(np.uint8)

    return edit


def side_by_side(frames: np.ndarray) -> np.ndarray:
    """Of two takes: the middle half of each, beside each other."""
    first, second = np.split(frames, 2)
    quarter = frames.shape[2] // 4
    other = frames.shape[2] - 2 * quarter
    return np.concatenate([first[:, :, quarter : 3 * quarter], second[:, :, quarter : quarter + other]], axis=2)


def flickering(rng: np.random.Generator, amount: float, drift: float) -> Edit:
    """Brightness that jumps from frame to frame and drifts over the video, as in time lapse. Both in e-folds."""
    jumps, sign = rng.normal(0, amount, 999), rng.choice((-1, 1))

    def edit(frames: np.ndarray) -> np.ndarray:
        level = np.exp(jumps[: len(frames)] + sign * np.linspace(-drift, drift, len(frames)))
        return np.clip(frames * level[:, None, None, None], 0, 255).astype(np.uint8)

    return edit


def faded_to(grey: float, keeps: float) -> Edit:
    """Flat: only `keeps` of the contrast is left, about a grey level."""
    return lambda frames: np.round(grey + keeps * (frames.astype(np.float32) - 128)).clip(0, 255).astype(np.uint8)


def noise_of(seeds: Sequence[int], sigma: float) -> Edit:
    """No picture at all: a television without a station."""

    def edit(frames: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(list(seeds))
        return np.clip(128 + sigma * rng.standard_normal(frames.shape, np.float32), 0, 255).astype(np.uint8)

    return edit


def drawn(paint: Callable[[float, tuple[int, int], np.ndarray], np.ndarray]) -> Edit:
    """`paint`(share of the video, (width, height), the frame) makes each frame anew."""

    def edit(frames: np.ndarray) -> np.ndarray:
        size = (frames.shape[2], frames.shape[1])
        return np.stack([paint(n / len(frames), size, frame) for n, frame in enumerate(frames)])

    return edit


def _put(
    image: np.ndarray, text: str, at: tuple[float, float], tall: float, font: int, colour: tuple[int, int, int]
) -> None:
    """Text whose base line begins at `at`, capitals `tall`: shares of width and height."""
    height, width = image.shape[:2]
    scale = tall * height / 22
    spot = (round(at[0] * width), round(at[1] * height))
    cv2.putText(image, text, spot, font, scale, colour, max(1, round(1.5 * scale)), cv2.LINE_AA)
