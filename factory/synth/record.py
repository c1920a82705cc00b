"""One clip on disk: its video, and beside it all that is true of it."""

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from factory.geometry.lens import Lens
from factory.storage.local import write_atomic
from factory.synth.film import Frame, camera_at, filmed
from factory.synth.labelled import render_labelled
from factory.synth.objects import ObjectWatch
from factory.synth.presets import TRUTHS
from factory.synth.render import Renderer
from factory.synth.slides import draw_slides
from factory.synth.stereo import right_eye
from factory.synth.take import Clip, Take
from factory.synth.tracks3d import tracks3d
from factory.synth.truth import DEPTH_UNIT_M, encode_depth, flow
from factory.synth.write import empty_folder, write_npz, write_png
from factory.tum import tum_text
from factory.video.encode import encode_video


def render_clip(folder: Path, clip: Clip, seed: int, truth: Sequence[str], made_with: dict[str, object]) -> None:
    """Renders a clip into `<name>.mp4`, last, and its truth into files beside it. truth: what is wanted
    of `depth`, `flow`, `instances`.

    Equal arguments give equal files. Raises ConfigError without embreex, StorageError where nothing can be written.
    """
    if clip.labels_only:
        render_labelled(folder, clip, seed, truth, made_with)
        return
    recorder = _Recorder(folder, clip, seed, tuple(truth))
    eyes = 1 if clip.left_from_right is None else 2
    content = encode_video(recorder.frames(), (eyes * clip.size[0], clip.size[1]), clip.fps)
    description = {**recorder.description(), "made_with": made_with}
    write_atomic(folder / f"{clip.name}.json", (json.dumps(description, indent=2) + "\n").encode())
    write_atomic(folder / f"{clip.name}.mp4", content)


class _Recorder:
    """Writes the truth as the frames go by, and remembers what the description tells."""

    def __init__(self, folder: Path, clip: Clip, seed: int, truth: tuple[str, ...]) -> None:
        self.folder, self.clip, self.truth = folder, clip, truth if clip.takes else ()
        self.times_s = np.arange(max(2, round(clip.seconds * clip.fps))) / clip.fps
        self.seeds = [seed, zlib.crc32(clip.name.encode())]
        self.lenses: list[Lens] = []
        self.moving_ratio: list[float] = []
        self.shots: list[dict[str, object]] = []
        self.kinds = ("masks", *self.truth) if clip.takes else ()
        self.objects: list[dict[str, object]] = []
        for kind in ("masks", *TRUTHS):
            empty_folder(folder / f"{clip.name}_{kind}", make=kind in self.kinds)

    def frames(self) -> Iterator[np.ndarray]:
        """uint8 (H, W, 3) RGB frames of the video."""
        if not self.clip.takes:
            yield from draw_slides(self._rng(1, 0), self.times_s, self.clip.size)
        for number, take in enumerate(self.clip.takes):
            renderer = Renderer(take.scene)
            self.watch = ObjectWatch(renderer.geometry, self.clip.size, len(self.lenses))
            left = filmed(renderer, take, self.times_s, self.clip.size, self._rng(1, number))
            if self.clip.left_from_right is None:
                yield from (self._kept(renderer, take, frame).rgb for frame in left)
            else:
                other = right_eye(take, self.clip.left_from_right)
                right = filmed(renderer, other, self.times_s, self.clip.size, self._rng(2, number))
                for frame, beside in zip(left, right, strict=True):
                    yield np.concatenate([self._kept(renderer, take, frame).rgb, beside.rgb], axis=1)
            self._end_shot(renderer, take, number)

    def _rng(self, purpose: int, take: int) -> np.random.Generator:
        return np.random.default_rng([*self.seeds, purpose, take])

    def _kept(self, renderer: Renderer, take: Take, frame: Frame) -> Frame:
        """Writes the frame's truth."""
        name, number = self.clip.name, len(self.lenses)
        mask = np.isin(frame.sight.body, renderer.geometry.moving)
        write_png(self.folder / f"{name}_masks" / f"{number:05d}.png", mask.astype(np.uint8) * 255)
        instances = self.watch.saw(frame.sight, frame.camera)
        if "instances" in self.truth:
            labels = np.where(instances > 0, instances + len(self.objects), 0).astype(np.uint8)
            write_png(self.folder / f"{name}_instances" / f"{number:05d}.png", labels)
        if "depth" in self.truth:
            write_png(self.folder / f"{name}_depth" / f"{number:05d}.png", encode_depth(frame.depth_m))
        later_s = frame.camera.time_s + 1 / self.clip.fps
        if "flow" in self.truth and later_s < self.times_s[-1] + 0.5 / self.clip.fps:
            moved, valid = flow(renderer.geometry, frame.sight, frame.camera, camera_at(take, later_s))
            write_npz(self.folder / f"{name}_flow" / f"{number:05d}.npz", flow=moved.astype(np.float16), valid=valid)
        self.lenses.append(frame.camera.lens)
        self.moving_ratio.append(float(mask.mean()))
        return frame

    def _end_shot(self, renderer: Renderer, take: Take, number: int) -> None:
        """Writes the shot's trajectory, in seconds of the video, and its tracks."""
        self.objects += self.watch.told()
        stem = self.clip.name if len(self.clip.takes) == 1 else f"{self.clip.name}-{number:02d}"
        first, count = len(self.lenses) - len(self.times_s), len(self.times_s)
        text = tum_text(self.times_s + first / self.clip.fps, take.path(self.times_s))
        write_atomic(self.folder / f"{stem}.tum.txt", text.encode())
        tracks = tracks3d(renderer, take, self.times_s, self.clip.size, self._rng(3, number))
        write_npz(self.folder / f"{stem}_tracks.npz", **{f.name: getattr(tracks, f.name) for f in fields(tracks)})
        exposure = [take.film.exposure(float(time_s)) for time_s in self.times_s]
        film = {"shutter_s": take.film.shutter_s, "readout_s": take.film.readout_s}
        self.shots.append(
            {
                "first_frame": first,
                "frame_count": count,
                "trajectory": f"{stem}.tum.txt",
                "tracks": f"{stem}_tracks.npz",
                "film": {**film, "noise_levels": take.film.noise_levels, "exposure": _one_or_each(exposure)},
            }
        )

    def description(self) -> dict[str, object]:
        """What `<name>.json` tells."""
        clip = self.clip
        rig = None if clip.left_from_right is None else {"layout": "left-right", "eye_width": clip.size[0]}
        if rig is not None and clip.left_from_right is not None:
            rig["left_from_right"] = clip.left_from_right.tolist()
        return {
            "name": clip.name,
            "seed": self.seeds[0],
            "width": clip.size[0] * (1 if rig is None else 2),
            "height": clip.size[1],
            "fps": clip.fps,
            "frame_count": len(self.lenses) or len(self.times_s),
            "labels": {**asdict(clip.labels), "suitable": clip.labels.suitable},
            "tags": clip.tags,
            "intrinsics": _intrinsics(self.lenses) if clip.takes else None,
            "stereo": rig,
            "dynamic_ratio": round(float(np.mean(self.moving_ratio)), 4) if clip.takes else None,
            "objects": self.objects if clip.takes else None,
            **{kind: f"{clip.name}_{kind}" if kind in self.kinds else None for kind in ("masks", *TRUTHS)},
            "depth_unit_m": DEPTH_UNIT_M if "depth" in self.kinds else None,
            "shots": self.shots,
        }


def _intrinsics(lenses: Sequence[Lens]) -> dict[str, object]:
    """The lens of all frames; what changes, as the focal length of a zoom, is a list of one number a frame."""
    told = [lens.as_json() for lens in lenses]
    return {key: _one_or_each([lens[key] for lens in told]) for key in told[0]}


def _one_or_each(values: Sequence[object]) -> object:
    return values[0] if all(value == values[0] for value in values) else list(values)
