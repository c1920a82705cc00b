"""The caption phase: words about posed clips, from a server that speaks the protocol, told what was measured."""

from factory.cli import main as factory
from factory.clip import ClipRecord
from factory.manifest.read import read_phase
from factory.phases.caption import measured
from factory.storage.output import Storage
from tests.conftest import picture
from tests.seer import seeing
from tests.videos import whole, write


def test_what_was_measured_is_put_into_words(tmp_path):
    record = ClipRecord(whole(write(tmp_path / "a.mp4", [picture(0)] * 24), 1.0))
    values = {"camera_motion": "parallax", "dynamic_share": 0.123, "path_by_depth": 0.4}
    told = measured(record.give(**values))
    assert told == (
        "the camera moves through the scene, by 40% of its distance to things and 12% of the picture moves on its own"
    )
    nothing = measured(record.give(camera_motion=None, dynamic_share=None, path_by_depth=None))
    assert nothing == "how the camera moves is not known"


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
