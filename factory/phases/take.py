"""What a phase takes from earlier ones: columns come with the rows workers are given, files are read by a stage."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from factory.artifacts import read_arrays, read_masks, read_tracks
from factory.clip import ClipRecord
from factory.construct import near
from factory.declared import Take
from factory.depth.file import read_mono_depth
from factory.errors import ConfigError, StorageError
from factory.manifest.read import read_phase, read_schema
from factory.manifest.schema import artifacts_of
from factory.points import read_points
from factory.storage.output import Storage


def _tracks(content: bytes) -> tuple[Any, ...]:
    return read_tracks(content)


def _masks(content: bytes) -> tuple[Any, ...]:
    from factory.masks.motion import DynamicMasks

    frame_index, masks = read_masks(content)
    return (DynamicMasks(masks, masks.mean(axis=(1, 2)), frame_index),)


# Files that stages know by other names: those in the record, and what reads the values. Any other is an npz, and gives
# its arrays by name, under its own name without the ending.
READERS: dict[str, tuple[tuple[str, ...], Callable[[bytes], tuple[Any, ...]]]] = {
    "tracks.npz": (("tracks", "is_dynamic"), _tracks),
    "masks.npz": (("dynamic_masks",), _masks),
    "points.npz": (("points",), lambda content: (read_points(content),)),
    "mono_depth.npz": (("mono_depth",), lambda content: (read_mono_depth(content),)),
}


@dataclass
class TakeOver:
    """Puts what is taken into the record, see `names_of`. It runs where hostile bytes may do no harm."""

    needs: ClassVar[tuple[str, ...]] = ("storage", "taken")
    gives: ClassVar[tuple[str, ...]] = ()  # no class can say: composition asks `names_of`

    take: Mapping[str, Take] = field(default_factory=dict)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        storage: Storage = record["storage"]
        values: dict[str, Any] = {}
        for phase, what in self.take.items():
            values |= {name: record["taken"][f"{phase}/{name}"] for name in what.columns}
            for file in what.files:
                names, reader = _reader(file)
                if (path := record["taken"][f"{phase}/{_stem(file)}"]) is None:
                    if file in what.optional:
                        values |= dict.fromkeys(names)
                        continue
                    raise StorageError(f"phase {phase} kept no {file} of this clip: let it keep one, or do without.")
                values |= zip(names, reader(storage.read(storage.artifact(path))), strict=True)
        return record.give(**values)


def names_of(take: Mapping[str, Take]) -> Iterator[str]:
    """The names of what is taken, as the record has them."""
    for what in take.values():
        yield from what.columns
        for file in what.files:
            yield from _reader(file)[0]


def check_take(name: str, take: Mapping[str, Take], before: Mapping[str, pa.Schema]) -> None:
    """Raises ConfigError where phase `name` takes what no phase before it has, or two things of one name. before: the
    phases before it and their manifests' columns."""
    for phase, what in take.items():
        key = f"{name}.take.{phase}"
        if phase not in before:
            raise ConfigError(f"{key}: no phase {phase} stands before {name} in the pipeline{near(phase, before)}")
        files = artifacts_of(before[phase])
        for column in what.columns:
            if column not in before[phase].names:
                raise ConfigError(f"{key}.columns: phase {phase} has no {column}{near(column, before[phase].names)}")
        for file in what.files:
            if file not in files:
                raise ConfigError(f"{key}.artifacts: phase {phase} keeps no {file}{near(file, files)}")
    names = list(names_of(take))
    if twice := sorted({each for each in names if names.count(each) > 1}):
        raise ConfigError(f"{name}.take gives '{twice[0]}' twice: take it from one phase.")


def brought(storage: Storage, take: Mapping[str, Take], units: pa.Table) -> pa.Table:
    """The units with a column `<phase>/<column>` for each that is taken, and for the path of each file. They travel
    with the units through the driver: what is large belongs into a file."""
    for phase, what in take.items() if len(units) else ():
        names = dict.fromkeys([*what.columns, *map(_stem, what.files)])
        known = [name for name in names if name in read_schema(storage, phase).names]
        rows = read_phase(storage, phase, list(dict.fromkeys(["clip_id", *known])))
        at = pc.index_in(units["key"], value_set=rows["clip_id"].combine_chunks())
        for name in names:  # what an older release did not write is not known
            values = rows[name].take(at) if name in known else pa.nulls(len(units))
            units = units.append_column(f"{phase}/{name}", values)
    return units


def _reader(file: str) -> tuple[tuple[str, ...], Callable[[bytes], tuple[Any, ...]]]:
    return READERS.get(file, ((_stem(file),), lambda content: (read_arrays(content),)))


def _stem(file: str) -> str:
    """The column that names the file, see `manifest.schema.artifact`."""
    return file.rpartition(".")[0]
