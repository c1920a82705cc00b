"""What this machine has, and whether the parts `factory` stands on work here."""

import argparse
import importlib.util
import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from factory.confdir import conf_dir
from factory.console.models import models_told
from factory.engine.placement import available_cores
from factory.errors import FactoryError
from factory.extras import install_command, system_libraries_named
from factory.models.network import POOL_PACKAGES
from factory.phases.record import installed_versions

EXTRAS = {
    "models": ("torch", "torchvision", "transformers", "sam2", "openai", *POOL_PACKAGES),
    "synth": ("embreex",),
    "report": ("plotly",),
    "view": ("rerun",),
    "exr": ("OpenEXR",),
    "evaluate": ("evo", "matplotlib", "sklearn"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser  # takes no arguments


def call(options: argparse.Namespace) -> int:
    del options
    print(f"machine   {platform.platform()}, {available_cores()} cores, {_memory_gb():.1f} GB memory")
    print(f"scratch   {tempfile.gettempdir()}, {shutil.disk_usage(tempfile.gettempdir()).free / 1e9:.1f} GB free")
    for name, version in installed_versions().items():
        print(f"{name:<18}{version}")
    for extra, packages in EXTRAS.items():
        missing = [p for p in packages if importlib.util.find_spec(p) is None]
        print(f"extra {extra:<12}{f'no ({missing[0]}): {install_command(extra)}' if missing else 'installed'}")
    for line in models_told():
        print(line)
    failures = 0
    for what, check in CHECKS.items():
        try:
            with system_libraries_named():
                print(f"check {what:<12}ok, {check()}")
        except (FactoryError, ImportError, OSError, AttributeError) as error:
            failures += 1
            print(f"check {what:<12}FAILED: {error}")
    return 1 if failures else 0


def _configuration() -> str:
    folder = conf_dir()
    if not (folder / "config.yaml").is_file():
        raise FactoryError(f"there is no configuration in {folder}: install the package again.")
    return f"{len(list(folder.rglob('*.yaml')))} files"


def _pictures() -> str:
    import cv2

    return f"OpenCV {cv2.__version__} loads"


def _video() -> str:
    """Encodes and decodes five frames."""
    import numpy as np

    from factory.video import decode
    from factory.video.encode import encode_video

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "probe.mp4"
        path.write_bytes(encode_video((np.full((64, 64, 3), 40 * i, np.uint8) for i in range(5)), (64, 64), 24))
        return f"{sum(1 for _ in decode(path))} frames encoded and decoded"


def _solver() -> str:
    import pycolmap

    for name in ("run_rotation_averaging", "run_global_positioning", "bundle_adjustment"):
        if not hasattr(pycolmap, name):
            raise FactoryError(f"pycolmap {pycolmap.__version__} has no {name}: pip install 'pycolmap>=4.1,<5'.")
    return f"pycolmap {pycolmap.__version__} has what the global solver calls"


def _faces() -> str:
    from factory.filters.presenting import Presenting

    Presenting().setup()
    return "face detector loads"


def _gpu() -> str:
    if importlib.util.find_spec("torch") is None:
        return "no torch, so profile=cpu only"
    import torch

    return f"{torch.cuda.device_count()} CUDA devices"


CHECKS: dict[str, Callable[[], str]] = {
    "conf": _configuration,
    "pictures": _pictures,
    "video": _video,
    "solver": _solver,
    "faces": _faces,
    "gpu": _gpu,
}


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
