"""Procedural textures: pictures of surfaces, rich in corners at every scale, the same for the same generator."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import fft

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Texture:
    """image, uint8 (H, W, 3) sRGB; repeats beyond its edges."""

    image: np.ndarray
    texels_per_m: float


def fractal(rng: np.random.Generator, height: int, width: int, slope: float = 1.0) -> np.ndarray:
    """Periodic noise whose amplitude falls as frequency^-slope, (height, width) float32, zero mean, unit variance.

    Slope 1 is what pictures of nature have (Field, JOSA A 1987); less is rougher.
    """
    fy, fx = (f.astype(np.float32) for f in (fft.fftfreq(height)[:, None], fft.rfftfreq(width)))
    frequency = np.hypot(fy, fx)
    frequency[0, 0] = np.inf
    white = rng.standard_normal((height, width), np.float32)
    value = fft.irfft2(fft.rfft2(white) * frequency**-slope, s=(height, width))
    return value / value.std()


def muted(rng: np.random.Generator, chroma: float = 26) -> np.ndarray:
    """A random colour (3,) of any brightness, more grey than loud, as most of the world is."""
    return np.clip(rng.uniform(35, 220) + rng.normal(0, chroma, 3), 8, 247)


def plaster(rng: np.random.Generator, width_m: float, height_m: float, colour: Colour, grain: float = 200) -> Texture:
    """A painted wall with stains, chips and a scattered motif, as wallpaper has."""
    height, width = round(height_m * grain), round(width_m * grain)
    image = _stained(rng, np.full((height, width, 3), colour, np.float32), 0.16)
    motif = [tuple(np.clip(np.asarray(colour) * f + rng.normal(0, 25, 3), 0, 255)) for f in (0.35, 0.55, 0.75, 1.25)]
    _scatter(rng, image, round(width_m * height_m * 45), (0.01 * grain, 0.07 * grain), motif)
    return _finished(rng, image, grain)


def bricks(rng: np.random.Generator, width_m: float, height_m: float, grain: float = 200) -> Texture:
    """Courses of bricks (24 x 8 cm with their mortar), each of its own tone."""
    height, width = round(height_m * grain), round(width_m * grain)
    image = np.full((height, width, 3), (168, 160, 148), np.float32)
    course, length, joint = 0.08 * grain, 0.24 * grain, max(1, round(0.012 * grain))
    for row in range(int(height / course) + 1):
        for column in range(-1, int(width / length) + 1):
            x = round((column + 0.5 * (row % 2)) * length)
            y, right, bottom = round(row * course), x + round(length) - joint, round((row + 1) * course) - joint
            tone = np.array([146, 92, 74]) * rng.uniform(0.65, 1.3) + rng.normal(0, 10, 3)
            image[y : max(bottom, y), max(x, 0) : max(right, 0)] = tone
    return _finished(rng, _stained(rng, image, 0.18), grain)


def planks(rng: np.random.Generator, width_m: float, height_m: float, colour: Colour, grain: float = 200) -> Texture:
    """Floor boards, 14 cm wide, of random lengths, with wood grain along them."""
    height, width = round(height_m * grain), round(width_m * grain)
    fibre = cv2.resize(fractal(rng, height, max(width // 12, 8), 0.7), (width, height), interpolation=cv2.INTER_CUBIC)
    image = np.asarray(colour, np.float32) * (1 + 0.20 * fibre[..., None])
    board = round(0.14 * grain)
    for y in range(0, height, board):
        x = -rng.uniform(0, grain)
        while x < width:
            end = x + rng.uniform(0.5, 1.3) * grain
            image[y : y + board, max(round(x), 0) : max(round(end), 0)] *= rng.uniform(0.62, 1.25)
            image[y : y + board, max(round(end) - 2, 0) : max(round(end), 0)] *= 0.45
            x = end
        image[y : y + 2] *= 0.45
    return _finished(rng, _stained(rng, image, 0.10), grain)


def terrazzo(rng: np.random.Generator, width_m: float, height_m: float, colour: Colour, grain: float = 200) -> Texture:
    """Stone chips in cement: ground, worktops, plain objects."""
    height, width = round(height_m * grain), round(width_m * grain)
    image = _stained(rng, np.full((height, width, 3), colour, np.float32), 0.15)
    chips = [tuple(0.6 * muted(rng) + 0.4 * np.asarray(colour)) for _ in range(8)]
    _scatter(rng, image, round(width_m * height_m * 220), (0.006 * grain, 0.035 * grain), chips)
    return _finished(rng, image, grain)


def picture(rng: np.random.Generator, width_m: float, height_m: float, grain: float = 300) -> Texture:
    """A framed abstract painting, or a busy poster: shapes of every size in loud colours."""
    height, width = round(height_m * grain), round(width_m * grain)
    image = np.full((height, width, 3), muted(rng), np.float32)
    side = min(height, width)
    for share, count in ((0.30, 12), (0.12, 60), (0.04, 250)):
        colours = [tuple(muted(rng, 40)) for _ in range(10)]
        _scatter(rng, image, round(count * max(width, height) / side), (0.3 * share * side, share * side), colours)
    cv2.rectangle(image, (0, 0), (width - 1, height - 1), (40, 30, 22), max(2, round(0.025 * grain)))
    return _finished(rng, _stained(rng, image, 0.08), grain)


def books(rng: np.random.Generator, width_m: float, height_m: float, grain: float = 300) -> Texture:
    """Shelves of books: upright spines with bands."""
    height, width = round(height_m * grain), round(width_m * grain)
    image = np.full((height, width, 3), (52, 38, 28), np.float32)
    shelf = round(0.3 * grain)
    for y in range(0, height, shelf):
        x = 0
        while x < width:
            right = x + max(3, round(rng.uniform(0.018, 0.055) * grain))
            top, colour = y + round(rng.uniform(0.03, 0.09) * grain), muted(rng)
            image[top : y + shelf - round(0.02 * grain), x : right - 1] = colour
            for band in rng.uniform(0.12, 0.26, 2):
                at = y + round(band * grain)
                image[at : at + max(2, round(0.008 * grain)), x : right - 1] = 255 - colour
            x = right
    return _finished(rng, _stained(rng, image, 0.08), grain)


def cloth(rng: np.random.Generator, width_m: float, height_m: float, colour: Colour, grain: float = 400) -> Texture:
    """A chequered, printed fabric."""
    height, width = round(height_m * grain), round(width_m * grain)
    image = np.full((height, width, 3), colour, np.float32)
    for lines, length in ((image, height), (image.transpose(1, 0, 2), width)):
        y = 0
        while y < length:
            thick = round(rng.uniform(0.006, 0.03) * grain)
            lines[y : y + thick] = (
                lines[y : y + thick] * rng.uniform(0.4, 1.1) + rng.uniform(0, 60) + rng.normal(0, 10, 3)
            )
            y += thick + round(rng.uniform(0.01, 0.04) * grain)
    prints = [tuple(muted(rng)) for _ in range(5)]
    _scatter(rng, image, round(width_m * height_m * 250), (0.006 * grain, 0.025 * grain), prints)
    return _finished(rng, _stained(rng, image, 0.12), grain)


def _stained(rng: np.random.Generator, image: np.ndarray, amount: float) -> np.ndarray:
    """Broad stains and fine grain, brightness mostly, a little hue."""
    height, width = image.shape[:2]
    stain, hue = fractal(rng, height, width, 1.0), fractal(rng, height, width, 1.2)
    tint = np.array([0.35, 0.0, -0.35], np.float32)
    return image * (1 + amount * (stain[..., None] + hue[..., None] * tint))


def _scatter(
    rng: np.random.Generator, image: np.ndarray, count: int, radius_px: tuple[float, float], colours: Sequence[Colour]
) -> None:
    """Draws `count` ellipses and polygons into the picture, in place; a shape cut by an edge returns at the other."""
    height, width = image.shape[:2]
    for _ in range(count):
        centre, radius = rng.uniform((0, 0), (width, height)), rng.uniform(*radius_px)
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 7)))
        shape = np.stack([np.cos(angles), np.sin(angles)], 1) * radius
        colour = colours[int(rng.integers(len(colours)))]
        for wrap_x in {0, width if centre[0] < radius else 0, -width if centre[0] > width - radius else 0}:
            for wrap_y in {0, height if centre[1] < radius else 0, -height if centre[1] > height - radius else 0}:
                points = np.round((shape + centre + (wrap_x, wrap_y)) * 16).astype(np.int32)
                cv2.fillPoly(image, [points], colour, cv2.LINE_AA, shift=4)


def _finished(rng: np.random.Generator, image: np.ndarray, grain: float) -> Texture:
    speckle = 5.0 * fractal(rng, image.shape[0], image.shape[1], 0.3)[..., None]
    image = cv2.GaussianBlur(image, (3, 3), 0.7, borderType=cv2.BORDER_REFLECT)  # shapes are drawn with hard edges
    return Texture(np.clip(image + speckle, 0, 255).astype(np.uint8), grain)
