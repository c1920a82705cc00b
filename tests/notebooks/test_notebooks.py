"""Every notebook is run from its first cell to its last, on an output of the tests, and kept without its results."""

import importlib.util
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_runs_to_its_end(path, request, posed, tmp_path, monkeypatch):
    if path.stem == "training_loader" and importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed: pip install '.[models]'")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    given = {"OUTPUT": posed.storage.root, "VIDEOS": str(Path(posed.storage.root).parent / "videos")}
    if path.stem == "filter_study":
        given = {"FOLDER": str(tmp_path / "panda"), "OUTPUT": str(tmp_path / "out"), "SECONDS": 2.0}
        given["NAMES"] = ["room_walk_00", "cut_00", "screen_00"]
    if path.stem == "stereo_tracks":  # whose clip and run are there by then
        folder = Path(request.getfixturevalue("stereo").storage.root).parent
        given = {"FOLDER": str(folder / "truth"), "OUTPUT": str(folder / "out")}
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    (parameters,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ()))
    parameters.source += "\n" + "\n".join(f"{name} = {value!r}" for name, value in given.items())
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("text/html" in output.get("data", {}) or "image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_is_kept_without_results(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
