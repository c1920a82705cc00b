"""The caption phase: words about posed clips, from a server that speaks the protocol, told what was measured."""

import pytest

from factory.cli import main as factory
from factory.clip import ClipRecord
from factory.errors import ConfigError, ModelError
from factory.manifest.read import read_phase
from factory.models.roles import Told
from factory.phases.caption import Describe, measured
from factory.storage.output import Storage
from tests.conftest import picture
from tests.seer import seeing
from tests.videos import whole, write


def test_what_was_measured_is_put_into_words(tmp_path):
    record = ClipRecord(whole(write(tmp_path / "a.mp4", [picture(0)] * 24), 1.0))
    values = {"camera_motion": "parallax", "dynamic_share": 0.123, "path_by_depth": 0.4}
    told = measured(record.give(**values))
    assert told == (
        "the camera moves through the scene, on a path of 0.4 times the median distance of what is seen "
        "and 12% of the picture moves on its own"
    )
    nothing = measured(record.give(camera_motion=None, dynamic_share=None, path_by_depth=None))
    assert nothing == "how the camera moves is not known"


class Says:
    def __init__(self, text):
        self.text = text

    def tell(self, frames, words):
        assert frames.dtype == "uint8"
        assert "the camera stands still" in words
        return Told(self.text)


def test_a_caption_that_is_broken_off_ends_with_its_last_whole_sentence(tmp_path):
    record = ClipRecord(whole(write(tmp_path / "a.mp4", [picture(0)] * 24), 1.0))
    record = record.give(stills=[picture(0)], camera_motion="still", dynamic_share=None, path_by_depth=None)
    assert Describe(Says("A wall. A dog runs past the wa"))(record)["caption"] == "A wall."
    with pytest.raises(ModelError, match="no whole sentence"):
        Describe(Says("A wall that"))(record)


@pytest.mark.parametrize("task", ["Describe it.", 'As JSON {"caption": "..."}: {measured}'])
def test_a_task_that_cannot_be_filled_in_is_refused_before_anything_runs(task):
    with pytest.raises(ConfigError, match=r"a place for \{measured\}"):
        Describe(Says(""), task)


def test_posed_clips_are_described_and_a_refusal_is_that_clip_s_failure(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "videos").mkdir()
    write(tmp_path / "videos" / "still.mp4", [picture(0, 240, 320)] * 48, fps=24)  # posed in no time
    phases = "pipeline.phases=[ingest,pose,caption]"
    words = [f"source={tmp_path / 'videos'}", "pipeline=pose", "engine=inline", phases]
    with seeing() as server:
        server.reply = "A pattern on a wall."
        model = [f"teller.url={server.url}", "teller.model=seer", f"teller.cache_at={tmp_path / 'replies'}"]
        assert factory(["run", *words, *model, f"output={tmp_path / 'out'}"]) == 0
        (row,) = read_phase(Storage.at(tmp_path / "out"), "caption").to_pylist()
        assert (row["status"], row["caption"]) == ("ok", "A pattern on a wall.")
        (asked,) = server.requests
        assert "the camera stands still" in asked["messages"][0]["content"][-1]["text"]
        server.reply = None
        other = [*model[:2], f"teller.cache_at={tmp_path / 'others'}"]
        assert factory(["run", *words, *other, f"output={tmp_path / 'refused'}"]) == 0
        (row,) = read_phase(Storage.at(tmp_path / "refused"), "caption").to_pylist()
        assert (row["status"], row["failed_stage"]) == ("failed", "describe")
        assert "does not describe" in row["error"]
