"""Films a take: motion blur, rolling shutter, exposure and noise, and with each frame what it shows.

Light is added where it adds up, in linear values. The truth of a frame is that of the middle of its exposure, of its
middle row; of a rolling shutter's other rows it is only approximately true.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from factory.synth.moment import Sight
from factory.synth.render import GAMMA, Band, Renderer, displayed, linear
from factory.synth.take import Film, Take
from factory.synth.truth import Camera, image_motion_px

SHARP_PX = 0.5  # less motion than this during the exposure does not show
STEP_PX = 1.5  # between two sub-exposures: with farther ones outlines show as several ghosts, a guess
LEAST_EXPOSURES, MOST_EXPOSURES = 4, 8  # four also smooth the outlines; more than eight cost too much
BAND_PX = 0.25  # motion between two bands of rows that a rolling shutter exposes at one time each
MOST_BANDS = 32
TICK_S = 1e-3  # bodies are placed at whole ticks for a rolling shutter, the camera exactly: building trees takes long
READ_LEVEL = 20.0  # grey level at which the noise of reading equals that of the light: 2 of 1000 electrons, a guess
DARKEST_LEVEL = 10.0  # below it noise grows no more: phones smooth it away


@dataclass(frozen=True)
class Frame:
    """rgb uint8 (H, W, 3); sight (H, W) and depth_m (H, W) as of `View`; camera: lens, pose and time of the truth."""

    rgb: np.ndarray
    sight: Sight
    depth_m: np.ndarray
    camera: Camera


def filmed(
    renderer: Renderer, take: Take, times_s: np.ndarray, size: tuple[int, int], rng: np.random.Generator
) -> Iterator[Frame]:
    """The frames of a take at times (T,). rng: of the sensor's noise."""
    for time_s in map(float, times_s):
        camera = camera_at(take, time_s)
        rgb, sight, depth_m = _exposed(renderer, take, camera, size)
        if (factor := take.film.exposure(time_s)) != 1.0:
            rgb = rgb * np.float32(factor ** (1 / GAMMA))
        yield Frame(_read(rgb, take.film, rng), sight, depth_m, camera)


def camera_at(take: Take, time_s: float, frame_s: float | None = None) -> Camera:
    """The camera at a time, with the window that a stabiliser cuts out of the frame of time `frame_s`; if not given, of
    that time."""
    lens = take.lens(time_s)
    right_px, down_px = take.film.crop_px(time_s if frame_s is None else frame_s)
    lens = replace(lens, cx=lens.cx - right_px, cy=lens.cy - down_px)
    return Camera(lens, take.path(np.array([time_s]))[0], time_s)


def _exposed(
    renderer: Renderer, take: Take, camera: Camera, size: tuple[int, int]
) -> tuple[np.ndarray, Sight, np.ndarray]:
    """rgb float32 (H, W, 3) in display values, Sight and depth (H, W)."""
    film, geometry = take.film, renderer.geometry
    if film.shutter_s == 0 and film.readout_s == 0:
        view = renderer.view(camera.lens, size, camera.world_from_cam, camera.time_s)
        return view.rgb, view.sight, view.depth_m
    sight, depth_m = renderer.trace(camera.lens, size, camera.world_from_cam, camera.time_s)

    def motion_px(duration_s: float) -> float:
        a, b = (camera_at(take, camera.time_s + share * duration_s, camera.time_s) for share in (-0.5, 0.5))
        return image_motion_px(geometry, sight, camera, a, b) if duration_s else 0.0

    blur_px, roll_px = motion_px(film.shutter_s), motion_px(film.readout_s)
    bands = int(np.clip(np.ceil(roll_px / BAND_PX), 1, MOST_BANDS))
    if blur_px < SHARP_PX:
        return renderer.expose(camera.lens, size, _bands(take, camera.time_s, size[1], bands))[0], sight, depth_m
    count = int(np.clip(np.ceil(blur_px / STEP_PX), LEAST_EXPOSURES, MOST_EXPOSURES))
    light = np.zeros((size[1], size[0], 3), np.float32)
    for number, (u, v) in enumerate(_offsets(count)):
        at_s = camera.time_s + ((number + 0.5) / count - 0.5) * film.shutter_s
        rows = _bands(take, at_s, size[1], bands)
        rgb, _ = renderer.expose(camera.lens, size, rows, (float(u), float(v)), smooth_edges=False)
        light += linear(rgb)
    return displayed(light / np.float32(count)), sight, depth_m


def _bands(take: Take, middle_s: float, height: int, count: int) -> list[Band]:
    """Bands of rows, each at the time at which its middle is read."""
    if count == 1:
        return [Band(0, height, middle_s, take.path(np.array([middle_s]))[0])]
    ends = np.round(np.linspace(0, height, count + 1)).astype(int)
    middles = (ends[:-1] + ends[1:] - 1) / 2
    times_s = middle_s + (middles / max(height - 1, 1) - 0.5) * take.film.readout_s
    poses, ticks_s = take.path(times_s), np.round(times_s / TICK_S) * TICK_S
    return [
        Band(int(first), int(end), float(tick_s), pose)
        for first, end, tick_s, pose in zip(ends[:-1], ends[1:], ticks_s, poses, strict=True)
    ]


def _offsets(count: int) -> np.ndarray:
    """Where in the pixel the rays of each sub-exposure go, (count, 2): evenly over it, about its centre, in an order
    that has nothing to do with the motion (Roberts' sequence R2, 2018)."""
    spread = (np.arange(count)[:, None] * (0.7548776662466927, 0.5698402909980532)) % 1
    return spread - spread.mean(axis=0)


def _read(rgb: np.ndarray, film: Film, rng: np.random.Generator) -> np.ndarray:
    """Grey levels uint8 with the sensor's noise.

    The noise of light grows with its root, which the display's gamma about undoes: it is even over the levels. The
    noise of reading the sensor is even in linear light, so that it shows in the dark.
    """
    rgb = np.clip(rgb, 0, 255)
    if film.noise_levels > 0:
        dark = (np.float32(READ_LEVEL) / np.maximum(rgb, np.float32(DARKEST_LEVEL))) ** np.float32(GAMMA)
        noise = rng.standard_normal(rgb.shape, np.float32) * np.float32(film.noise_levels)
        rgb = np.clip(rgb + noise * np.sqrt(1 + dark), 0, 255)
    return np.round(rgb).astype(np.uint8)
