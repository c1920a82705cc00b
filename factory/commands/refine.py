"""Refines a trajectory of other software as Dynapo does, with masks of what moves left out.

POSES is a TUM file of times in VIDEO, with <name>.intrinsics.json beside it or a pinhole of --focal-px. Nothing tells
whether the result is better: on rendered clips paths that jitter get smoother, and ours, which do not, get worse
(docs/benchmarks.md). Needs torch; half a minute to some minutes of CPU.
"""

import argparse
from pathlib import Path

from factory.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("video", type=Path)
    parser.add_argument("poses", type=Path, help="a TUM file: seconds of the video, camera-to-world, OpenCV axes")
    parser.add_argument("dest", type=Path, help="the TUM file to write")
    use = "a folder of <frame number, 5 digits>.png, as `factory export --format davis` writes them"
    parser.add_argument("--masks", type=Path, metavar="DIR", help=use)
    parser.add_argument("--focal-px", type=float, help="of a pinhole, where no camera lies beside the poses")
    parser.add_argument("--smooth", type=float, help="weight of a smooth path (200 as published; 0: none)")


def call(options: argparse.Namespace) -> int:
    from factory.imports.refined import refine_file
    from factory.refine.descent import Steps
    from factory.refine.refine import RefinePoses

    for name in ("focal_px", "smooth"):
        value = getattr(options, name)
        if value is not None and not value >= (0.0 if name == "smooth" else 1e-9):
            raise ConfigError(f"--{name.replace('_', '-')} {value} is not possible: take more than 0.")
    steps = Steps() if options.smooth is None else Steps(smooth=options.smooth)
    refine = RefinePoses(steps=steps)
    found = refine_file(options.video, options.poses, options.dest, options.masks, options.focal_px, refine)
    if not found.samples:
        print(f"nothing was refined: too little is outside the masks; {options.dest} has the poses as they were")
        return 0
    print(
        f"{options.dest}: {len(found.world_from_cam)} poses; flow tracks lie {found.after_px:.2f} px from where they "
        f"should ({found.before_px:.2f} before), focal length {found.camera.focal_px:.1f} px of pictures shrunk to 320"
    )
    return 0
