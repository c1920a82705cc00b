"""Procedural textures: pictures of surfaces, rich in corners at every scale, the same for the same generator."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy import fft

from factory.errors import ConfigError

Colour = tuple[float, float, float]

LARGEST_PHOTO = 1024  # texels of its longer side: more than a picture on a wall shows at 640 x 360


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


def paint(rng: np.random.Generator, width_m: float, height_m: float, colour: Colour, grain: float = 60) -> Texture:
    """Clean paint: broad, faint shades and nothing to hold on to."""
    height, width = round(height_m * grain), round(width_m * grain)
    shade = fractal(rng, height, width, 1.8)[..., None]
    return Texture(np.clip(np.asarray(colour) * (1 + 0.02 * shade), 0, 255).astype(np.uint8), grain)


def ground(
    rng: np.random.Generator, side_m: float, colours: Sequence[Colour], grain: float = 60, slope: float = 0.75
) -> Texture:
    """Grass, earth, gravel, leaves or rock: natural grain from one colour to the next, in a square that repeats."""
    side = round(side_m * grain)
    rough, broad = fractal(rng, side, side, slope), fractal(rng, side, side, 1.3)
    at = np.clip(0.5 + 0.22 * rough + 0.14 * broad, 0, 1) * (len(colours) - 1)
    table = np.asarray(colours, np.float32)
    low = np.minimum(at.astype(int), len(colours) - 2)
    share = (at - low)[..., None]
    image = table[low] * (1 - share) + table[low + 1] * share
    return _finished(rng, image * (1 + 0.12 * fractal(rng, side, side, 0.5)[..., None]), grain)


def facade(rng: np.random.Generator, width_m: float, height_m: float, grain: float = 60) -> Texture:
    """A house front with rows of windows and a door; brick or plaster."""
    red, green, blue = rng.uniform(110, 205) + rng.normal(0, 18, 3)
    if rng.random() < 0.5:
        image = bricks(rng, width_m, height_m, grain).image
    else:
        image = np.full((round(height_m * grain), round(width_m * grain), 3), (red, green, blue), np.float32)
        tones = [(red * f, green * f, blue * f) for f in (0.6, 0.8, 1.15)]
        _scatter(rng, image, round(6 * width_m * height_m), (0.03 * grain, 0.12 * grain), tones)
    image = _stained(rng, image.astype(np.float32), 0.10)
    columns, floors = max(2, round(width_m / rng.uniform(1.9, 2.8))), max(1, round(height_m / 3.0))
    wide, high = rng.uniform(0.9, 1.3) * grain, rng.uniform(1.3, 1.8) * grain
    frame = muted(rng, 10)
    for floor in range(floors):
        for column in range(columns):
            door = floor == 0 and column == columns // 2
            x = (column + 0.5) * width_m * grain / columns - wide / 2
            bottom = image.shape[0] - (floor * 3.0 + (0.0 if door else 0.9)) * grain
            _window(rng, image, (x, bottom - (2.2 * grain if door else high), x + wide, bottom), frame, grain)
    return _finished(rng, image, grain)


def _window(
    rng: np.random.Generator, image: np.ndarray, box: tuple[float, float, float, float], frame: np.ndarray, grain: float
) -> None:
    """Draws a window with its frame, bars, and something behind the glass, in place."""
    left, top, right, bottom = (round(edge) for edge in box)
    bar = max(1, round(0.06 * grain))
    cv2.rectangle(image, (left - bar, top - bar), (right + bar, bottom + bar), frame.tolist(), -1)
    cv2.rectangle(image, (left, top), (right, bottom), (muted(rng) * 0.4).tolist(), -1)
    curtain = round(left + rng.uniform(0.1, 0.6) * (right - left))
    cv2.rectangle(image, (left, top), (curtain, bottom), (muted(rng) * 0.8).tolist(), -1)
    centre = ((left + right) // 2, round(top + rng.uniform(0.3, 0.6) * (bottom - top)))
    cv2.line(image, (centre[0], top), (centre[0], bottom), frame.tolist(), bar)
    cv2.line(image, (left, centre[1]), (right, centre[1]), frame.tolist(), bar)
    cv2.line(image, (left - 2 * bar, bottom + bar), (right + 2 * bar, bottom + bar), (frame * 0.5).tolist(), bar)


def enamel(rng: np.random.Generator, width_m: float, height_m: float, colour: Colour, grain: float) -> Texture:
    """Glossy paint or glass with reflections, dirt and a few stickers, as many on a toy as on a car."""
    height, width = round(height_m * grain), round(width_m * grain)
    image = _stained(rng, np.full((height, width, 3), colour, np.float32), 0.12)
    tones = [tuple(np.clip(np.asarray(colour) * f + g, 0, 255)) for f, g in ((0.5, 0), (0.8, 12), (1.0, 45), (0.7, 80))]
    _scatter(rng, image, 70, (0.015 * width, 0.06 * width), tones)
    _scatter(rng, image, 14, (0.02 * width, 0.05 * width), [tuple(muted(rng, 50)) for _ in range(5)])
    return _finished(rng, image, grain)


def photo(path: Path, width_m: float) -> Texture:
    """A picture file as a texture `width_m` wide. Raises ConfigError where it cannot be read."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ConfigError(f"{path} is not a picture that can be read: give PNG or JPEG files.")
    shrink = min(1.0, LARGEST_PHOTO / max(image.shape[:2]))
    if shrink < 1:
        image = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return Texture(np.ascontiguousarray(image[..., ::-1]), image.shape[1] / width_m)


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
    centres, radii = rng.uniform((0, 0), (width, height), (count, 2)), rng.uniform(*radius_px, count)
    angles, corners = rng.uniform(0, 2 * np.pi, (count, 6)), rng.integers(3, 7, count)
    # Corners beyond a shape's own number coincide with its last one.
    angles = np.sort(np.where(np.arange(6) < corners[:, None], angles, angles[:, :1]), axis=1)
    shapes = np.stack([np.cos(angles), np.sin(angles)], 2) * radii[:, None, None] + centres[:, None]
    inks = rng.integers(len(colours), size=count)
    # How far a shape that crosses an edge is to be drawn again, to the other side: 0 where it does not.
    size = np.array([width, height])
    again = np.where(centres < radii[:, None], size, np.where(centres > size - radii[:, None], -size, 0))
    for shape, ink, (across, down) in zip(shapes, inks.tolist(), again.tolist(), strict=True):
        for wrap in {(x, y) for x in (0, across) for y in (0, down)}:
            cv2.fillPoly(image, [np.round((shape + wrap) * 16).astype(np.int32)], colours[ink], cv2.LINE_AA, shift=4)


def _finished(rng: np.random.Generator, image: np.ndarray, grain: float) -> Texture:
    speckle = 5.0 * fractal(rng, image.shape[0], image.shape[1], 0.3)[..., None]
    image = cv2.GaussianBlur(image, (3, 3), 0.7, borderType=cv2.BORDER_REFLECT)  # shapes are drawn with hard edges
    return Texture(np.clip(image + speckle, 0, 255).astype(np.uint8), grain)
