"""The ingest phase on files with known shots, bars and faults."""

import shutil

import numpy as np
import pytest

from factory.engine import inline
from factory.engine.work import Resources
from factory.fetch import Fetch
from factory.ingest.cut import CutClips
from factory.ingest.survey import SurveySource
from factory.manifest.read import read_phase
from factory.phases.ingest import ingest_phase
from factory.phases.run import run_phase
from factory.storage.output import Storage
from factory.storage.sources import find_sources
from tests.conftest import picture, shifted
from tests.videos import write


def ingest(source, output, **cut):
    storage = Storage.at(output)
    phase = ingest_phase(find_sources(str(source)), Fetch(), SurveySource(), CutClips(**cut), 60, Resources())
    options = {"workers": 1, "shard_size": 100, "retry_failed": False, "progress": lambda _: None}
    summary = run_phase(phase, storage, inline.run, **options)
    rows = read_phase(storage, "ingest").to_pylist()
    return summary, sorted(rows, key=lambda r: (r["source"], r["source_start_s"]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sources with known answers."""
    folder = tmp_path_factory.mktemp("sources")
    write(folder / "a_two_shots.mp4", [*shifted(0, 60), *shifted(1, 72)], fps=24)
    boxed = np.zeros((60, 120, 160, 3), np.uint8)
    boxed[:, 20:100] = np.stack(shifted(2, 60))[:, 20:100]
    write(folder / "b_letterbox.mp4", list(boxed), fps=24)
    (folder / "c_empty.mp4").write_bytes(b"")
    (folder / "sub").mkdir()
    shutil.copy(folder / "a_two_shots.mp4", folder / "sub" / "d_twin.mp4")
    (folder / "e_empty_too.mkv").write_bytes(b"")
    (folder / "notes.txt").write_text("not a video by its name")
    return folder


@pytest.fixture(scope="module")
def rows(folder, tmp_path_factory):
    return ingest(folder, tmp_path_factory.mktemp("out"))[1]


def of(rows, name):
    return [row for row in rows if row["source"].endswith(name)]


def test_a_cut_makes_two_clips_whose_spans_meet(rows):
    first, second = of(rows, "a_two_shots.mp4")
    assert (first["source_start_s"], second["source_end_s"]) == (0.0, pytest.approx(5.5, abs=0.01))
    assert first["source_end_s"] == second["source_start_s"] == pytest.approx(2.5, abs=0.01)
    assert (second["first_frame"], second["frame_count"], second["shot"]) == (60, 72, 1)
    assert {first["status"], second["status"]} == {"ok"}


def test_letterbox_is_cropped_and_noted(rows):
    (row,) = of(rows, "b_letterbox.mp4")
    assert (row["crop_x"], row["width"], row["source_height"]) == (0, 160, 120)
    assert abs(row["crop_y"] - 20) <= 1
    assert abs(row["height"] - 80) <= 2


def test_an_exact_copy_is_kept_once(rows):
    (row,) = of(rows, "d_twin.mp4")
    assert row["status"] == "rejected"
    assert row["duplicate_of"].endswith("a_two_shots.mp4")


def test_empty_files_are_failures_not_copies_of_each_other(rows):
    for name in ("c_empty.mp4", "e_empty_too.mkv"):
        (row,) = of(rows, name)
        assert (row["status"], row["failed_stage"], row["error_type"]) == ("failed", "SurveySource", "VideoError")
        assert "0 bytes" in row["error"]


def test_ids_do_not_depend_on_the_folder(folder, rows, tmp_path):
    copy = tmp_path / "elsewhere"
    shutil.copytree(folder, copy)
    _, again = ingest(copy, tmp_path / "out")
    assert [r["clip_id"] for r in of(again, "a_two_shots.mp4")] == [r["clip_id"] for r in of(rows, "a_two_shots.mp4")]


def test_long_shots_are_cut_evenly_and_short_ones_rejected_with_the_reason(folder, tmp_path):
    _, rows = ingest(folder / "a_two_shots.mp4", tmp_path, min_s=2.0, max_s=2.6)
    assert [row["frame_count"] for row in rows] == [60, 36, 36]
    assert [row["status"] for row in rows] == ["ok", "rejected", "rejected"]
    assert rows[1]["reasons"] == ["too_short: the shot lasts 1.50 s, under 2 s"]


def test_a_changed_source_is_done_again_and_its_old_clips_go(folder, tmp_path):
    source = tmp_path / "in" / "v.mp4"
    source.parent.mkdir()
    shutil.copy(folder / "a_two_shots.mp4", source)
    first, old = ingest(source.parent, tmp_path / "out")
    unchanged, _ = ingest(source.parent, tmp_path / "out")
    shutil.copy(folder / "b_letterbox.mp4", source)
    changed, new = ingest(source.parent, tmp_path / "out")
    assert (first.todo, unchanged.todo, changed.todo) == (1, 0, 1)
    assert (len(old), len(new)) == (2, 1)
    assert new[0]["attempt"] == 2


def test_a_still_picture_with_noise_has_no_cuts(tmp_path):
    rng = np.random.default_rng(0)
    noisy = [np.clip(picture(3) + rng.normal(0, 5, (120, 160, 3)), 0, 255).astype(np.uint8) for _ in range(60)]
    _, rows = ingest(write(tmp_path / "v.mp4", noisy), tmp_path / "out")
    assert [row["frame_count"] for row in rows] == [60]


@pytest.mark.media
def test_every_odd_file_has_an_honest_outcome(media, tmp_path):
    _, rows = ingest(media / "odd", tmp_path)
    said = {row["source"].rsplit("/", 1)[1]: (row["status"], row["error"] or "".join(row["reasons"])) for row in rows}
    assert len(said) == 16
    causes = {
        "zero_byte.mp4": "0 bytes",
        "text_named_mp4.mp4": "cannot be opened as a video",
        "audio_only.mp4": "audio only",
        "truncated_no_header.mp4": "cut off",
        "truncated_tail.mp4": "truncated",
        "one_frame.mp4": "1 frame",
        "corrupted_testcard.mp4": "damaged",
    }
    for name, cause in causes.items():
        assert said[name][0] == "failed"
        assert cause in said[name][1]
    decoded = ("av1.mkv", "vp9_odd_size.webm", "rotated_flag_90_long.mp4", "variable_rate.mp4", "mkv_named.mp4")
    assert {said[name][0] for name in decoded} == {"ok"}


@pytest.mark.media
@pytest.mark.parametrize(
    ("name", "cuts"),
    [
        ("gt_poses/fox_portrait/fox_portrait.mp4", 0),  # photos far apart, one scene
        ("gt_poses/tum_fr3_office_1hz/tum_fr3_office_1hz.mp4", 0),  # one frame a second
        ("odd/flat_counter.mp4", 2),
        ("clips/cycling_behind.mp4", 0),
        ("negatives/animated_trailer_cuts.mp4", 3),  # through white, through black, and a hard one
    ],
)
def test_cuts_of_real_videos(media, name, cuts, tmp_path):
    _, rows = ingest(media / name, tmp_path, min_s=0.1, max_s=60.0)
    assert len({row["shot"] for row in rows}) == cuts + 1
