"""What moves in a clip, object by object: name, place and size in the picture, and the frame that shows it best."""

from dataclasses import dataclass, field

import numpy as np

from factory.synth.moment import Geometry, Sight, tracer
from factory.synth.render import pixel_grid
from factory.synth.truth import Camera

COARSE = 4  # pixels between the rays that ask how much of an object is hidden: 14400 at 640 x 360, 2 ms
LEAST_HIDDEN = 0.05  # of an object may be hidden more than in its best frame, for a larger view of it: a guess


@dataclass
class _Seen:
    """An object in the frames that show it."""

    frames: list[int] = field(default_factory=list)
    boxes_px: list[tuple[int, int, int, int]] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)  # of the picture
    free: list[float] = field(default_factory=list)  # share of it that nothing hides

    def best(self, size: tuple[int, int]) -> int:
        """Which of the frames shows it best: clear of the border where one is, least hidden, then largest."""
        left, top, right, bottom = np.array(self.boxes_px).T
        inside = (left > 0) & (top > 0) & (right < size[0]) & (bottom < size[1])
        ratios, free = np.array(self.ratios), np.array(self.free)
        among = inside if inside.any() else np.ones(len(inside), bool)
        among = among & (free >= free[among].max() - LEAST_HIDDEN)
        return int(np.argmax(np.where(among, ratios, -1.0)))


class ObjectWatch:
    """Follows the objects of one shot through its frames, the first of which is the video's `first_frame`."""

    def __init__(self, geometry: Geometry, size: tuple[int, int], first_frame: int) -> None:
        self.geometry, self.size, self.first = geometry, size, first_frame
        self.objects = geometry.scene.objects()
        self.number_of_body = np.zeros(len(geometry.scene.bodies) + 1, np.int32)  # the last one is the sky
        for number, (_, bodies) in enumerate(self.objects, 1):
            self.number_of_body[bodies] = number
        self.seen = [_Seen() for _ in self.objects]
        self.count = 0
        width, height = size
        grid = pixel_grid(size).reshape(height, width, 2)
        self.coarse = grid[COARSE // 2 :: COARSE, COARSE // 2 :: COARSE].reshape(-1, 2)

    def saw(self, sight: Sight, camera: Camera) -> np.ndarray:
        """Takes the next frame's Sight (H, W). int32 (H, W): n where the n-th object is seen, from 1; 0 elsewhere."""
        instances = self.number_of_body[sight.body]
        frame = self.first + self.count
        self.count += 1
        for number in map(int, np.setdiff1d(instances, 0)):
            mine = instances == number
            columns, rows = np.flatnonzero(mine.any(axis=0)), np.flatnonzero(mine.any(axis=1))
            seen = self.seen[number - 1]
            seen.frames.append(frame)
            seen.boxes_px.append((int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))
            seen.ratios.append(float(mine.mean()))
            seen.free.append(self._free(number, mine, camera))
        return instances

    def _free(self, number: int, mine: np.ndarray, camera: Camera) -> float:
        """How much of what an object would show by itself is seen, of what lies in the picture."""
        meshes = [self.geometry.scene.bodies[body].at(camera.time_s) for body in self.objects[number - 1][1]]
        alone = tracer(self.geometry.device, meshes)
        assert alone is not None
        rays = camera.lens.rays(self.coarse) @ camera.world_from_cam[:3, :3].T
        origins = np.broadcast_to(camera.world_from_cam[:3, 3], rays.shape)
        starts, ways = np.ascontiguousarray(origins, np.float32), np.ascontiguousarray(rays, np.float32)
        would = int((alone.run(starts, ways, query="OCCLUDED") == 0).sum())
        at = self.coarse.astype(int)
        return min(1.0, int(mine[at[:, 1], at[:, 0]].sum()) / would) if would else 0.0

    def told(self) -> list[dict[str, object]]:
        """Of each object what the description tells; keyframe and box are None where no frame shows it."""
        return [self._entry(name, seen) for (name, _), seen in zip(self.objects, self.seen, strict=True)]

    def _entry(self, name: str, seen: _Seen) -> dict[str, object]:
        best = seen.best(self.size) if seen.frames else None
        return {
            "name": name,
            "keyframe": None if best is None else seen.frames[best],
            "box_px": None if best is None else list(seen.boxes_px[best]),
            "shown_ratio": round(len(seen.frames) / self.count, 4),
            "picture_ratio": round(sum(seen.ratios) / self.count, 4),
        }
