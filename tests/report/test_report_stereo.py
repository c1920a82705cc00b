"""What the pages of stereo clips are told: bounds of the rig and the world, tracks, depth."""

import json
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.data.opened import Output
from factory.phases.rig import _trust
from factory.phases.rig_grading import StereoTrust
from factory.report.scene import LINE_POINTS, MOST_LINES, MOST_STATIC, depth_picture, tracks_of
from factory.report.stereo_checks import rig_checks
from factory.report.write import write_report
from factory.stereo.depth_file import read_depth
from factory.stereo.rule import StereoRule
from factory.world.tracks import UNKNOWN
from tests.report.made_stereo import FAR_M, FATES, NEAR_M, WALKERS, depth, name_of, world_tracks, write_stereo_output
from tests.stereo.test_stereo_rule import GOOD

share = st.floats(0, 1)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The folder of a report, and its entries by fate."""
    root = tmp_path_factory.mktemp("stereo")
    output = Output(write_stereo_output(root / "out"))
    write_report(output, root / "report")
    clips = read(root / "report/data/details-000.js")
    return root / "report", {fate: next(c for c in clips if c["id"] == name_of(fate)) for fate in FATES}


def read(path):
    found = re.fullmatch(r'\(self\.FACTORY\?\?=\{\}\)\["([^"]+)"\]=(.*)\n', path.read_text())
    assert found[1] == path.stem
    return json.loads(found[2])


def phase(clip, name):
    return next(each for each in clip["phases"] if each["phase"] == name)


@given(share, share, share, st.floats(0, 1.2), share, share, share, st.floats(0, 60), st.floats(-2, 2), st.booleans())
def test_the_checks_of_a_rig_say_what_the_rule_says(
    matched, clear, ahead, vertical_px, kept, won, registered, baseline_deg, lag_frames, moving
):
    signals = replace(
        GOOD, matched=matched, clear=clear, ahead=ahead, vertical_px=vertical_px, kept=kept, won=won,
        placed=round(50 * registered), baseline_deg=baseline_deg, lag_frames=lag_frames,
        halves=replace(GOOD.halves, distance_m=0.001 if moving else 0.2, path_percent=4 * clear),
    )  # fmt: skip
    assert (signals.method == "moving") == moving
    reasons = StereoRule().reasons(signals)
    row = _trust(StereoTrust(signals, None, None, reasons))
    row["registered_ratio"] = signals.registered if signals.placed >= 3 else None
    broken = {check.name for check in rig_checks(StereoRule(), row) if check.broken}
    named = {reason.partition(":")[0] for reason in reasons}
    if signals.placed >= 3:
        assert named <= broken
        spared = {"clear", "ahead"} if "vertical_px" in named else {"ahead"} if "clear" in named else set()
        assert broken - named <= spared
    else:
        assert named - broken <= {"registered_ratio"}


def test_the_bounds_are_those_of_the_run(told):
    checks = phase(told[1]["refused"], "rig")["checks"]
    assert [(c["name"], c["value"], c["bound"]) for c in checks if c["broken"]] == [("matched", 0.65, 0.7)]
    (moving,) = [c for c in phase(told[1]["moves"], "world")["checks"] if c["column"] == "moving_ratio"]
    assert (moving["bound"], moving["broken"]) == (0.01, False)
    assert ["flow across rows over 0.5 px", 0.25] in phase(told[1]["moves"], "world")["thrown"]
    assert phase(told[1]["not stereo"], "rig")["checks"] == []
    names = {check["column"] for check in phase(told[1]["stands"], "rig")["checks"]}
    assert "half_px" in names
    assert not names & {"lag_frames", "half_scale", "half_ate_percent"}


def test_the_run_tells_tiers_and_how_its_numbers_are_spread(told):
    run = read(told[0] / "data/overview.js")
    assert [(tier["name"], tier["clips"], tier["accepted"]) for tier in run["quality"]["tiers"]] == [
        ("gold", 3, True),
        ("silver", 0, True),
    ]
    spreads = {one["phase"]: {f["name"]: f for f in one["features"]} for one in run["measured"]}
    matched = spreads["rig"]["matched_ratio"]
    assert [sum(matched["counts"][part]) for part in ("passed", "rejected")] == [3, 1]
    assert matched["bounds"] == [{"value": 0.7, "at_least": True, "broken": 1}]
    assert [bound["value"] for bound in spreads["rig"]["half_scale"]["bounds"]] == [0.97, 1.03]
    assert spreads["world"]["track_count"]["known"] == 3


def test_a_page_has_some_tracks_of_each_kind_and_the_ends_of_those_that_move(told):
    report, clips = told
    scene = read(report / f"scenes/{clips['moves']['scene']}.js")
    tracks = scene["tracks"]
    assert tracks["counts"] == [1500, WALKERS, 50]
    assert len(tracks["static"]) == MOST_STATIC
    assert len(tracks["moving"]) == MOST_LINES
    for line in tracks["moving"]:
        assert len(line) == LINE_POINTS
        assert np.allclose(np.subtract(line[-1], line[0]), (1, 0, 1), atol=0.01)
    assert clips["moves"]["metres"]
    assert sum(path.stat().st_size for path in (report / "scenes").glob(f"{clips['moves']['scene']}.*")) < 100_000


def test_of_tracks_of_which_nobody_said_whether_they_move_some_are_drawn():
    tracks = world_tracks()
    told = tracks_of(replace(tracks, label=np.full(tracks.count, UNKNOWN, np.int8)))
    assert (len(told["static"]), len(told["moving"])) == (MOST_STATIC, MOST_LINES)
    assert told["counts"] == [0, 0, tracks.count]
    nothing = tracks_of(tracks.select(np.zeros(tracks.count, bool)))
    assert nothing == {"static": [], "moving": [], "counts": [0, 0, 0]}


def test_depth_is_shown_in_colours_with_what_they_mean(told):
    report, clips = told
    shown = read(report / f"scenes/{clips['moves']['scene']}.js")["depth"]
    assert shown["frames"] == [0, 12, 24]
    picture = cv2.imread(str(report / shown["src"]))
    assert picture.shape == (96, 192, 3)
    blue, _, red = picture[20, 10].astype(int)
    assert red > blue + 50  # near
    blue, _, red = picture[20, 50].astype(int)
    assert blue > red  # far
    assert picture[20 + 48, 50].max() < 40  # is not trusted
    assert picture[20 + 48, 10].max() > 100
    assert shown["metres"] == pytest.approx([NEAR_M, NEAR_M], rel=0.2)  # along rays, of what is trusted
    assert shown["metres"][1] < FAR_M


def test_depth_of_which_nothing_can_be_trusted_is_black():
    found = read_depth(depth(), [1])
    content, metres = depth_picture(replace(found, confident=np.zeros_like(found.confident)))
    assert np.isnan(metres).all()
    assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR).max() < 40


def test_what_was_not_kept_is_not_shown(told):
    report, clips = told
    assert "depth" not in read(report / f"scenes/{clips['kept nothing']['scene']}.js")
    assert "scene" not in clips["refused"]
    assert len(clips["refused"]["points"]["xyz"]) > 100
    assert "way" not in clips["not stereo"]


def test_scenes_are_kept_as_long_as_they_are_of_the_output_s_and_a_broken_file_is_named(tmp_path):
    output = Output(write_stereo_output(tmp_path / "out"))
    report = tmp_path / "report"
    write_report(output, report)
    before = {path.name: path.stat().st_mtime_ns for path in (report / "scenes").iterdir()}
    (report / "scenes/gone-f.js").write_text("")
    write_report(output, report)
    assert {path.name: path.stat().st_mtime_ns for path in (report / "scenes").iterdir()} == before
    ((path,),) = output.sql(f"SELECT depth FROM world WHERE clip_id = '{name_of('moves')}'").fetchall()
    (tmp_path / "out" / path).write_bytes(b"PK")
    for old in (report / "scenes").iterdir():
        old.unlink()
    write_report(output, report)
    (clip,) = [clip for clip in read(report / "data/details-000.js") if clip["id"] == name_of("moves")]
    assert "cannot be read" in clip["unread"][0]
    assert "scene" not in clip
