"""Measures results against ground truth: poses, static matches, the filter, masks, tracks, depth.

Each prints a table; --json FILE writes the values, --plot FILE.png a drawing. Needs the extra `evaluate`.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from factory.errors import ConfigError

if TYPE_CHECKING:
    from factory.evaluate.report import Report

NAMING = "An estimate belongs to the truth of the same name: <stem>, or <stem>-NN where a source has several clips."
PAIRING = f"""\
{NAMING}
A truth without an estimate counts as a failure, never as absent."""

POSE = f"""\
Camera trajectories against truth: ATE after Sim(3) (--align), RPE between successive frames, by DynPose-100K's
Lightspeed protocol.

ESTIMATES: a folder of TUM files <stem>.txt or <stem>-NN.txt, or the OUTPUT of a run (pairs by source and seconds).
TRUTH: below it <stem>.tum.txt, or groundtruth_tum.txt in a folder <stem> or beside the video of that name.
{PAIRING}
A sequence fails with less than 80 % of its frames posed, counted at the estimate's sampling: --fps, or what an OUTPUT
says, or the mean interval of the file without its gaps (which cannot see every other frame missing: give --fps). Frames
pair within half a frame of the truth's. A failed sequence counts as identity rotations and random positions; the
columns ATE(n) are over the n sequences that every method solved. Truth of still and turning cameras (by <stem>.json, or
a path within 0.001) is scored on rotations only, apart.

  factory evaluate pose out truth --per-clip
  factory evaluate pose truth --method ours=out --method glomap=glomap_tum --json pose.json --plot pose.png"""

REPROJECTION = f"""\
Poses and intrinsics against matches of static points: Sampson distance in px at 720p, by DynPose-100K's Panda-Test
protocol.

ESTIMATES: the OUTPUT of a run, or a folder of TUM files <stem>.txt, each with <stem>.intrinsics.json beside it:
{{"width", "height", "fx", "fy", "cx", "cy"}}, and "k1" and "k2" where the lens distorts, "readout_s" where rows are
read in turn; pixel centres at integers.
CORRESPONDENCES: CSV or Parquet with clip, time_i, time_j, x_i, y_i, x_j, y_j, width, height: seconds in the source,
pixels of the whole displayed frame of that width and height.
{PAIRING}
A video fails when less than 80 % of its annotated moments have a pose; it counts as identity poses, and so does a pair
that lacks a pose. Two poses at one place have no epipolar line: the distance is that from the rotated point.

--per-clip also tells what the matches allow at best (floor: each pair of frames refined on them, focal length held),
what the best pure rotation leaves (turn) and no motion at all (still), and the median angle between the directions of
translation given and refined (t deg) over the pairs that hold it to 5 degrees (pinned)."""

MATCHES = f"""\
Makes the static matches that `evaluate reprojection` measures with: SIFT between frames 3 to 20 sampled frames apart,
which no solver has seen, outside masks of what moves, for each clip that the run OUTPUT has tried to pose. What no
two-view geometry allows (9 px at 720p) is left out; without masks what moves stays in where it is alike.

MASKS: <stem>/NNNNN.png, <stem>_masks/ or <stem>/masks/, numbers of frames in the source, above 0 = moving.
{NAMING}

  factory evaluate matches out --masks masks_gt --to matches.parquet
  factory evaluate reprojection out matches.parquet --per-clip --all"""

FILTER = """\
The filter's score and verdict against labels: PR curve, average precision, errors by class, what each specialist adds.

OUTPUT: of a run with pipeline=dynpose; with filter.exhaustive=true, or scores of rejected clips are only upper bounds
and there is no ablation. LABELS: a CSV with file, suitable (1, 0, empty: not counted), why; or a folder that `factory
synth` wrote. A video counts by its best clip; one whose clips never reached the filter counts as rejected with score
0."""

MASKS = f"""\
Dynamic masks against truth: J and F as DAVIS defines them, precision and recall.

ESTIMATES: <stem>/NNNNN.png or <stem>-NN/NNNNN.png, numbers of frames in the source, above 0 = moving, as `factory
export --format davis` writes them (with --all also those of clips whose poses were rejected). TRUTH: the same, or
<stem>_masks/, or <stem>/masks/.
{PAIRING}
Only frames that the estimate's sampling would have count; of these a frame it lacks counts 0."""

TRACKS = """\
Point tracks against truth: TAP-Vid's AJ, APD, occlusion accuracy and survival; EPE3D and APD-3D in the world.

Both: <stem>_tracks.npz with visible (K, T) and xy (K, T, 2) or world_xyz (K, T, 3). The estimate's row k is the track
of the truth's point k from the frame in which that is first visible; only frames after it count. TRUTH brings
<stem>.json (width, height, intrinsics.focal_px) and <stem>.tum.txt, as `factory synth` writes them. Shares are in
0..1."""

DEPTH = f"""\
Depth maps against truth: AbsRel, RMSE, log RMSE, delta < 1.25^k.

Both: <stem>_depth/NNNNN.npz (or .npy, .png), <stem>/depth/ or <stem>/. A PNG has 16 bits and a stated coding: mm
(millimetres; 0 and 65535 unknown) or inverse (6553.5 m / depth; 0 unknown; what `factory synth` writes).
{NAMING}
A truth without an estimate is named, and left out of the mean. One alignment a clip, over all its frames."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parsers = parser.add_subparsers(
        dest="what", required=True, metavar="pose|matches|reprojection|filter|masks|tracks|depth"
    )
    pose = _parser(parsers, "pose", POSE, ("truth", "folder of true trajectories"), several=True)
    pose.add_argument("--fps", type=float, help="rate at which the estimates were sampled")
    pose.add_argument("--seed", type=int, default=0, help="of the random positions")
    moved = "before comparing: se3 for estimates in the truth's unit (metres), none for its world, too"
    pose.add_argument("--align", choices=("sim3", "se3", "none"), default="sim3", help=moved)
    second = ("correspondences", "CSV or Parquet of static matches")
    reprojection = _parser(parsers, "reprojection", REPROJECTION, second, several=True)
    reprojection.add_argument("--all", action="store_true", help="also the poses that a run has refused")
    made = parsers.add_parser("matches", description=MATCHES, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("output", type=Path)
    made.add_argument("--to", type=Path, required=True, metavar="FILE.parquet")
    made.add_argument("--masks", type=Path, help="folder of true masks of what moves")
    judged = _parser(
        parsers, "filter", FILTER, ("labels", "labels.csv, or a folder of rendered videos"), first="output"
    )
    judged.add_argument(
        "--recall", type=float, nargs="+", default=[0.5, 0.6], help="recalls at which to tell the precision"
    )
    _parser(parsers, "masks", MASKS, ("truth", "folder of true masks"))
    tracks = _parser(parsers, "tracks", TRACKS, ("truth", "folder of true tracks"))
    gauge = "of world points: sim3 for a world of its own, scale for one of the truth's origin"
    tracks.add_argument("--align", choices=("none", "scale", "sim3"), default="sim3", help=gauge)
    depth = _parser(parsers, "depth", DEPTH, ("truth", "folder of true depth"))
    depth.add_argument("--align", choices=("none", "median", "scale-shift"), default="median")
    depth.add_argument("--range", type=float, nargs=2, default=(0.1, 100.0), metavar=("LEAST", "MOST"),
                       help="true depths that count, metres")  # fmt: skip
    for side in ("estimate", "truth"):
        depth.add_argument(f"--{side}-png", choices=("mm", "inverse"), help=f"coding of the {side}'s PNG files")


def call(options: argparse.Namespace) -> int:
    if options.what == "matches":
        return _matches(options)
    report = CALLS[options.what](options)
    print(report.text())
    report.write(options.json, options.plot)
    return 0


def _parser(
    parsers: "argparse._SubParsersAction", name: str, text: str, second: tuple[str, str],
    first: str = "estimates", several: bool = False,
) -> argparse.ArgumentParser:  # fmt: skip
    parser = parsers.add_parser(name, description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    if several:
        parser.add_argument("places", type=Path, nargs="+", metavar="PLACE", help=f"ESTIMATES and {second[0].upper()}, "
                            f"or, with --method, only {second[0].upper()}: {second[1]}")  # fmt: skip
        parser.add_argument("--method", action="append", default=[], metavar="NAME=ESTIMATES", help="a row; repeat it")
        parser.add_argument("--per-clip", action="store_true", help="a line a clip and method")
    else:
        parser.add_argument(first, type=Path)
        parser.add_argument(second[0], type=Path, help=second[1])
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE.png")
    return parser


def methods_of(places: Sequence[Path], named: Sequence[str]) -> tuple[dict[str, Path], Path]:
    """Estimates by method, and the truth. Raises ConfigError when the arguments do not say which is which."""
    *estimates, truth = places
    if len(estimates) > 1 or bool(estimates) == bool(named):
        raise ConfigError(
            "give ESTIMATES and the truth, or --method NAME=ESTIMATES (once or more) and the truth alone."
        )
    if not named:
        return {estimates[0].name or "estimates": estimates[0]}, truth
    pairs = [entry.partition("=") for entry in named]
    methods = {name: Path(place) for name, _, place in pairs if name and place}
    if len(methods) < len(named):
        raise ConfigError("--method is NAME=ESTIMATES, each name once.")
    return methods, truth


def _pose(options: argparse.Namespace) -> "Report":
    from factory.evaluate.pose_table import evaluate_poses

    if options.fps is not None and options.fps <= 0:
        raise ConfigError("--fps must be above 0.")
    methods, truth = methods_of(options.places, options.method)
    return evaluate_poses(methods, truth, options.fps, options.seed, options.per_clip, options.align)


def _reprojection(options: argparse.Namespace) -> "Report":
    from factory.evaluate.reprojection import evaluate_reprojection

    methods, matches = methods_of(options.places, options.method)
    return evaluate_reprojection(methods, matches, options.per_clip, options.all)


def _matches(options: argparse.Namespace) -> int:
    from factory.evaluate.match_run import matches_of_run, write_matches

    found = list(matches_of_run(options.output, options.masks))
    count = write_matches(found, options.to)
    empty = [m.clip for m in found if not len(m.size)]
    print(f"{options.to}: {count} matches of {len(found) - len(empty)} clips")
    if empty:
        print(f"no static point is seen twice in {', '.join(empty)}")
    return 0


def _filter(options: argparse.Namespace) -> "Report":
    from factory.evaluate.filtering import evaluate_filter

    if not all(0 < recall <= 1 for recall in options.recall):
        raise ConfigError("--recall is a share: above 0, at most 1.")
    return evaluate_filter(options.output, options.labels, options.recall)


def _masks(options: argparse.Namespace) -> "Report":
    from factory.evaluate.masks import evaluate_masks

    return evaluate_masks(options.estimates, options.truth)


def _tracks(options: argparse.Namespace) -> "Report":
    from factory.evaluate.tracks import evaluate_tracks

    return evaluate_tracks(options.estimates, options.truth, options.align)


def _depth(options: argparse.Namespace) -> "Report":
    from factory.evaluate.depth import evaluate_depth

    codings = (options.estimate_png, options.truth_png)
    return evaluate_depth(options.estimates, options.truth, options.align, tuple(options.range), codings)


CALLS: dict[str, "Callable[[argparse.Namespace], Report]"] = {
    "pose": _pose,
    "reprojection": _reprojection,
    "filter": _filter,
    "masks": _masks,
    "tracks": _tracks,
    "depth": _depth,
}
