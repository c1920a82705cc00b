"""The rooms of the house: no circle among them, and the ground floor stands on nothing of ours."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import factory

ROOT = Path(factory.__file__).parent


def modules() -> dict[str, Path]:
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in ROOT.rglob("*.py")}


def imported(path: Path) -> Iterator[str]:
    """Modules of ours that a file imports, wherever it does; without the package's name."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.startswith("factory."):
                yield name.removeprefix("factory.")


def arrows() -> dict[str, set[str]]:
    """Module -> the modules it imports."""
    known = modules()
    found = {}
    for name, path in known.items():
        ends = {n if n in known else n.rpartition(".")[0] for n in imported(path)}
        found[name] = {end for end in ends if end in known and end != name}
    return found


def room(module: str) -> str:
    """The folder of a module; a file at the top is a room of its own."""
    return module.rpartition(".")[0] or module


def test_no_module_imports_itself_round_a_corner():
    assert list(TopologicalSorter(arrows()).static_order())  # raises CycleError


def test_no_room_imports_itself_round_a_corner():
    rooms: dict[str, set[str]] = {}
    for module, ends in arrows().items():
        rooms.setdefault(room(module), set()).update(room(end) for end in ends if room(end) != room(module))
    assert list(TopologicalSorter(rooms).static_order())


@pytest.mark.parametrize(
    ("ground", "may"),
    [
        ("geometry", {"geometry"}),
        ("camera_tags", {"camera_tags"}),
        (
            "models",
            {
                *("models", "frames", "tracks", "clip", "video"),
                *("errors", "extras", "construct", "memory", "storage", "confdir"),
            },
        ),
        ("sfm", {"sfm", "geometry", "tracks"}),
        (
            "stereo",
            {
                *("stereo", "geometry", "sfm", "models", "video", "tracks", "patches", "frames"),
                *("construct", "artifacts"),
            },
        ),
        ("background", {"background", "sfm", "geometry", "tracks"}),
        ("depth", {"depth", "geometry", "points", "models", "construct", "artifacts", "errors", "extras"}),
        ("refine", {"refine", "geometry", "models", "construct", "errors", "extras"}),
        ("world", {"world", "depth", "geometry", "tracks", "patches", "models", "construct", "artifacts", "errors"}),
        (
            "filters",
            {
                *("filters", "frames", "models", "geometry", "tracks", "patches", "video"),
                *("clip", "stage", "errors", "construct"),
            },
        ),
    ],
)
def test_a_room_stands_only_on_what_lies_below_it(ground, may):
    for module, ends in arrows().items():
        if module.partition(".")[0] == ground:
            assert {end.partition(".")[0] for end in ends} <= may, module
