"""Posed cameras of a method: of a run's manifest, or of a folder of TUM files with intrinsics beside them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from factory.errors import ConfigError, StorageError
from factory.evaluate.sampling import sampling_interval
from factory.evaluate.trajectories import Trajectory, piece_of, read_estimates
from factory.export.tum import per_pose
from factory.geometry.camera import Camera, unproject
from factory.geometry.trajectory import moved_on
from factory.manifest.phases import phase_with
from factory.manifest.query import query
from factory.manifest.schema import ROOT
from factory.storage.output import Storage


@dataclass(frozen=True)
class Lens:
    """K and two radial terms (x = f (1 + k1 r^2 + k2 r^4) X/Z + c), for pixels of a picture of `width` x `height` whose
    corner lies at (`left`, `top`) of a frame of `full_width` x `full_height`: black bars are cropped before cameras are
    estimated. each: focal length and principal point (F, 3) of every pose, where the lens zooms or the picture moves.
    row_s: by how much a row is read later than the one above; middle_row: of the full frame, read at the pose's time.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    k1: float
    k2: float
    full_width: int
    full_height: int
    left: int = 0
    top: int = 0
    each: np.ndarray | None = None
    row_s: float = 0.0
    middle_row: float = 0.0

    def late_s(self, y: np.ndarray, height: np.ndarray) -> np.ndarray:
        """When rows y (N,) of frames scaled to `height` (N,) are read, after the middle row."""
        return ((y + 0.5) * self.full_height / height - 0.5 - self.middle_row) * self.row_s

    def _focal_and_centre(self, poses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of the poses (N,): both (N, 2)."""
        if self.each is not None:
            return self.each[poses][:, [0, 0]], self.each[poses][:, 1:]
        shape = (len(poses), 2)
        return np.broadcast_to([self.fx, self.fy], shape), np.broadcast_to([self.cx, self.cy], shape)

    def matrix(self, poses: np.ndarray) -> np.ndarray:
        """K of each of the poses (N,): (N, 3, 3)."""
        focal, centre = self._focal_and_centre(poses)
        matrix = np.zeros((len(poses), 3, 3))
        matrix[:, [0, 1], [0, 1]], matrix[:, :2, 2], matrix[:, 2, 2] = focal, centre, 1.0
        return matrix

    def undistorted(self, xy: np.ndarray, size: np.ndarray, poses: np.ndarray) -> np.ndarray:
        """Pixels (N, 2) of frames of the poses (N,), scaled to `size`, (N, 2) width and height, as pixels of the ideal
        pinhole camera."""
        focal, centre = self._focal_and_centre(poses)
        scale = np.array([self.full_width, self.full_height]) / size
        here = (xy + 0.5) * scale - 0.5 - np.array([self.left, self.top])
        rays = unproject((here - centre) / focal, Camera(1.0, 0.0, 0.0, self.k1, self.k2))
        return rays[:, :2] * focal + centre


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

    def at_row(self, index: np.ndarray, y: np.ndarray, height: np.ndarray) -> np.ndarray:
        """Poses (N, 4, 4) at the times at which rows y (N,), of frames scaled to `height` (N,), are read."""
        known = self.trajectory
        if self.lens.row_s == 0.0:
            return known.world_from_cam[index]
        return moved_on(known.times_s, known.world_from_cam, index, self.lens.late_s(y, height))


def read_cameras(place: Path, everything: bool = False) -> list[PosedCamera]:
    """Every clip with poses; of an OUTPUT those that are `ok`, with `everything` also those it refused.

    An OUTPUT brings its intrinsics; a folder of `<stem>.txt` needs `<stem>.intrinsics.json` beside each: {"width",
    "height", "fx", "fy", "cx", "cy"}, and "k1" and "k2" where the lens distorts, "readout_s" where rows are read in
    turn.
    """
    posed = [t for t in read_estimates(place, everything) if len(t.times_s)]
    if (phase := phase_with(Storage.at(place), "world_from_cam")) is None:
        return [PosedCamera(t, _lens_beside(place, t.name)) for t in posed]
    lenses = _lenses_of_manifest(place, phase, everything)
    return [PosedCamera(t, lenses[t.source, float(t.sampled_s[0])]) for t in posed if t.sampled_s is not None]


def _lens_beside(folder: Path, name: str) -> Lens:
    for stem in (name, piece_of(name)):
        path = folder / f"{stem}.intrinsics.json"
        if path.is_file():
            try:
                told = json.loads(path.read_text())
                fx, fy, cx, cy = (float(told[key]) for key in ("fx", "fy", "cx", "cy"))
                size = (int(told["width"]), int(told["height"]))
                row_s = float(told.get("readout_s") or 0.0) / max(size[1] - 1, 1)
                each = _each(fx, cx, cy, told)
                (k1, k2), middle = (float(told.get(k, 0)) for k in ("k1", "k2")), (size[1] - 1) / 2
                return Lens(fx, fy, cx, cy, k1, k2, *size, each=each, row_s=row_s, middle_row=middle)
            except (ValueError, KeyError, TypeError) as error:
                raise StorageError(f"{path} lacks one of width, height, fx, fy, cx, cy ({error}).") from error
    raise ConfigError(f"{folder}/{name}.txt has no intrinsics: write {name}.intrinsics.json beside it.")


def _lenses_of_manifest(place: Path, phase: str, everything: bool) -> dict[tuple[str, float], Lens]:
    chosen = "p.world_from_cam IS NOT NULL" if everything else "p.status = 'ok'"
    sql = f"""
        SELECT p.source, p.timestamps[1] AS start_s, p.focal_px, p.cx_px, p.cy_px, p.k1, p.k2, p.registered,
            p.readout_s, p.height,
            p.focal_per_frame_px, p.cx_per_frame_px, p.cy_per_frame_px,
            coalesce(i.source_width, p.width) AS full_width, coalesce(i.source_height, p.height) AS full_height,
            coalesce(i.crop_x, 0) AS crop_x, coalesce(i.crop_y, 0) AS crop_y
        FROM "{phase}" p JOIN "{ROOT}" i USING (clip_id) WHERE {chosen}"""
    rows = query(Storage.at(place), sql).to_arrow_table().to_pylist()
    return {
        (r["source"], r["start_s"]): Lens(
            r["focal_px"], r["focal_px"], r["cx_px"], r["cy_px"], r["k1"] or 0.0, r["k2"] or 0.0,
            r["full_width"], r["full_height"], r["crop_x"], r["crop_y"],
            _each(r["focal_px"], r["cx_px"], r["cy_px"], per_pose(r)),
            (r["readout_s"] or 0.0) / max(r["height"] - 1, 1), r["crop_y"] + (r["height"] - 1) / 2,
        )
        for r in rows
    }  # fmt: skip


def _each(focal: float, cx: float, cy: float, told: Mapping[str, Any]) -> np.ndarray | None:
    """What differs from pose to pose, with what does not: (F, 3); None where nothing does."""
    lists = [told.get(f"{name}_per_pose_px") for name in ("focal", "cx", "cy")]
    count = next((len(values) for values in lists if values is not None), None)
    if count is None:
        return None
    shared = (focal, cx, cy)
    return np.stack(
        [
            np.full(count, one) if values is None else np.asarray(values)
            for one, values in zip(shared, lists, strict=True)
        ],
        axis=1,
    )
