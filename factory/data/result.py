"""One clip of an output: what its rows say as arrays, what its files hold, its pictures."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from factory.artifacts import read_arrays, read_masks, read_tracks
from factory.clip import Clip
from factory.data.left_eye import left_eyes
from factory.data.pictures import pictures
from factory.depth.file import read_mono_depth
from factory.depth.maps import MonoDepth
from factory.errors import ChangedError, StorageError
from factory.manifest.schema import ROOT
from factory.phases.phase import clip_record
from factory.points import ScenePoints, read_points
from factory.prior.objects_file import read_instances
from factory.stereo.depth_file import StereoDepth, read_depth
from factory.stereo.layout import Layout
from factory.storage.cache import SourceCache
from factory.storage.digest import file_digest
from factory.storage.output import Storage
from factory.tracks import Tracks
from factory.tum import tum_text
from factory.world.artifact import read_world_tracks
from factory.world.tracks import WorldTracks

Which = Sequence[int] | np.ndarray | slice


@dataclass(frozen=True)
class ClipResult:
    """A clip as a run left it; `rows` by phase, as their manifests have them (`factory query OUTPUT "DESCRIBE pose"`
    tells each column). F are the frames that the pose phase sampled, of stereo video those of the rig phase; all arrays
    are about these.

    What no phase has made of the clip yet raises StorageError. Poses are camera-to-world, x right, y down, z forward;
    pixels are those of the clip's picture (`size`), centres at integers; times are seconds of the source. Of stereo
    video the camera is the rectified left eye, whose lens `depth` and `world_tracks` tell, and the picture has both
    eyes in it. Nothing is held open, and copies in other processes are cheap.
    """

    storage: Storage
    rows: Mapping[str, Mapping[str, Any]]
    cache: SourceCache = field(default_factory=SourceCache)
    unit: float = 1.0  # what poses, points, mono_depth and world_tracks are multiplied by, see `in_metres`

    def in_metres(self) -> "ClipResult":
        """The same clip with poses, points, mono_depth and world_tracks in metres, as `scale_m` has it; rows stay as
        they are. Raises StorageError where no network has told it, as of stereo video, whose poses are in metres as
        they are."""
        return replace(self, unit=float(self._made("scale_m", "scale in metres")))

    @cached_property
    def clip(self) -> Clip:
        """Its span in the source, size and rate."""
        return clip_record(dict(self.rows[ROOT])).clip

    @property
    def clip_id(self) -> str:
        return self.clip.clip_id

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the clip's picture: as displayed, without black bars."""
        return self.clip.width, self.clip.height

    def __getitem__(self, column: str) -> Any:
        """A column of the last phase that has it. Raises KeyError where none does."""
        for row in reversed(list(self.rows.values())):
            if column in row:
                return row[column]
        raise KeyError(column)

    def has(self, column: str) -> bool:
        """Whether a phase has that column, and it is not null."""
        return any(row.get(column) is not None for row in self.rows.values())

    @cached_property
    def times_s(self) -> np.ndarray:
        """float64 (F,)."""
        return np.array(self._made("timestamps", "sampled frames"), np.float64)

    @cached_property
    def frame_index(self) -> np.ndarray:
        """Numbers of the frames in the source: int64 (F,)."""
        return np.array(self._made("frame_index", "sampled frames"), np.int64)

    @cached_property
    def registered(self) -> np.ndarray:
        """Which frames have a pose: bool (F,)."""
        return np.array(self._made("registered", "poses"), bool)

    @cached_property
    def world_from_cam(self) -> np.ndarray:
        """float64 (F, 4, 4), NaN where not registered. A clip that was refused has them too, as far as it came."""
        poses = self._made("world_from_cam", "poses")
        found = np.array([np.full(16, np.nan) if pose is None else pose for pose in poses], float).reshape(-1, 4, 4)
        found[:, :3, 3] *= self.unit
        return found

    @cached_property
    def intrinsics(self) -> np.ndarray:
        """K of each frame, float64 (F, 3, 3), without the distortion; NaN where a frame's own is not known."""
        found = np.tile(np.eye(3), (len(self.times_s), 1, 1))
        focal_px = self._each("focal_px", "focal_per_frame_px")
        found[:, 0, 0] = found[:, 1, 1] = focal_px
        found[:, 0, 2] = self._each("cx_px", "cx_per_frame_px")
        found[:, 1, 2] = self._each("cy_px", "cy_per_frame_px")
        return found

    def intrinsics_at(self, width_px: int) -> np.ndarray:
        """K of each frame, float64 (F, 3, 3), for its picture shrunk to that width, as masks and mono_depth are."""
        found, scale = self.intrinsics.copy(), width_px / self.size[0]
        found[:, :2, :2] *= scale
        found[:, :2, 2] = (found[:, :2, 2] + 0.5) * scale - 0.5
        return found

    @property
    def distortion(self) -> np.ndarray:
        """k1, k2 of x = f (1 + k1 r^2 + k2 r^4) X/Z + cx: float64 (2,)."""
        self._made("focal_px", "camera")
        return np.array([self["k1"] or 0.0, self["k2"] or 0.0])

    def masks(self) -> np.ndarray:
        """What moves on its own: bool (F, h, w), the picture shrunk to the masks' size."""
        return read_masks(self._file("masks"))[1]

    def objects(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Objects that move on their own, of `pipeline=dynapo`: their names, and bool (O, F, h, w), as `masks`."""
        return tuple(self._made("object_names", "objects")), read_instances(self._file("instances"))[1]

    def mono_depth(self) -> MonoDepth:
        """Depth along the optical axis, of video of one eye, in the unit of the poses, and where each pixel has it
        from; its `frame` has the numbers of its frames in the source. K of its pixels: `intrinsics_at`."""
        found = read_mono_depth(self._file("mono_depth"))
        return replace(found, depth=found.depth * np.float32(self.unit))

    def tracks(self) -> tuple[Tracks, np.ndarray]:
        """Point tracks, in pixels of their own `width` and `height`, and which of them move on their own: bool (M,)."""
        return read_tracks(self._file("tracks"))

    def points(self) -> ScenePoints:
        """Points of the world and where they were seen, in pixels of their own `width` and `height`."""
        found = read_points(self._file("points"))
        return replace(found, xyz=found.xyz * np.float32(self.unit))

    def world_tracks(self) -> WorldTracks:
        """Long tracks in the world of `world_from_cam`, which of them move, and how fast: in metres of stereo video, in
        the unit of the poses of one camera."""
        return read_world_tracks(self._file("world_tracks")).scaled(self.unit)

    def depth(self, which: Sequence[int] | slice = slice(None)) -> StereoDepth:
        """Metres along the rays of the rectified left eye, of stereo video, in every n-th frame
        (`world.stages.keep.depth_every`): its `frame_index` says which. which: places among these; all take 4 bytes a
        pixel. Raises IndexError where there is no such place."""
        return read_depth(self._file("depth"), which)

    def left_eye(self, which: Which = slice(None)) -> np.ndarray:
        """The rectified left eye's pictures, of stereo video, uint8 (n, h, w, 3) RGB: what `world_tracks().xy` and
        `depth` count the pixels of, through their `lens`. which, and what is raised: as of `frames`, whose pictures
        hold both eyes."""
        tracks = self.world_tracks()
        if tracks.lens is None:
            raise StorageError(
                f"nobody told the lens of clip {self.clip_id}, as of imported ones: take one that a run has made."
            )
        left_rig = np.array(self._made("rectified2rig", "rig"), float).reshape(2, 3, 3)[0]
        layout = Layout.read(self._made("layout", "layout"))
        return left_eyes(self.frames(which), layout, left_rig, tracks.lens, (tracks.width, tracks.height))

    def arrays(self, column: str) -> dict[str, np.ndarray]:
        """The arrays of any npz that a phase keeps, by the column that names it."""
        return read_arrays(self._file(column))

    def frames(self, which: Which = slice(None), max_side_px: int | None = None) -> np.ndarray:
        """Pictures of sampled frames, uint8 (n, H, W, 3) RGB, whose longer side is `max_side_px` at most.

        which: numbers below F, in any order, or a slice; one at least. What lies between them and the key frame before
        is decoded too. Raises IndexError, GoneError or ChangedError where the source is not what was ingested any more,
        and VideoError where it is damaged.
        """
        places = np.arange(len(self.times_s))[which]
        if not len(places):
            raise IndexError("no frame is asked for")
        with self.video() as path:
            return pictures(path, self.clip, self.frame_index[places], self.times_s[places], max_side_px)

    @contextmanager
    def video(self) -> Iterator[Path]:
        """The source as a local file, fetched where it lies elsewhere. One that was copied or touched since counts if
        its bytes are those that were ingested; else raises ChangedError."""
        row, source = self.rows[ROOT], self.clip.source
        try:
            held = self.cache.hold(source, row["source_version"])
        except ChangedError:
            held = self.cache.hold(source)
            if _digest(held.path, held.version) != row["content_hash"]:
                held.release()
                raise
        try:
            yield held.path
        finally:
            held.release()

    def tum(self) -> str:
        """The poses of the registered frames as lines of TUM's format."""
        return tum_text(self.times_s[self.registered], self.world_from_cam[self.registered])

    def _each(self, shared: str, own: str) -> np.ndarray:
        one, each = self._made(shared, "camera"), self[own]
        return np.full(len(self.times_s), one) if each is None else np.array(each, float)

    def _file(self, column: str) -> bytes:
        return self.storage.read(self.storage.artifact(self._made(column, column)))

    def _made(self, column: str, what: str) -> Any:
        try:
            value = self[column]
        except KeyError:
            value = None
        if value is None and what == "camera" and self.has("left_from_right"):
            raise StorageError(
                f"clip {self.clip_id} has two eyes, one camera does not describe its picture: take `lens` of its "
                "world_tracks() or depth() and pictures from left_eye(), or formats stereo4d, tum and huggingface."
            )
        if value is None:
            raise StorageError(
                f"clip {self.clip_id} has no {what}: no phase has made them, see its `status` and `reasons`."
            )
        return value


@lru_cache(1024)
def _digest(path: Path, version: str) -> str:  # noqa: ARG001  # of one version, asked for once a process
    return file_digest(path)
