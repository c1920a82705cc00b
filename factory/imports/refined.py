"""A trajectory of other software, a TUM file beside its video, refined with masks of what moves."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from factory.errors import ConfigError, StorageError
from factory.evaluate.masks import read_mask
from factory.export.tum import CAMERA
from factory.geometry.camera import Camera, centred_camera, scaled
from factory.imports.posed import Posed
from factory.imports.tum import find
from factory.masks.resized import resized
from factory.refine.refine import Refined, RefinePoses
from factory.storage.local import write_atomic
from factory.tum import tum_text
from factory.video import probe, shown, shrink
from factory.video.decode import believed

SIDE_PX = 320  # of the pictures whose flow is followed; a guess: the masks' size elsewhere


@dataclass(frozen=True)
class Given:
    """F frames that have a pose. rgb: uint8 (F, H, W, 3). moving: bool (F, H, W). camera: in pixels of the whole
    displayed frame of `size`, width and height; of_pictures: in those of rgb."""

    times_s: np.ndarray
    world_from_cam: np.ndarray
    rgb: np.ndarray
    moving: np.ndarray
    camera: Camera
    of_pictures: Camera
    size: tuple[int, int]


def refine_file(
    video: Path, poses: Path, dest: Path, masks: Path | None, focal_px: float | None, refine: RefinePoses
) -> Refined:
    """Writes `dest`, a TUM file, and its camera beside it as `<name>.intrinsics.json`.

    poses: a TUM file of times in the video, with `<name>.intrinsics.json` beside, or of a pinhole of `focal_px`, in
    pixels of the video. masks: a folder of `<frame number, 5 digits>.png`, as `factory export --format davis` writes
    them, above 0 where something moves; None: nothing does. Raises ConfigError where no focal length is known or it
    changes, or without torch; StorageError where files do not belong together.
    """
    given = read(video, poses, masks, focal_px)
    found = refine(given.rgb, given.moving, given.world_from_cam, given.of_pictures)
    write_atomic(dest, tum_text(given.times_s, found.world_from_cam).encode())
    beside = dest.with_name(f"{dest.name.removesuffix('.txt').removesuffix('.tum')}{CAMERA}")
    focal = given.camera.focal_px * found.camera.focal_px / given.of_pictures.focal_px
    told = {"camera_model": given.camera.colmap_model, "width": given.size[0], "height": given.size[1]}
    told |= {"fx": focal, "fy": focal, "cx": given.camera.cx, "cy": given.camera.cy}
    told |= {"k1": given.camera.k1, "k2": given.camera.k2, "focal_reliable": None}
    write_atomic(beside, (json.dumps(told, indent=1) + "\n").encode())
    return found


def read(video: Path, poses: Path, masks: Path | None, focal_px: float | None) -> Given:
    """See `refine_file`."""
    ((_, load),) = find(poses, None)
    posed: Posed = load()
    info, stamps = probe(video), believed(video)
    times_s = np.array([found.time_s for found in shown(video, stamps)])
    number = np.abs(times_s - posed.times_s[:, None]).argmin(axis=1)
    late_s = float(np.abs(times_s[number] - posed.times_s).max())
    if late_s > 0.5 / info.fps or len(np.unique(number)) < len(number):
        raise StorageError(f"{poses} has poses of other times than {video} has frames: give the seconds of its frames.")
    wanted = set(number.tolist())
    pictures = {n: shrink(found.image(False), SIDE_PX) for n, found in enumerate(shown(video, stamps)) if n in wanted}
    rgb = np.stack([pictures[n] for n in number.tolist()])
    size = (info.width, info.height)
    camera = _camera(posed, size, focal_px)
    moving = np.zeros(rgb.shape[:3], bool)
    if masks is not None:
        files = [masks / f"{n:05d}.png" for n in number]
        if (absent := next((file for file in files if not file.exists()), None)) is not None:
            raise StorageError(
                f"there is no {absent}: masks are wanted of every frame with a pose, by its number in the video; "
                "those of `factory export --format davis` are of the sampled frames."
            )
        moving = np.concatenate([resized(read_mask(file)[None], rgb.shape[1:3]) for file in files])
    return Given(
        *(posed.times_s, posed.world_from_cam, rgb, moving, camera, scaled(camera, rgb.shape[2] / size[0]), size)
    )


def _camera(posed: Posed, size: tuple[int, int], focal_px: float | None) -> Camera:
    if focal_px is not None:
        return centred_camera(focal_px, *size)
    if posed.intrinsics is None:
        raise ConfigError(f"nothing tells the focal length of {posed.source}: give it with --focal-px.")
    if posed.size != size:
        raise StorageError(f"the camera of {posed.source} is of pictures of {posed.size} pixels, the video of {size}.")
    if np.ptp(posed.intrinsics, axis=0).max() > 0:
        raise ConfigError(f"the lens of {posed.source} zooms or its picture moves: only one pinhole can be refined.")
    matrix = posed.intrinsics[0]
    k1, k2 = (0.0, 0.0) if posed.distortion is None else posed.distortion.tolist()
    return Camera(float(matrix[0, 0]), float(matrix[0, 2]), float(matrix[1, 2]), k1, k2)
