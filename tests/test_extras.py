"""What people are told to install is what is missing, and never another project's package."""

import re

import pytest

from factory.errors import ConfigError
from factory.extras import DISTRIBUTION, install_command, system_libraries_named
from tests.conftest import ROOT

METADATA = """\
Metadata-Version: 2.4
Name: video-geometry-factory
Version: 9
Requires-Dist: numpy>=1
Provides-Extra: evaluate
Requires-Dist: evo<2,>=1.28; extra == 'evaluate'
Requires-Dist: matplotlib>=3.8 ; extra == 'evaluate'
Provides-Extra: models
Requires-Dist: torch>=2; extra == 'models'
"""


def test_the_packages_of_an_extra_are_named(tmp_path, monkeypatch):
    folder = tmp_path / "video_geometry_factory-9.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(METADATA)
    monkeypatch.syspath_prepend(tmp_path)
    assert install_command("evaluate") == "pip install 'evo<2,>=1.28' 'matplotlib>=3.8'"
    assert install_command("models") == "pip install 'torch>=2'"
    assert install_command("report") == "pip install '.[report]' in the checkout"  # its metadata are older


def test_a_checkout_that_is_not_installed_is_installed_from(monkeypatch):
    monkeypatch.setattr("factory.extras.DISTRIBUTION", "no-such-distribution")
    assert install_command("synth") == "pip install '.[synth]' in the checkout"


@pytest.mark.parametrize(
    ("library", "advice"), [("libGL.so.1", "install libgl1 libglib2.0-0"), ("libfoo-2.so", "install what provides it")]
)
def test_a_library_that_the_system_lacks_is_one_sentence(library, advice):
    said = f"{library}: cannot open shared object file: No such file or directory"
    with pytest.raises(ConfigError, match=f"library {library} cannot be loaded: .*{advice}"), system_libraries_named():
        raise ImportError(said)
    with pytest.raises(ImportError, match="nowhere"), system_libraries_named():
        raise ImportError("no module named nowhere")


def test_the_name_is_the_project_s_own_everywhere():
    project = (ROOT / "pyproject.toml").read_text()
    assert f'name = "{DISTRIBUTION}"' in project
    places = [ROOT / "README.md", ROOT / "Makefile"]
    for folder in ("factory", "deploy", "conf"):
        places += [
            p for p in (ROOT / folder).rglob("*") if p.suffix in (".py", ".md", ".yaml", ".sh", "") and p.is_file()
        ]
    stranger = re.compile(r"pip3? install[^\n&]*['\" ]factory(\[|['\" ]|==|$)", re.MULTILINE)
    assert [p for p in places if stranger.search(p.read_text())] == []
