"""What `factory doctor` says of a network whose code no extra brings."""

from factory.console.models import models_told
from factory.models.cotracker import CoTracker
from factory.models.moge import MoGeDepth


def test_what_brings_the_code_of_a_network_is_told(monkeypatch):
    for kind in (MoGeDepth, CoTracker):
        monkeypatch.setattr(kind, "packages", ())
        monkeypatch.setattr(kind, "code", "no_such_package.part")
    lines = {line.split()[1]: line for line in models_told()}
    assert lines["depth=moge"].endswith(
        "no package no_such_package: pip install dlr-moge, or give code_at=FOLDER with a copy of it"
    )
    assert "install what github.com/facebookresearch/co-tracker says" in lines["follower=cotracker"]
