"""Reads textures without aliasing: trilinear look-up in mip pyramids, all textures at once."""

from collections.abc import Sequence

import cv2
import numpy as np

from factory.synth.textures import Texture


class MipMaps:
    """The pyramids of several textures in one flat array, so that pixels of every surface are read in one go.

    Williams, "Pyramidal parametrics" (SIGGRAPH 1983).
    """

    def __init__(self, textures: Sequence[Texture]) -> None:
        texels: list[np.ndarray] = []
        tables: list[tuple[float, ...]] = []
        self._first_level = np.zeros(len(textures), np.int32)
        self._levels = np.zeros(len(textures), np.int32)
        self._texels_per_m = np.array([texture.texels_per_m for texture in textures], np.float32)
        offset = 0
        seen: dict[int, int] = {}  # many bodies may wear one texture
        for number, texture in enumerate(textures):
            if id(texture) in seen:
                first = seen[id(texture)]
                self._first_level[number], self._levels[number] = self._first_level[first], self._levels[first]
                continue
            seen[id(texture)] = number
            self._first_level[number] = len(tables)
            for image in _pyramid(texture.image):
                height, width = image.shape[:2]
                scale = (width / texture.image.shape[1], height / texture.image.shape[0])
                tables.append((offset, width, height, scale[0] * texture.texels_per_m, scale[1] * texture.texels_per_m))
                texels.append(np.dstack([image, image[..., :1]]).reshape(-1, 4))
                offset += height * width
            self._levels[number] = len(tables) - self._first_level[number]
        table = np.array(tables)
        self._offset, self._width, self._height = table[:, :3].astype(np.int32).T
        self._scale = table[:, 3:].astype(np.float32)
        self._texels = np.concatenate(texels).view(np.uint32).ravel()

    def sample(self, texture: np.ndarray, uv_m: np.ndarray, footprint_m: np.ndarray) -> np.ndarray:
        """Colours, float32 (N, 3) in 0..255, of texture numbers (N,) at uv_m (N, 2), averaged over footprint_m (N,)."""
        wanted = np.log2(np.maximum(footprint_m * self._texels_per_m[texture], 1.0))
        wanted = np.minimum(wanted, self._levels[texture] - 1.001).astype(np.float32)
        fine = np.maximum(wanted, 0).astype(np.int32)
        share = (wanted - fine)[:, None]
        level = self._first_level[texture] + fine
        return _mix(self._bilinear(level, uv_m), self._bilinear(level + 1, uv_m), share)[:, :3]

    def _bilinear(self, level: np.ndarray, uv_m: np.ndarray) -> np.ndarray:
        # Texel centres lie at half-integer multiples of the texel size, on every level.
        at = uv_m * self._scale[level] - np.float32(0.5)
        corner = np.floor(at)
        share = at - corner
        width, height, offset = self._width[level], self._height[level], self._offset[level]
        x0, y0 = corner[:, 0].astype(np.int32) % width, corner[:, 1].astype(np.int32) % height
        x1, y1 = x0 + 1, y0 + 1
        x1[x1 == width], y1[y1 == height] = 0, 0
        row0, row1 = offset + y0 * width, offset + y1 * width
        sx, sy = share[:, :1], share[:, 1:]
        above = _mix(self._read(row0 + x0), self._read(row0 + x1), sx)
        return _mix(above, _mix(self._read(row1 + x0), self._read(row1 + x1), sx), sy)

    def _read(self, index: np.ndarray) -> np.ndarray:
        return self._texels[index].view(np.uint8).reshape(-1, 4).astype(np.float32)


def _mix(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    """a + share (b - a), written over b."""
    b -= a
    b *= share
    b += a
    return b


def _pyramid(image: np.ndarray) -> list[np.ndarray]:
    """The picture and its halvings; at least two levels, the last at least two texels wide."""
    levels = [image]
    while min(levels[-1].shape[:2]) >= 4:
        height, width = levels[-1].shape[:2]
        levels.append(cv2.resize(levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA))
    return levels
