"""A data set for training: windows of frames of an output's clips, with their cameras."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from factory.data.opened import Output
from factory.data.result import ClipResult
from factory.errors import ConfigError
from factory.manifest.listed import ids_sql, listed
from factory.manifest.phases import phase_with
from factory.manifest.query import query, sql_errors


@dataclass
class ClipDataset:
    """Windows of `length` sampled frames, every `stride`-th, of the clips that `where`, an SQL condition on the columns
    of the phase that poses, chooses; a new one begins every `step` frames (one behind the other by default). Any of
    them, in any order: what `torch.utils.data.DataLoader` takes as a map-style data set, with any number of workers.

    Items are dicts, of arrays that its default collation makes tensors of, T = length:
        frames          uint8 (T, H, W, 3) RGB, resized to `size` (width, height) where that is given
        world_from_cam  float32 (T, 4, 4), from the camera of the window's first frame with a pose
        intrinsics      float32 (T, 3, 3), pixels of `frames`
        registered      bool (T,); the poses of others are NaN
        times_s         float64 (T,), in the source
        frame           int64 (T,), which of the clip's sampled frames these are
        masks           bool (T, H, W), what moves on its own; with `masks`
        clip_id         str
    clips: a Parquet file as `factory split`, `sample` or `duplicates` writes it; only clips that it lists, and `where`
    may name its columns: `ClipDataset(output, where="split = 'train'", clips="splits.parquet")`.
    Lens distortion is left in the pictures: the clip's `distortion` tells it. Clips of several sizes make batches only
    with a `size`. Raises ConfigError where no window is that long, and whatever reading a clip raises.
    """

    output: Output | str | Path
    length: int = 16
    stride: int = 1
    step: int | None = None
    where: str = "status = 'ok'"
    size: tuple[int, int] | None = None
    masks: bool = False
    clips: str | Path | None = None
    _windows: np.ndarray = field(init=False, repr=False)  # int32 (N, 2): the clip's number, the first frame
    _ids: list[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.output, Output):
            self.output = Output.at(self.output)
        storage = self.output.storage
        if (phase := phase_with(storage, "world_from_cam")) is None:
            raise ConfigError(f"{storage.root} holds no poses: run a pipeline with the pose phase first.")
        known = listed(storage, phase, self.clips)
        chosen = f"world_from_cam IS NOT NULL AND clip_id IN ({ids_sql(phase, self.where, known)})"
        with sql_errors(storage):
            select = f'SELECT clip_id, len(timestamps) FROM "{phase}" WHERE {chosen} ORDER BY clip_id'
            rows = query(storage, select, known).fetchall()
        reach = (self.length - 1) * self.stride + 1
        begins = [np.arange(0, count - reach + 1, self.step or reach) for _, count in rows]
        if not sum(map(len, begins)):
            raise ConfigError(f"of {len(rows)} clips none has {reach} sampled frames: take shorter windows.")
        self._ids = [clip_id for clip_id, _ in rows]
        number = np.repeat(np.arange(len(rows)), [len(each) for each in begins])
        self._windows = np.column_stack([number, np.concatenate(begins)]).astype(np.int32)

    def __len__(self) -> int:
        """N, the number of windows."""
        return len(self._windows)

    def place(self, index: int) -> tuple[str, np.ndarray]:
        """A window's clip, by its id, and which of its sampled frames: int64 (T,). Raises IndexError."""
        clip, begin = self._windows[index].tolist()
        return self._ids[clip], begin + self.stride * np.arange(self.length)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Raises IndexError beyond the last."""
        assert isinstance(self.output, Output)
        clip_id, which = self.place(index)
        return window(self.output.clip(clip_id), which, self.size, self.masks)


def window(
    clip: ClipResult, which: Sequence[int] | np.ndarray, size: tuple[int, int] | None = None, masks: bool = False
) -> dict[str, Any]:
    """Some sampled frames of a clip, by their numbers below F; see `ClipDataset`."""
    side_px = None if size is None else max(size)
    frames = clip.frames(which, side_px)
    if size is not None and frames.shape[2:0:-1] != size:
        frames = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames])
    height, width = frames.shape[1:3]
    item: Mapping[str, Any] = {
        "frames": frames,
        "world_from_cam": _from_first(clip.world_from_cam[which]).astype(np.float32),
        "intrinsics": _resized(clip.intrinsics[which], clip.size, (width, height)).astype(np.float32),
        "registered": clip.registered[which],
        "times_s": clip.times_s[which],
        "frame": np.asarray(which, np.int64),
        "clip_id": clip.clip_id,
    }
    if not masks:
        return dict(item)
    each = clip.masks()[which].astype(np.uint8)
    shown = [cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST) for mask in each]
    return {**item, "masks": np.stack(shown) > 0}


def _from_first(world_from_cam: np.ndarray) -> np.ndarray:
    """The poses, float64 (T, 4, 4), in the frame of the first camera that is known."""
    known = np.flatnonzero(np.isfinite(world_from_cam[:, 0, 0]))
    return world_from_cam if not len(known) else np.linalg.inv(world_from_cam[known[0]]) @ world_from_cam


def _resized(intrinsics: np.ndarray, size: tuple[int, int], to: tuple[int, int]) -> np.ndarray:
    """K, float64 (T, 3, 3), of a picture of one size for one of another; pixel centres at integers."""
    x, y = to[0] / size[0], to[1] / size[1]
    scale = np.array([[x, 0.0, (x - 1) / 2], [0.0, y, (y - 1) / 2], [0.0, 0.0, 1.0]])
    return scale @ intrinsics
