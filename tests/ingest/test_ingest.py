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
from factory.phases.ingest import Ingest, ingest_phase
from factory.phases.phase import clip_record
from factory.phases.run import run_phase
from factory.storage.output import Storage
from factory.storage.sources import find_sources
from factory.video import clip_frames
from tests.conftest import picture, shifted
from tests.videos import numbered, remuxed, write, write_as, write_at


def ingest(source, output, **cut):
    storage = Storage.at(output)
    limits = {"timeout_s": 60, "shard_size": 100, "resources": Resources()}
    declared = Ingest(survey=SurveySource(), cut=CutClips(**cut), **limits)
    phase = ingest_phase(declared, find_sources(str(source)), Fetch())
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
        assert (row["status"], row["failed_stage"], row["error_type"]) == ("failed", "survey", "VideoError")
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


def test_no_clip_has_more_frames_than_it_may(folder, tmp_path):
    _, rows = ingest(folder / "a_two_shots.mp4", tmp_path, min_s=1.0, most_frames=40)
    assert [row["frame_count"] for row in rows] == [30, 30, 36, 36]


def test_the_ends_of_a_long_source_are_trimmed(folder, tmp_path):
    _, rows = ingest(folder / "a_two_shots.mp4", tmp_path / "long", min_s=1.0, trim_s=0.25)
    assert [(row["first_frame"], row["frame_count"], row["status"]) for row in rows] == [
        *((0, 6, "rejected"), (6, 54, "ok"), (60, 66, "ok"), (126, 6, "rejected"))
    ]
    assert rows[0]["reasons"][0].startswith("trimmed: within 0.25 s")
    _, rows = ingest(folder / "a_two_shots.mp4", tmp_path / "short", min_s=1.0, trim_s=0.3)
    assert [row["frame_count"] for row in rows] == [60, 72]


def test_bars_stay_where_they_are_wanted(folder, tmp_path):
    _, (row,) = ingest(folder / "b_letterbox.mp4", tmp_path, crop_bars=False)
    assert (row["crop_x"], row["height"]) == (None, 120)


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


def test_a_gap_in_the_time_stamps_cuts_and_has_a_row_of_its_own(tmp_path):
    times_s = [*(n / 24 for n in range(60)), *(36_000 + n / 24 for n in range(60))]
    path = write_at(tmp_path / "v.mkv", numbered(120), times_s)
    rows = ingest(path, tmp_path / "out")[1]
    assert [(r["status"], r["first_frame"], r["frame_count"]) for r in rows] == [
        ("ok", 0, 60),
        ("rejected", 60, 0),
        ("ok", 60, 60),
    ]
    assert rows[1]["reasons"] == [
        "gap: no frame for 35997.5 s, the picture rests there or the recording was interrupted"
    ]
    assert rows[0]["source_end_s"] == rows[1]["source_start_s"]
    assert rows[1]["source_end_s"] == rows[2]["source_start_s"] == pytest.approx(36_000)


def test_a_held_frame_is_no_part_of_a_clip_and_no_missing_end(tmp_path):
    """Recorders of screens show the last frame for as long as nothing changes."""
    plain = write_as(tmp_path / "v.mp4", numbered(72), codec="libx264", options={"bf": "0"})

    def hold(packet, number):
        packet.duration = 5 * 24 * 512 if number == 71 else 512
        return packet.pts, packet.dts

    (row,) = ingest(remuxed(plain, tmp_path / "held.mp4", stamp=hold), tmp_path / "out")[1]
    assert (row["status"], row["frame_count"], row["source_end_s"]) == ("ok", 72, pytest.approx(3.0, abs=0.01))


@pytest.mark.parametrize("every_s", [1.3, 6.0, 13.0])
def test_no_clip_is_longer_than_it_may_be_and_sparse_ones_are_rejected(tmp_path, every_s):
    path = write_at(tmp_path / "v.mkv", shifted(0, 30), [n * every_s for n in range(30)])
    rows = ingest(path, tmp_path / "out")[1]
    assert sum(row["frame_count"] for row in rows) == 30
    if every_s < 2:
        assert {row["status"] for row in rows} == {"ok"}
        assert max(row["source_end_s"] - row["source_start_s"] for row in rows) <= 12.0 + 1e-6
    else:
        assert {row["status"] for row in rows} == {"rejected"}
        assert all("too_sparse" in row["reasons"][0] for row in rows)


def test_a_clock_that_begins_anew_cuts(tmp_path):
    one = write_as(tmp_path / "a.ts", shifted(0, 60), form="mpegts", codec="libx264", options={"g": "24", "bf": "2"})
    (tmp_path / "joined.ts").write_bytes(one.read_bytes() * 2)
    first, second = ingest(tmp_path / "joined.ts", tmp_path / "out")[1]
    assert [(r["status"], r["first_frame"], r["frame_count"], r["first_pts"]) for r in (first, second)] == [
        ("ok", 0, 60, None),
        ("ok", 60, 60, None),
    ]
    assert first["source_end_s"] == second["source_start_s"] == pytest.approx(2.5, abs=1e-3)


def test_a_change_of_the_pictures_size_or_of_the_shape_of_its_pixels_cuts(tmp_path):
    content = b""
    for size, ratio in (((96, 128), (1, 1)), ((48, 64), (1, 1)), ((48, 64), (4, 3))):
        frames, how = shifted(0, 60, 2, *size), {"g": "12", "bf": "0"}
        part = tmp_path / "part.ts"
        write_as(part, frames, form="mpegts", codec="libx264", options=how, pixel_ratio=ratio)
        content += part.read_bytes()
    (tmp_path / "part.ts").write_bytes(content)
    rows = ingest(tmp_path / "part.ts", tmp_path / "out")[1]
    assert [(r["status"], r["frame_count"], r["width"], r["height"], r["source_width"]) for r in rows] == [
        ("ok", 60, 128, 96, 128),
        ("ok", 60, 64, 48, 64),
        ("ok", 60, 85, 48, 85),
    ]
    images = [f.image for row in rows for f in clip_frames(tmp_path / "part.ts", clip_record(row).clip)]
    assert [image.shape[1] for image in images] == [*[128] * 60, *[64] * 60, *[85] * 60]


@pytest.mark.parametrize("form", ["mpegts", "mpeg", "vob"])
def test_each_clip_of_a_stream_without_index_has_its_frames(tmp_path, form):
    frames = [*numbered(60), *(np.roll(255 - f, 40, axis=0) for f in numbered(60))]
    codec = "libx264" if form == "mpegts" else "mpeg2video"
    path = write_as(tmp_path / "v.ts", frames, form=form, codec=codec, options={"g": "48", "bf": "2"})
    for row in ingest(path, tmp_path / "out")[1]:
        found = list(clip_frames(path, clip_record(row).clip))
        assert [f.index for f in found] == list(range(row["first_frame"], row["first_frame"] + row["frame_count"]))
        assert found[0].time_s == row["source_start_s"]


def test_pixels_that_are_not_square_are_told_and_displayed(tmp_path):
    path = write_as(tmp_path / "v.mp4", shifted(0, 60, 2, 96, 120), codec="libx264", options={}, pixel_ratio=(4, 3))
    (row,) = ingest(path, tmp_path / "out")[1]
    assert (row["width"], row["height"], row["sample_aspect_ratio"]) == (160, 96, pytest.approx(4 / 3))


@pytest.mark.media
def test_every_odd_file_has_an_honest_outcome(media, tmp_path):
    _, rows = ingest(media / "odd", tmp_path)
    said = {row["source"].rsplit("/", 1)[1]: (row["status"], row["error"] or "".join(row["reasons"])) for row in rows}
    assert len(said) == 16
    causes = {
        "zero_byte.mp4": "0 bytes",
        "text_named_mp4.mp4": "cannot be opened as a video",
        "audio_only.mp4": "only sound",
        "truncated_no_header.mp4": "header is missing",
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
