"""Trajectories on disk, estimated and true, and which estimate belongs to which truth."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from factory.errors import ConfigError, StorageError
from factory.evaluate.sampling import median_interval
from factory.manifest.phases import phase_with
from factory.manifest.query import query
from factory.storage.output import Storage
from factory.storage.sources import VIDEO_SUFFIXES
from factory.tum import read_tum

PIECE = re.compile(r"(.+)-\d{2,}")


@dataclass(frozen=True)
class Trajectory:
    """Poses of one clip: times_s float64 (F,) ascending, seconds of the source; world_from_cam float64 (F, 4, 4).

    sampled_s: the times at which a pose was attempted, where that is known (the manifest of a run says so); None for a
    file, which only lists what succeeded.
    """

    name: str
    stem: str
    times_s: np.ndarray
    world_from_cam: np.ndarray
    source: str = ""
    sampled_s: np.ndarray | None = None
    note: str = ""


@dataclass(frozen=True)
class Truth:
    """True poses of one shot. stems: names an estimate of it may go by. motionless: its camera has no path, so that
    only rotations can be scored."""

    trajectory: Trajectory
    stems: tuple[str, ...]
    motionless: bool

    @property
    def name(self) -> str:
        return self.trajectory.name


# A path that stays within a millimetre is none, for truth in metres; truth of free scale is never that small in
# practice.
MOTIONLESS = 1e-3


def read_truths(folder: Path) -> list[Truth]:
    """All true trajectories below a folder: `<stem>.tum.txt`, `<stem>-NN.tum.txt` (shots of one video when
    `<stem>.json` lists them), and `groundtruth_tum.txt`, named by its folder or by the videos in it."""
    if not folder.is_dir():
        raise StorageError(f"there is no folder {folder} with true trajectories.")
    truths = []
    for path in sorted([*folder.rglob("*.tum.txt"), *folder.rglob("groundtruth_tum.txt")]):
        if path.name == "groundtruth_tum.txt":
            name = path.parent.name
            videos = sorted(p.stem for p in path.parent.iterdir() if p.suffix.lower() in VIDEO_SUFFIXES)
            stems, labels = tuple(dict.fromkeys([name, *videos])), described(path.parent / f"{name}.json")
        else:
            name = path.name.removesuffix(".tum.txt")
            stem, labels = _shot_of(path, name)
            stems = (stem,)
        times_s, poses = read_tum(path)
        if len(times_s) < 3:
            raise StorageError(f"{path} has {len(times_s)} poses: a true trajectory needs three.")
        centre = poses[:, :3, 3] - poses[:, :3, 3].mean(axis=0)
        still = bool(np.linalg.norm(centre, axis=1).max() < MOTIONLESS)
        camera = (labels.get("labels") or {}).get("camera")
        truths.append(
            Truth(Trajectory(name, stems[0], times_s, poses), stems, still or camera in ("static", "rotating"))
        )
    if not truths:
        raise StorageError(f"there is no true trajectory below {folder}: name them <stem>.tum.txt.")
    names = [truth.name for truth in truths]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"two true trajectories below {folder} are called {twice[0]}: rename one.")
    return truths


def read_estimates(place: Path, everything: bool = False) -> list[Trajectory]:
    """Trajectories of an OUTPUT's last manifest that has some (with `everything` those it refused too), or of a
    folder's `*.txt` (also `*.tum.txt`) files."""
    if not place.is_dir():
        raise StorageError(f"there is no folder {place} with estimates.")
    if (phase := phase_with(Storage.at(place), "world_from_cam")) is not None:
        return _of_manifest(place, phase, everything)
    found = []
    for path in sorted(place.glob("*.txt")):
        name = path.name.removesuffix(".txt").removesuffix(".tum")
        times_s, poses = read_tum(path)
        found.append(Trajectory(name, piece_of(name), times_s, poses, str(path)))
    return found


def piece_of(name: str) -> str:
    """The source's stem of `<stem>-NN`, the name itself of any other."""
    match = PIECE.fullmatch(name)
    return match.group(1) if match else name


def candidates(truth: Truth, estimates: list[Trajectory]) -> list[Trajectory]:
    """Estimates that go by the truth's name, or by its video's name and show the same seconds; those with most of its
    seconds first. Raises ConfigError when estimates of two different videos do."""
    for stem in truth.stems:
        if exact := [e for e in estimates if e.name == stem]:
            named = exact
        else:
            named = [e for e in estimates if e.stem == stem]
        if named:
            others = [s for s in truth.stems if s != stem and any(s in (e.name, e.stem) for e in estimates)]
            if others:
                raise ConfigError(f"{stem} and {others[0]} are both estimates of {truth.name}: remove one.")
            break
    else:
        return []
    sources = sorted({e.source for e in named if e.name == named[0].name})
    if len(sources) > 1:
        raise ConfigError(f"{sources[0]} and {sources[1]} are both estimates of {truth.name}: remove one.")
    first, last = truth.trajectory.times_s[[0, -1]]
    slack = median_interval(truth.trajectory.times_s) / 2
    inside = [(e, int(np.sum((e.times_s >= first - slack) & (e.times_s <= last + slack)))) for e in named]
    ranked = sorted(inside, key=lambda pair: -pair[1])
    return [estimate for estimate, count in ranked if count or len(estimate.times_s) == 0]


def described(path: Path) -> dict[str, Any]:
    """The JSON beside a video, empty where there is none."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise StorageError(f"{path} is not JSON ({error}).") from error
    return content if isinstance(content, dict) else {}


def _shot_of(path: Path, name: str) -> tuple[str, dict[str, Any]]:
    """The stem of the video a true trajectory belongs to, and what its JSON says."""
    stem = piece_of(name)
    content = described(path.parent / f"{stem}.json")
    listed = [shot.get("trajectory") for shot in content.get("shots") or []]
    if stem != name and path.name in listed:
        return stem, content
    return name, described(path.parent / f"{name}.json")


def _of_manifest(place: Path, phase: str, everything: bool) -> list[Trajectory]:
    """One trajectory a clip that reached the phase; without poses, and with the reason, where none was
    accepted."""
    columns = "clip_id, source, status, reasons, error, timestamps, registered, world_from_cam"
    sql = f'SELECT {columns} FROM "{phase}" ORDER BY 1'
    found = []
    for row in query(Storage.at(place), sql).to_arrow_table().to_pylist():
        stem = Path(row["source"]).stem
        if row["status"] != "ok" and not (everything and row["world_from_cam"]):
            why = (row["reasons"] or [row["error"] or row["status"]])[0]
            found.append(Trajectory(stem, stem, np.empty(0), np.empty((0, 4, 4)), row["source"], note=why))
            continue
        sampled_s, registered = np.array(row["timestamps"]), np.array(row["registered"], dtype=bool)
        poses = [pose for pose, placed in zip(row["world_from_cam"], registered, strict=True) if placed]
        array = np.array(poses, dtype=float).reshape(-1, 4, 4)
        found.append(Trajectory(stem, stem, sampled_s[registered], array, row["source"], sampled_s))
    return found
