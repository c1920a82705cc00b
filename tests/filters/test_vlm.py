"""The language model's specialist: asked last, about what the others leave, and heard."""

from pathlib import Path

import numpy as np
import pytest

from factory.cli import main as factory
from factory.clip import ClipRecord
from factory.errors import ConfigError
from factory.filters.vlm import AskVlm
from factory.manifest.read import read_phase
from factory.storage.output import Storage
from factory.synth.sample import render_sample
from tests.seer import seeing
from tests.videos import whole


class Says:
    def __init__(self, *yes: float) -> None:
        self.yes, self.asked = np.array(yes, np.float32), []

    def ask(self, frames, questions):
        self.asked.append((frames.shape, questions))
        return self.yes


def record(path: Path) -> ClipRecord:
    return ClipRecord(whole(path, 1.0)).give(stills=[np.zeros((36, 64, 3), np.uint8)] * 5)


def test_answers_become_features_and_abstentions_nothing(tmp_path):
    from tests.conftest import shifted
    from tests.videos import write

    model = Says(0.9, np.nan)
    stage = AskVlm(model, {"vlm_static": "Does nothing move?", "vlm_drawn": "Is it drawn?"})
    found = stage(record(write(tmp_path / "a.mp4", shifted(0, 24))))
    assert found["vlm_static"] == pytest.approx(0.9)
    assert found["vlm_drawn"] is None
    assert model.asked == [((5, 36, 64, 3), ("Does nothing move?", "Is it drawn?"))]
    with pytest.raises(ConfigError, match="no feature 'vlm_unheard'"):
        AskVlm(model, {"vlm_unheard": "Is it?"})


def rows(output: Path) -> dict[str, dict]:
    return {Path(row["source"]).stem: row for row in read_phase(Storage.at(output), "filter").to_pylist()}


def test_only_what_the_others_leave_is_asked_about(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    render_sample(tmp_path / "sample", only=("good", "static_camera", "graphics"), seconds=2.5)
    common = [f"source={tmp_path / 'sample'}", "engine=inline", "pipeline.phases=[ingest,filter]"]
    assert factory(["run", *common, f"output={tmp_path / 'without'}"]) == 0
    left = [name for name, row in rows(tmp_path / "without").items() if row["status"] == "ok"]
    assert left == ["good"]
    with seeing() as server:
        said = ("yes", "yes", "no", "yes", "yes", "no", "unsure", "no")
        server.reply = "{" + ", ".join(f'"{n}": "{word}"' for n, word in enumerate(said, 1)) + "}"
        server.yes = None
        model = [f"vlm.url={server.url}", "vlm.model=seer", f"vlm.cache_at={tmp_path / 'replies'}"]
        for attempt in range(2):
            output = tmp_path / f"with{attempt}"
            assert factory(["run", *common, "vlm=served", *model, f"output={output}"]) == 0
            assert len(server.requests) == 1  # and none the second time
            found = rows(output)["good"]
            assert (found["vlm_static"], found["vlm_edited"], found["vlm_children"]) == (1.0, 0.0, None)
            assert found["status"] == "rejected"
            assert "lowest: vlm_vehicle 0.00 (vlm_vehicle 1); vlm_blurred 0.00" in found["reasons"][0]
            assert rows(output)["graphics"]["vlm_static"] is None
