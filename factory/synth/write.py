"""What is rendered, on disk: pictures, arrays. Files appear whole or not at all."""

import io
import shutil
from pathlib import Path

import cv2
import numpy as np

from factory.storage.local import write_atomic


def write_png(path: Path, image: np.ndarray) -> None:
    """uint8 or uint16 (H, W) as PNG."""
    _, png = cv2.imencode(".png", image)
    write_atomic(path, png.tobytes())


def write_npz(path: Path, **arrays: np.ndarray) -> None:
    """Arrays by name, compressed. The same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_atomic(path, buffer.getvalue())


def empty_folder(folder: Path, make: bool = True) -> None:
    """Removes a folder of truth with what is in it, and makes it anew where wanted."""
    if folder.exists():
        shutil.rmtree(folder)
    if make:
        folder.mkdir(parents=True)
