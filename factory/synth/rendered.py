"""A rendered clip read back from disk: frames, lens, poses, masks, depth, tracks."""

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from factory.errors import ConfigError, StorageError
from factory.geometry.lens import Lens
from factory.synth.film import camera_at
from factory.synth.produce import SYNTH_VERSION, Order, ordered_clip
from factory.synth.render import Renderer
from factory.synth.truth import decode_depth
from factory.tum import read_tum
from factory.video import decode


class Rendered:
    """What `produce` wrote of one clip. Raises StorageError where its description cannot be read."""

    def __init__(self, video: Path) -> None:
        self.video = video
        try:
            self.truth: dict = json.loads(video.with_suffix(".json").read_text())
        except (OSError, ValueError) as error:
            raise StorageError(f"the truth of {video} cannot be read ({error}): remove it and render again.") from error
        self.shots: list[dict] = self.truth["shots"]
        eyes = 2 if self.truth["stereo"] else 1
        self.size = (self.truth["width"] // eyes, self.truth["height"])

    @cached_property
    def _images(self) -> list[np.ndarray]:
        return [frame.image for frame in decode(self.video, grey=True)]

    def grey(self, frame: int, eye: int = 0) -> np.ndarray:
        """float32 (H, W) of the left eye (0) or the right one (1)."""
        return self._images[frame][:, eye * self.size[0] : (eye + 1) * self.size[0]].astype(np.float32)

    def moves(self, frame: int) -> np.ndarray:
        """bool (H, W): what shows a moving body."""
        return self._png("masks", frame) > 0

    def lens(self, frame: int) -> Lens:
        """The lens of a frame."""
        told = self.truth["intrinsics"]
        numbers = {key: value[frame] if isinstance(value, list) else value for key, value in told.items()}
        return Lens(**{key: value for key, value in numbers.items() if key != "pixel_centres"})

    def poses(self, shot: int, eye: int = 0) -> np.ndarray:
        """world_from_cam (T, 4, 4)."""
        _, poses = read_tum(self.video.with_name(self.shots[shot]["trajectory"]))
        return poses @ np.array(self.truth["stereo"]["left_from_right"]) if eye else poses

    def tracks(self, shot: int) -> dict[str, np.ndarray]:
        """The arrays of Tracks3D by name."""
        with np.load(self.video.with_name(self.shots[shot]["tracks"])) as stored:
            return dict(stored)

    def flow(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """float32 (H, W, 2) to the next frame, and where it is valid."""
        with np.load(self.video.with_name(self.truth["flow"]) / f"{frame:05d}.npz") as stored:
            return stored["flow"].astype(np.float32), stored["valid"]

    def depth(self, shot: int) -> Callable[[int], np.ndarray]:
        """Of the shot's frames, float32 (H, W), inf in the sky: what is on disk, or traced in the scene made anew.

        Raises ConfigError where nothing is on disk and another version made the scene.
        """
        first = self.shots[shot]["first_frame"]
        if self.truth["depth"]:
            return lambda t: decode_depth(self._png("depth", first + t))
        made_with = dict(self.truth["made_with"])
        if made_with.pop("synth_version") != SYNTH_VERSION:
            raise ConfigError(f"{self.video} has no depth and is of another version: remove it and render again.")
        made_with["size"] = made_with["size"] and tuple(made_with["size"])
        clip = ordered_clip(Order(**made_with), self.truth["name"])
        take = clip.takes[shot]
        renderer = Renderer(take.scene)

        def traced(t: int) -> np.ndarray:
            camera = camera_at(take, t / clip.fps)
            return renderer.trace(camera.lens, clip.size, camera.world_from_cam, camera.time_s)[1]

        return traced

    def _png(self, kind: str, frame: int) -> np.ndarray:
        path = self.video.with_name(self.truth[kind]) / f"{frame:05d}.png"
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if image is None:
            raise StorageError(f"{path} is not there or no picture: remove {self.video.name} and render it again.")
        return image
