"""Folders of one file a frame: whose they are, and which frames of the truth an estimate could have had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from factory.errors import ConfigError, StorageError
from factory.evaluate.sampling import expected_frames, sampling_interval
from factory.evaluate.trajectories import piece_of
from factory.manifest.phases import phase_with
from factory.storage.output import Storage
from factory.storage.sources import VIDEO_SUFFIXES


@dataclass(frozen=True)
class FrameFolder:
    """Files by frame number in the source. names: what the video may be called, the folder's own name first."""

    names: tuple[str, ...]
    files: Mapping[int, Path]


def frame_folders(root: Path, kind: str, suffixes: Sequence[str]) -> list[FrameFolder]:
    """Folders below `root` that hold `NNNNN.<suffix>`: those called `<stem>_<kind>` or `<stem>/<kind>`; where there are
    none, any, named `<stem>`. Raises StorageError when there is nothing, ConfigError when two are called the same."""
    if not root.is_dir():
        raise StorageError(f"there is no folder {root}.")
    if kind == "masks" and phase_with(Storage.at(root), "masks") is not None:
        raise ConfigError(
            f"{root} is the output of a run: write its masks with `factory export {root} DEST --format davis --all`."
        )
    holders = sorted({p.parent for p in root.rglob("*") if p.suffix in suffixes and p.stem.isdigit()})
    named = [p for p in holders if p.name == kind or p.name.endswith(f"_{kind}")]
    found = [FrameFolder(_names(p, kind), _files(p, suffixes)) for p in named or holders]
    if not found:
        raise StorageError(f"no frames (<stem>/NNNNN{suffixes[0]}) were found below {root}.")
    firsts = [folder.names[0] for folder in found]
    if twice := sorted({name for name in firsts if firsts.count(name) > 1}):
        raise ConfigError(f"two folders below {root} are those of {twice[0]}: rename one.")
    return found


def frames_of(truth: FrameFolder, estimates: Sequence[FrameFolder]) -> dict[int, Path]:
    """The estimate's files: of the folder of one of the truth's names, or of its pieces `<stem>-NN` together; empty
    where there is none. Raises ConfigError when several of its names have one."""
    by_name = {folder.names[0]: folder.files for folder in estimates}
    hits: list[str] = []
    files: dict[int, Path] = {}
    for name in truth.names:
        names = [name] if name in by_name else sorted(n for n in by_name if piece_of(n) == name)
        if names:
            hits.append(name)
            files = {number: path for piece in names for number, path in by_name[piece].items()}
    if len(hits) > 1:
        raise ConfigError(f"{hits[0]} and {hits[1]} are both estimates of {truth.names[0]}: remove one.")
    return files


def unmatched(truths: Sequence[FrameFolder], estimates: Sequence[FrameFolder]) -> str:
    """A sentence on estimates that no truth asks for; empty where all are used."""
    used = {path for truth in truths for path in frames_of(truth, estimates).values()}
    names = sorted(f.names[0] for f in estimates if not used & set(f.files.values()))
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return f"{len(names)} estimates have no truth and are not scored ({shown})" if names else ""


def expected_count(true_numbers: Sequence[int], numbers: Sequence[int]) -> int:
    """How many of the truth's frames an estimate with frames `numbers` should have, at its own sampling."""
    true, own = np.array(sorted(true_numbers), float), np.array(sorted(numbers), float)
    return len(expected_frames(true, sampling_interval(own)))


def _names(folder: Path, kind: str) -> tuple[str, ...]:
    if folder.name != kind:
        return (folder.name.removesuffix(f"_{kind}"),)
    videos = sorted(p.stem for p in folder.parent.iterdir() if p.suffix.lower() in VIDEO_SUFFIXES)
    return tuple(dict.fromkeys([folder.parent.name, *videos]))


def _files(folder: Path, suffixes: Sequence[str]) -> dict[int, Path]:
    files = [p for p in sorted(folder.iterdir()) if p.suffix in suffixes and p.stem.isdigit()]
    return {int(p.stem): p for p in files}
