"""COLMAP and GLOMAP through pycolmap, on SIFT; each result is kept, so that a second run costs nothing."""

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import pycolmap

from factory.video import Frame

PEERS = ("colmap", "colmap+masks", "glomap", "glomap+masks")


@dataclass(frozen=True)
class Result:
    """Poses of the sampled frames by position in the clip, their focal lengths (pixels of the sampled frames) and the
    cost. verdict: ok, rejected, or empty for methods that do not judge themselves."""

    world_from_cam: dict[int, np.ndarray]
    focal_px: dict[int, float]
    cpu_s: float
    verdict: str = ""
    note: str = ""


def peers(methods: Sequence[str], frames: Sequence[Frame], masks: Sequence[np.ndarray] | None) -> dict[str, Result]:
    """The results of several peers; those without masks share features and matches, and each bears their cost.

    masks: bool (h, w) a frame, true where something moves, for those "+masks": SIFT takes nothing there.
    """
    found: dict[str, Result] = {}
    plain = [method for method in methods if "+" not in method]
    for group, hidden in ((plain, None), ([m for m in methods if "+" in m], masks)):
        if not group:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            for number, frame in enumerate(frames):
                _write(folder / "images" / f"{number:05d}.png", frame.image)
                if hidden is not None:
                    still = cv2.resize(255 - 255 * hidden[number].astype(np.uint8), frame.image.shape[::-1])
                    _write(folder / "masks" / f"{number:05d}.png.png", still)
            started = time.process_time()
            database = _matched(folder, hidden is not None)
            shared_s = time.process_time() - started
            # View-graph calibration writes to the database: GLOMAP comes last.
            for method in sorted(group, key=lambda name: "glomap" in name):
                started = time.process_time()
                models = _mapped(method, database, folder)
                found[method] = _best(models, shared_s + time.process_time() - started)
    return found


def _mapped(method: str, database: Path, folder: Path) -> dict[int, pycolmap.Reconstruction]:
    images, model = folder / "images", folder / method
    if "glomap" in method:
        pycolmap.calibrate_view_graph(database, pycolmap.ViewGraphCalibrationOptions(random_seed=0))
        return pycolmap.global_mapping(
            database, images, model, pycolmap.GlobalPipelineOptions(num_threads=1, random_seed=0)
        )
    options = pycolmap.IncrementalPipelineOptions(num_threads=1, random_seed=0, extract_colors=False)
    return pycolmap.incremental_mapping(database, images, model, options)


def stored(result: Result, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    poses = {str(k): v.tolist() for k, v in result.world_from_cam.items()}
    path.write_text(json.dumps({**asdict(result), "world_from_cam": poses}))


def restored(path: Path) -> Result:
    told = json.loads(path.read_text())
    poses = {int(k): np.array(v) for k, v in told.pop("world_from_cam").items()}
    focal = {int(k): v for k, v in told.pop("focal_px").items()}
    return Result(poses, focal, **told)


def _write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(path), image)


def _matched(folder: Path, masked: bool) -> Path:
    """A database of SIFT features (one shared SIMPLE_RADIAL camera) and sequential matches with COLMAP's defaults."""
    reader = pycolmap.ImageReaderOptions(camera_model="SIMPLE_RADIAL")
    if masked:
        reader.mask_path = folder / "masks"
    pycolmap.extract_features(
        folder / "database.db",
        folder / "images",
        camera_mode=pycolmap.CameraMode.SINGLE,
        reader_options=reader,
        extraction_options=pycolmap.FeatureExtractionOptions(num_threads=1, use_gpu=False),
        device=pycolmap.Device.cpu,
    )
    pycolmap.match_sequential(
        folder / "database.db",
        matching_options=pycolmap.FeatureMatchingOptions(num_threads=1, use_gpu=False),
        pairing_options=pycolmap.SequentialPairingOptions(num_threads=1),
        device=pycolmap.Device.cpu,
    )
    return folder / "database.db"


def _best(models: dict[int, pycolmap.Reconstruction], cpu_s: float) -> Result:
    if not models:
        return Result({}, {}, cpu_s, note="no model")
    model = max(models.values(), key=lambda m: m.num_reg_images())
    poses, focal = {}, {}
    for image in model.images.values():
        if image.has_pose:
            number = int(Path(image.name).stem)
            poses[number] = np.vstack([image.cam_from_world().inverse().matrix(), [0.0, 0.0, 0.0, 1.0]])
            focal[number] = float(image.camera.mean_focal_length())
    return Result(poses, focal, cpu_s, note=f"{len(models)} models" if len(models) > 1 else "")
