"""The sample: six short clips of known truth, one for each way a video can suit or not suit pose estimation."""

import json
import logging
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from factory.errors import ConfigError
from factory.geometry.camera import Camera, centred_camera
from factory.storage import write_atomic
from factory.synth import camera, sets
from factory.synth.readme import README
from factory.synth.render import Renderer
from factory.synth.scene import Scene, straight_walk, tumbling
from factory.synth.slides import draw_slides
from factory.synth.write import encode_video, write_masks, write_tum

FOCAL_PER_WIDTH = 0.85  # 61 degrees across: a phone's main camera
NOISE_GREY_LEVELS = 2.0  # sensor noise, standard deviation: a phone indoors, a guess

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shot:
    """A scene and the camera's path through it: world_from_cam float64 (T, 4, 4) at times (T,), from 0."""

    scene: Scene
    times_s: np.ndarray
    world_from_cam: np.ndarray


@dataclass(frozen=True)
class Labels:
    """What is true of a clip. `suitable`: the camera translates, something moves, and it is one shot of a 3D world."""

    camera: str  # moving, static, rotating, none
    object_moves: bool
    drawn: bool = False
    shots: int = 1

    @property
    def suitable(self) -> bool:
        return self.camera == "moving" and self.object_moves and not self.drawn and self.shots == 1


def good(rng: np.random.Generator, times_s: np.ndarray) -> list[Shot]:
    """Hand-held, about a metre to the right through a room, while someone walks across."""
    scene = sets.room(rng, sets.walker(rng, straight_walk((-1.0, 0.75), (0.62, -0.05))))
    start, velocity = (-0.75, -1.6, 1.45), (0.36, 0.10, 0.0)
    path = camera.handheld(times_s, rng, start, velocity, target=(-0.2, 2.4, 1.1), target_velocity_m_s=(0.25, 0.0, 0.0))
    return [Shot(scene, times_s, path)]


def static_camera(rng: np.random.Generator, times_s: np.ndarray) -> list[Shot]:
    """On a tripod, someone walks across."""
    scene = sets.room(rng, sets.walker(rng, straight_walk((-1.1, 0.8), (0.7, 0.0))))
    return [Shot(scene, times_s, camera.tripod(times_s, (0.3, -1.6, 1.5), (0.0, 2.4, 1.1)))]


def pure_rotation(rng: np.random.Generator, times_s: np.ndarray) -> list[Shot]:
    """Panning about the optical centre, someone walks the same way."""
    scene = sets.room(rng, sets.walker(rng, straight_walk((-0.8, 0.8), (0.75, 0.0))))
    return [Shot(scene, times_s, camera.pan(times_s, rng, (0.0, -1.6, 1.5), (-0.7, 2.4, 1.2), 8.0))]


def shot_cut(rng: np.random.Generator, times_s: np.ndarray) -> list[Shot]:
    """Two shots in one file: a room, then a courtyard; each two thirds as long as the other clips."""
    times_s = times_s[: max(2, len(times_s) * 2 // 3)]
    yard = sets.courtyard(rng, sets.walker(rng, straight_walk((1.4, 0.6), (-0.9, 0.1))))
    path = camera.orbit(times_s, rng, (1.5, -3.2, 1.6), (-0.2, 2.5, 1.2), -6.0)
    return [*good(rng, times_s), Shot(yard, times_s, path)]


def fast_large_object(rng: np.random.Generator, times_s: np.ndarray) -> list[Shot]:
    """The camera circles a balloon that fills half the picture, jumps to and fro and spins."""
    centre = (0.0, 0.2, 1.3)
    ball = sets.balloon(rng, (0.40, 0.36, 0.38), tumbling(centre, (0.22, 0.03, 0.07), 0.9, (25.0, 40.0, 110.0)))
    return [Shot(sets.room(rng, ball), times_s, camera.orbit(times_s, rng, (-0.35, -0.85, 1.45), centre, 18.0))]


Shots = Callable[[np.random.Generator, np.ndarray], list[Shot]]
CLIPS: dict[str, tuple[Labels, Shots | None]] = {
    "good": (Labels("moving", True), good),
    "static_camera": (Labels("static", True), static_camera),
    "pure_rotation": (Labels("rotating", True), pure_rotation),
    "shot_cut": (Labels("moving", True, shots=2), shot_cut),
    "graphics": (Labels("none", False, drawn=True), None),
    "fast_large_object": (Labels("moving", True), fast_large_object),
}


def render_sample(
    folder: Path,
    *,
    size: tuple[int, int] = (640, 360),
    fps: int = 24,
    seconds: float = 3.0,
    only: Sequence[str] | None = None,
    seed: int = 0,
) -> list[Path]:
    """Renders the sample, or the clips `only` names, into `folder`; returns the videos' paths.

    Beside each `<name>.mp4` come its truth: `<name>.json`, `<name>.tum.txt` (one a shot, `-00` and `-01`, where there
    are several) and `<name>_masks/`. The video is written last, so where it is, its truth is. Equal arguments give
    equal pixels. What is there already is replaced. Raises ConfigError for an unknown name, an odd size, or no embreex.
    """
    names = list(CLIPS) if only is None else list(only)
    unknown = [name for name in names if name not in CLIPS]
    if unknown:
        raise ConfigError(f"the sample has no clip '{unknown[0]}': choose from {', '.join(CLIPS)}.")
    if size[0] % 2 or size[1] % 2:
        raise ConfigError(f"H.264 needs an even width and height, not {size[0]}x{size[1]}: make both even.")
    write_atomic(folder / "README.md", README.encode())
    paths = []
    for number, name in enumerate(names, 1):
        begin = perf_counter()
        paths.append(_render_clip(folder, name, size, fps, seconds, seed))
        log.info("rendered %s (%d of %d) in %.1f s", paths[-1], number, len(names), perf_counter() - begin)
    return paths


def _render_clip(folder: Path, name: str, size: tuple[int, int], fps: int, seconds: float, seed: int) -> Path:
    labels, make = CLIPS[name]
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    times_s = np.arange(max(2, round(seconds * fps))) / fps
    shots = [] if make is None else make(rng, times_s)
    masks: list[np.ndarray] = []
    frames = _film(shots, size, rng, masks) if shots else draw_slides(rng, times_s, size)
    video = folder / f"{name}.mp4"
    video.unlink(missing_ok=True)
    content = encode_video(frames, size, fps)
    truth = {
        "name": name,
        "seed": seed,
        "width": size[0],
        "height": size[1],
        "fps": fps,
        "frame_count": len(masks) if shots else len(times_s),
        "labels": {**asdict(labels), "suitable": labels.suitable},
        "intrinsics": {**asdict(_camera(size)), "pixel_centres": "integer"} if shots else None,
        "dynamic_ratio": round(float(np.mean(masks)), 4) if shots else None,
        "masks": f"{name}_masks" if shots else None,
        "shots": _write_trajectories(folder, name, shots, fps),
    }
    if shots:
        write_masks(folder / f"{name}_masks", masks)
    write_atomic(folder / f"{name}.json", (json.dumps(truth, indent=2) + "\n").encode())
    write_atomic(video, content)
    return video


def _write_trajectories(folder: Path, name: str, shots: Sequence[Shot], fps: int) -> list[dict[str, object]]:
    """One TUM file a shot, in seconds of the video; returns what the truth says of each shot."""
    described: list[dict[str, object]] = []
    first_frame = 0
    for number, shot in enumerate(shots):
        file = f"{name}.tum.txt" if len(shots) == 1 else f"{name}-{number:02d}.tum.txt"
        write_tum(folder / file, shot.times_s + first_frame / fps, shot.world_from_cam)
        count = len(shot.times_s)
        described.append({"first_frame": first_frame, "frame_count": count, "trajectory": file})
        first_frame += count
    return described


def _camera(size: tuple[int, int]) -> Camera:
    return centred_camera(FOCAL_PER_WIDTH * size[0], *size)


def _film(
    shots: Sequence[Shot], size: tuple[int, int], rng: np.random.Generator, masks: list[np.ndarray]
) -> Iterator[np.ndarray]:
    """The frames of the shots, uint8 (H, W, 3), with sensor noise; appends the mask of what moves to `masks`."""
    for shot in shots:
        renderer = Renderer(shot.scene)
        moving = shot.scene.moving()
        for time_s, pose in zip(shot.times_s, shot.world_from_cam, strict=True):
            view = renderer.view(_camera(size), size, pose, float(time_s))
            masks.append(np.isin(view.instance, moving))
            noise = rng.standard_normal(view.rgb.shape, np.float32) * NOISE_GREY_LEVELS
            yield np.clip(np.round(view.rgb + noise), 0, 255).astype(np.uint8)
