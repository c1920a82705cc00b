"""What is imported is declared, what is declared is locked, and make says beforehand how much it installs."""

import ast
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

PROJECT = (ROOT / "pyproject.toml").read_text()
# import name: distribution, where they differ
CALLED = {"PIL": "pillow", "cv2": "opencv-python", "hydra": "hydra-core", "rerun": "rerun-sdk"}
CALLED |= {"OpenEXR": "openexr", "sklearn": "scikit-learn", "yaml": "pyyaml"}


def declared(text: str) -> set[str]:
    return set(re.findall(r'"([A-Za-z][\w-]*)(?:\[[\w,]+\])?(?:[><=!][^"]*)?"', text))


def imported(folder: str) -> set[str]:
    found: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return {CALLED.get(name, name).replace("_", "-") for name in found - sys.stdlib_module_names - {"factory"}}


def core() -> str:
    return PROJECT.partition("\ndependencies = [")[2].partition("\n]")[0]


def extras() -> str:
    return PROJECT.partition("[project.optional-dependencies]")[2].partition("\n[")[0]


def test_what_the_package_imports_is_declared():
    assert imported("factory") - declared(core()) - declared(extras()) == set()


def test_what_is_declared_is_locked_and_no_index_is_named():
    """What is not in the file would be whatever is newest that day."""
    text = (ROOT / "constraints.txt").read_text()
    locked = {line.partition("==")[0] for line in text.splitlines() if "==" in line}
    dev = extras().partition("synth = ")[2]
    names = declared(core()) | declared(dev) - {"video-geometry-factory"}
    assert len(names) > 25
    assert names - locked == set()
    assert "://" not in text


@pytest.mark.parametrize("python", ["3.10", "3.13"])
def test_a_name_is_locked_once_for_each_python(python):
    from packaging.requirements import Requirement

    here = {"python_version": python, "python_full_version": f"{python}.0"}
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    wanted = [each for each in map(Requirement, lines) if each.marker is None or each.marker.evaluate(here)]
    names = [each.name for each in wanted]
    assert len(names) == len(set(names)) > 80


def test_make_says_how_much_it_installs_before_it_does(tmp_path):
    """And a run installs what a run needs, no more."""
    for target, extra in (("run", ".[synth]"), ("test", ".[dev]")):
        done = subprocess.run(
            ["make", "--dry-run", target, f"VENV={tmp_path}/venv"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        said, install = done.stdout.find(" GB"), done.stdout.find(f"'{extra}'")
        assert 0 < said < install, done.stdout
        assert ("[dev]" in done.stdout) == (target == "test")
