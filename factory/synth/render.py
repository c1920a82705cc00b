"""From rays to pixels: colour, depth and masks that come from the same hits, so that they agree exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from factory.geometry.lens import Lens
from factory.synth.mipmap import MipMaps
from factory.synth.moment import Geometry, Moment, Sight, joined
from factory.synth.scene import Scene

SKY_HORIZON = np.array([214, 222, 228], np.float32)
SKY_ZENITH = np.array([104, 150, 208], np.float32)
SHADOW_BIAS_M = 1e-3  # shadow rays start this far off the surface, or float32 hits would shade themselves
GAMMA = 2.2  # light is added in linear values; textures are in display values
FLATTEST_COS = 0.05  # bounds the blur of surfaces seen edge-on
CONE_BLUR_COS = 0.03  # how softly a lamp's cone ends: a guess
DIMMEST = 0.002  # light of lamps below this, of 1 for white paper at noon, is not worth a shadow ray
SUBPIXELS = ((-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25))
CHUNK = 16384  # rays at once: their arrays stay in the processor's cache


@dataclass(frozen=True)
class Band:
    """Rows from `first` up to but without `end`, all exposed at one time from one pose."""

    first: int
    end: int
    time_s: float
    world_from_cam: np.ndarray


@dataclass(frozen=True)
class View:
    """rgb float32 (H, W, 3), 255 being white and brighter possible; sight (H, W): what the rays through the pixels'
    centres met; depth_m float32 (H, W), inf in the sky: along the optical axis of a pinhole, else along the ray."""

    rgb: np.ndarray
    sight: Sight
    depth_m: np.ndarray


class Renderer:
    """Renders one scene at any time, through any lens from any pose. Raises ConfigError without embreex."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.geometry = Geometry(scene)
        self._mipmaps = MipMaps([body.texture for body in scene.bodies])

    def view(self, lens: Lens, size: tuple[int, int], world_from_cam: np.ndarray, time_s: float) -> View:
        """The picture of `size` (width, height) taken from `world_from_cam` in an instant."""
        rgb, sight = self.expose(lens, size, [Band(0, size[1], time_s, world_from_cam)])
        return View(rgb, sight, _depth_m(lens, size, sight))

    def trace(
        self, lens: Lens, size: tuple[int, int], world_from_cam: np.ndarray, time_s: float
    ) -> tuple[Sight, np.ndarray]:
        """Sight (H, W) and depth_m of `view`, without its colours, which take most of the time."""
        rays, _ = _cone(lens, size, (0.0, 0.0))
        moment = self.geometry.at(time_s)
        sight = moment.meet(world_from_cam[:3, 3], _turned(rays, world_from_cam)).reshaped(size[1], size[0])
        return sight, _depth_m(lens, size, sight)

    def expose(
        self,
        lens: Lens,
        size: tuple[int, int],
        bands: Sequence[Band],
        offset_px: tuple[float, float] = (0.0, 0.0),
        smooth_edges: bool = True,
    ) -> tuple[np.ndarray, Sight]:
        """rgb (H, W, 3) and Sight (H, W) of rays at pixels + offset_px. bands cover all rows, from the top.

        smooth_edges: four rays for each pixel at an outline; without, one for all, as when several pictures with
        different offsets are to be averaged.
        """
        width, height = size
        rays, spread = _cone(lens, size, offset_px)
        rgb, light, parts = np.empty((width * height, 3), np.float32), [], []
        for band in bands:
            for start in range(band.first * width, band.end * width, CHUNK):
                rows = slice(start, min(start + CHUNK, band.end * width))
                rgb[rows], marks, sight = self._shoot(band, rays[rows], spread[rows])
                light.append(marks)
                parts.append(sight)
        sight = joined(parts)
        if smooth_edges:
            edge = np.flatnonzero(_edges(sight.body, np.concatenate(light), width, height))
            for band in bands:
                mine = edge[(edge >= band.first * width) & (edge < band.end * width)]
                if len(mine):
                    cones = [_cone(lens, size, (offset_px[0] + u, offset_px[1] + v)) for u, v in SUBPIXELS]
                    light_of = [linear(self._shoot(band, r[mine], s[mine])[0]) for r, s in cones]
                    rgb[mine] = displayed(np.mean(light_of, axis=0))
        return rgb.reshape(height, width, 3), sight.reshaped(height, width)

    def _shoot(self, band: Band, rays: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray, Sight]:
        """Follows rays (N, 3) in the camera's frame. spread (N,): angle that a pixel covers.

        Returns rgb (N, 3), what tells one face of a body from the next (N, 4): normal and number of the lamps in
        sight, and the Sight.
        """
        moment = self.geometry.at(band.time_s)
        origin = band.world_from_cam[:3, 3].astype(np.float32)
        rays = _turned(rays, band.world_from_cam)
        sight = moment.meet(origin, rays)
        hit = np.flatnonzero(sight.face >= 0)
        rgb, marks = np.empty((len(rays), 3), np.float32), np.zeros((len(rays), 4), np.float32)
        sky = sight.face < 0
        rgb[sky] = _sky(rays[sky]) * np.float32(self.scene.daylight ** (1 / GAMMA))

        ray, distance_m = rays[hit], sight.distance_m[hit]
        corners = moment.corners(sight.face[hit])
        u, v = sight.barycentric[hit].T
        surface = (1 - u - v)[:, None] * corners[:, 0] + u[:, None] * corners[:, 1] + v[:, None] * corners[:, 2]
        uv_m, n = surface[:, :2], surface[:, 2:]
        towards = np.einsum("ij,ij->i", n, ray)
        length = _length(n)
        n = n * (-np.sign(towards) / length)[:, None]
        # A pixel's footprint is stretched by 1 / cos in one direction: the geometric mean of both is what one level of
        # a pyramid can give, between blur and aliasing.
        footprint_m = spread[hit] * distance_m / np.sqrt(np.maximum(np.abs(towards) / length, FLATTEST_COS))
        albedo = self._mipmaps.sample(sight.body[hit], uv_m, footprint_m)
        light, lamps = self._light(moment, band.time_s, origin + ray * distance_m[:, None], n)
        rgb[hit] = albedo * (light ** np.float32(1 / GAMMA))[:, None]
        marks[hit, :3], marks[hit, 3] = n, lamps
        return rgb, marks, sight

    def _light(
        self, moment: Moment, time_s: float, points: np.ndarray, normal: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lambert's law with hard shadows: linear light (N,), and which lamps are in sight, a bit each (N,)."""
        scene, start = self.scene, points + np.float32(SHADOW_BIAS_M) * normal
        to_lamp = np.asarray(scene.lamp_m, np.float32) - start
        facing = np.einsum("ij,ij->i", normal, to_lamp)
        lit = facing > 0
        lit[lit] = moment.free(start[lit], to_lamp[lit])
        direct = np.where(lit, facing / _length(to_lamp), np.float32(0))
        light = np.float32(scene.daylight) * (scene.ambient + np.float32(1 - scene.ambient) * direct)
        bits = lit.astype(np.int32)
        for number, lamp in enumerate(scene.lamps, 1):
            position, axis = (v.astype(np.float32) for v in lamp.at(time_s))
            to_lamp = position - start
            squared = np.einsum("ij,ij->i", to_lamp, to_lamp)
            distance = np.sqrt(squared)
            cosine = np.einsum("ij,ij->i", normal, to_lamp) / distance
            amount = np.float32(lamp.brightness) * cosine / (1 + squared / np.float32(lamp.reach_m**2))
            if lamp.half_angle_deg < 180:
                inside = -(to_lamp @ axis) / distance - np.float32(np.cos(np.radians(lamp.half_angle_deg)))
                amount *= np.clip(inside / np.float32(CONE_BLUR_COS), 0, 1)
            near = np.flatnonzero(amount > DIMMEST)
            near = near[moment.free(start[near], to_lamp[near])]
            light[near] += amount[near]
            bits[near] |= 1 << number
        return light.astype(np.float32), bits


def linear(rgb: np.ndarray) -> np.ndarray:
    """Light, 1 being white, of display values, 255 being white: where light is added, it is added so."""
    return (rgb / np.float32(255)) ** np.float32(GAMMA)


def displayed(light: np.ndarray) -> np.ndarray:
    """The inverse of `linear`."""
    return light ** np.float32(1 / GAMMA) * np.float32(255)


@lru_cache(maxsize=16)  # as many as the sub-exposures of a picture and the rays at its outlines ask for
def _cone(lens: Lens, size: tuple[int, int], offset_px: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Unit rays float32 (H * W, 3) in the camera's frame and the angle each pixel covers, float32 (H * W,)."""
    xy = pixel_grid(size) + offset_px
    return lens.rays(xy).astype(np.float32), lens.spread(xy).astype(np.float32)


def pixel_grid(size: tuple[int, int]) -> np.ndarray:
    """Centres of the pixels, row by row: float64 (H * W, 2)."""
    return np.stack(np.meshgrid(np.arange(size[0]), np.arange(size[1])), -1).reshape(-1, 2).astype(float)


def _depth_m(lens: Lens, size: tuple[int, int], sight: Sight) -> np.ndarray:
    rays, _ = _cone(lens, size, (0.0, 0.0))
    return lens.depth_m(rays, sight.distance_m.ravel()).reshape(sight.distance_m.shape)


def _turned(rays: np.ndarray, world_from_cam: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rays @ world_from_cam[:3, :3].T.astype(np.float32))


def _sky(rays: np.ndarray) -> np.ndarray:
    return SKY_HORIZON + (SKY_ZENITH - SKY_HORIZON) * np.clip(rays[:, 2:], 0, 1)


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors))


def _edges(body: np.ndarray, marks: np.ndarray, width: int, height: int) -> np.ndarray:
    """Pixels where body, surface direction or shadow changes towards a neighbour: those that need more rays."""
    shape = (height, width)
    body, normal, lamps = body.reshape(shape), marks[:, :3].reshape(*shape, 3), marks[:, 3].reshape(shape)
    edge = np.zeros(shape, bool)
    for axis in (0, 1):
        ahead, behind = [slice(None)] * 2, [slice(None)] * 2
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        a, b = tuple(ahead), tuple(behind)
        bend = np.einsum("ijk,ijk->ij", normal[a], normal[b]) < 0.9
        changes = (body[a] != body[b]) | (lamps[a] != lamps[b]) | (bend & (body[a] >= 0))
        edge[a] |= changes
        edge[b] |= changes
    return edge.ravel()
