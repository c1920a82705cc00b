"""A clip that is only labelled: its video, edited where wanted, and a description without any other truth."""

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from factory.errors import ConfigError
from factory.storage.local import write_atomic
from factory.synth.film import filmed
from factory.synth.presets import TRUTHS
from factory.synth.render import Renderer
from factory.synth.slides import draw_slides
from factory.synth.take import Clip
from factory.video.encode import encode_video


def render_labelled(folder: Path, clip: Clip, seed: int, truth: Sequence[str], made_with: dict[str, object]) -> None:
    """Renders a clip into `<name>.mp4`, last, and its labels into `<name>.json`. Equal arguments give equal files.

    Raises ConfigError where other truth is wanted, or without embreex; StorageError where nothing can be written.
    """
    if truth:
        raise ConfigError(f"{clip.name} has labels and no other truth: leave out --truth.")
    frames = np.stack(list(_frames(clip, seed)))
    if clip.edit is not None:
        frames = clip.edit(frames)
    description: dict[str, object] = {
        "name": clip.name,
        "seed": seed,
        "width": clip.size[0],
        "height": clip.size[1],
        "fps": clip.fps,
        "frame_count": len(frames),
        "labels": {**asdict(clip.labels), "suitable": clip.labels.suitable},
        "tags": clip.tags,
        **dict.fromkeys(("intrinsics", "stereo", "dynamic_ratio", "objects", "masks", *TRUTHS, "depth_unit_m")),
        "shots": [],
        "made_with": made_with,
    }
    content = encode_video(iter(frames), clip.size, clip.fps)
    write_atomic(folder / f"{clip.name}.json", (json.dumps(description, indent=2) + "\n").encode())
    write_atomic(folder / f"{clip.name}.mp4", content)


def _frames(clip: Clip, seed: int) -> Iterator[np.ndarray]:
    """uint8 (H, W, 3) RGB, as filmed."""
    times_s = np.arange(max(2, round(clip.seconds * clip.fps))) / clip.fps
    rngs = (np.random.default_rng([seed, zlib.crc32(clip.name.encode()), 1, number]) for number in range(99))
    if not clip.takes:
        yield from draw_slides(next(rngs), times_s, clip.size)
    for take, rng in zip(clip.takes, rngs, strict=False):
        yield from (frame.rgb for frame in filmed(Renderer(take.scene), take, times_s, clip.size, rng))
