"""The examples of the documentation are run, on an output that lies where they say it lies."""

import importlib.util
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

EXAMPLES = {
    f"{page.stem} {number}": code
    for page in sorted((ROOT / "docs").glob("*.md"))
    for number, code in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE))
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs(name, request, monkeypatch):
    output = request.getfixturevalue("stereo" if name.startswith("stereo ") else "posed")
    code = EXAMPLES[name]
    if "torch" in code and importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed: pip install '.[models]'")
    monkeypatch.chdir(Path(output.storage.root).parent)  # with the folders videos and out
    exec(compile(code, name, "exec"), {"__name__": name})


def test_there_are_examples():
    assert {"index 0", "index 1", "python 0", "extending 0", "stereo 0"} <= EXAMPLES.keys()
