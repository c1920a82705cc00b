"""Posed cameras of a method: of a run's manifest, or of a folder of TUM files with intrinsics beside them."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from factory.errors import ConfigError, StorageError
from factory.evaluate.sampling import sampling_interval
from factory.evaluate.trajectories import Trajectory, piece_of, read_estimates
from factory.geometry.camera import Camera, unproject
from factory.manifest.query import query
from factory.storage.output import Storage


@dataclass(frozen=True)
class Lens:
    """K and one radial term (x = f (1 + k1 r^2) X/Z + c), for pixels of a picture of `width` x `height` whose corner
    lies at (`left`, `top`) of a frame of `full_width` x `full_height`: black bars are cropped before cameras are
    estimated."""

    fx: float
    fy: float
    cx: float
    cy: float
    k1: float
    full_width: int
    full_height: int
    left: int = 0
    top: int = 0

    @property
    def matrix(self) -> np.ndarray:
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    def undistorted(self, xy: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Pixels (N, 2) of a frame scaled to `size`, (N, 2) width and height, as pixels of the ideal pinhole camera."""
        scale = np.array([self.full_width, self.full_height]) / size
        here = (xy + 0.5) * scale - 0.5 - np.array([self.left, self.top])
        focal = np.array([self.fx, self.fy])
        flat = (here - np.array([self.cx, self.cy])) / focal
        rays = unproject(flat, Camera(1.0, 0.0, 0.0, self.k1))
        return rays[:, :2] * focal + np.array([self.cx, self.cy])


@dataclass(frozen=True)
class PosedCamera:
    trajectory: Trajectory
    lens: Lens

    def at(self, times_s: np.ndarray) -> np.ndarray:
        """Index of the pose nearest to each time, -1 where none is within half a sampling interval."""
        known = self.trajectory.times_s
        attempted = known if self.trajectory.sampled_s is None else self.trajectory.sampled_s
        index = np.abs(known[None] - times_s[:, None]).argmin(axis=1)
        close = np.abs(known[index] - times_s) <= max(sampling_interval(attempted) / 2, 1e-3) + 1e-6
        return np.where(close, index, -1)


def read_cameras(place: Path) -> list[PosedCamera]:
    """Every clip with poses. An OUTPUT brings its intrinsics; a folder of `<stem>.txt` needs `<stem>.intrinsics.json`
    beside each: {"width", "height", "fx", "fy", "cx", "cy"}, and "k1" where the lens distorts."""
    posed = [t for t in read_estimates(place) if len(t.times_s)]
    if not Storage.at(place).parts("pose"):
        return [PosedCamera(t, _lens_beside(place, t.name)) for t in posed]
    lenses = _lenses_of_manifest(place)
    return [PosedCamera(t, lenses[t.source, float(t.sampled_s[0])]) for t in posed if t.sampled_s is not None]


def _lens_beside(folder: Path, name: str) -> Lens:
    for stem in (name, piece_of(name)):
        path = folder / f"{stem}.intrinsics.json"
        if path.is_file():
            try:
                told = json.loads(path.read_text())
                fx, fy, cx, cy = (float(told[key]) for key in ("fx", "fy", "cx", "cy"))
                return Lens(fx, fy, cx, cy, float(told.get("k1", 0)), int(told["width"]), int(told["height"]))
            except (ValueError, KeyError, TypeError) as error:
                raise StorageError(f"{path} lacks one of width, height, fx, fy, cx, cy ({error}).") from error
    raise ConfigError(f"{folder}/{name}.txt has no intrinsics: write {name}.intrinsics.json beside it.")


def _lenses_of_manifest(place: Path) -> dict[tuple[str, float], Lens]:
    sql = """
        SELECT p.source, p.timestamps[1] AS start_s, p.focal_px, p.cx_px, p.cy_px, p.k1,
            coalesce(i.source_width, p.width) AS full_width, coalesce(i.source_height, p.height) AS full_height,
            coalesce(i.crop_x, 0) AS crop_x, coalesce(i.crop_y, 0) AS crop_y
        FROM pose p JOIN ingest i USING (clip_id) WHERE p.status = 'ok'"""
    rows = query(Storage.at(place), sql).to_arrow_table().to_pylist()
    return {
        (r["source"], r["start_s"]): Lens(
            r["focal_px"], r["focal_px"], r["cx_px"], r["cy_px"], r["k1"] or 0.0,
            r["full_width"], r["full_height"], r["crop_x"], r["crop_y"],
        )
        for r in rows
    }  # fmt: skip
