"""What the page of a clip with depth of one camera is told, and what its picture shows."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from factory.data.opened import Output
from factory.depth.maps import FILLED, FUSED, PRIOR, SWEPT
from factory.report.scene import BLACK, MOST_LINES, ORIGINS, mono_picture
from factory.report.write import write_report
from factory.storage.output import Storage
from tests.export.deep import SCALE_M, depth_of, with_depth, with_tracks
from tests.report.made import write_output
from tests.report.made_stereo import world_tracks


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return Output(write_output(tmp_path_factory.mktemp("plain") / "out", 12))


def told(plain, place, **changes):
    """The folder of a report, the entry of the clip that has depth, and the output."""
    (clip_id, *_) = plain.ids()
    output = with_depth(plain, place, clip_id, **changes)
    write_report(output, place / "report")
    text = (place / "report/data/details-000.js").read_text()
    clips = json.loads(re.fullmatch(r"\(self\.FACTORY\?\?=\{\}\)\[[^]]+\]=(.*)\n", text)[1])
    return place / "report", next(clip for clip in clips if clip["id"] == clip_id), output


def scene(report, clip):
    text = (report / f"scenes/{clip['scene']}.js").read_text()
    return json.loads(text.partition("]=")[2])["depth"]


def test_depth_is_shown_in_colours_and_below_where_it_is_from(plain, tmp_path):
    report, clip, output = told(plain, tmp_path)
    shown, true = scene(report, clip), output.clip(clip["id"]).mono_depth()
    assert shown["frames"] == [true.frame[0], true.frame[18], true.frame[-1]]
    assert shown["metric"]
    sure = true.depth[[0, 18, -1]][:, :70, 60:]
    assert shown["ends"] == pytest.approx((SCALE_M * np.percentile(sure, (2, 98))).tolist(), rel=0.03)
    picture = cv2.cvtColor(cv2.imread(str(report / shown["src"])), cv2.COLOR_BGR2RGB).astype(int)
    assert picture.shape == (180, 480, 3)
    (red, _, blue), (far_red, _, far_blue) = picture[30, 30], picture[30, 155]
    assert red - blue > 50  # near
    assert far_blue - far_red > 20
    assert picture[30, 8].max() < 40  # not known
    for kind, (x, y) in {SWEPT: (100, 40), FUSED: (100, 80), FILLED: (30, 40), PRIOR: (50, 40)}.items():
        assert np.abs(picture[90 + y, x] - ORIGINS[kind]).max() < 25
    assert picture[90 + 40, 8].max() < 40
    values = next(phase for phase in clip["phases"] if phase["phase"] == "depthmaps")["values"]
    assert values["sure_ratio"] == pytest.approx(float(np.mean(true.origin == SWEPT)), rel=1e-4)
    assert (values["scale_m"], values["scale_spread"], values["depth_frames"]) == (SCALE_M, 0.04, 37)


def test_without_metres_distances_are_in_the_unit_of_the_poses(plain, tmp_path):
    report, clip, _ = told(plain, tmp_path, scale_m=None, scale_spread=None)
    shown = scene(report, clip)
    assert not shown["metric"]
    assert 7 < shown["ends"][0] < shown["ends"][1] < 13


def test_tracks_in_the_world_are_shown_beside_depth(plain, tmp_path):
    (clip_id, *_) = plain.ids()
    output = with_tracks(with_depth(plain, tmp_path, clip_id), clip_id, world_tracks())
    write_report(output, tmp_path / "report")
    (path,) = (tmp_path / "report/scenes").glob("*.js")
    found = json.loads(path.read_text().partition("]=")[2])
    assert found["mono"]
    assert found["depth"]["frames"]
    assert len(found["tracks"]["moving"]) == MOST_LINES


def test_a_broken_file_is_named_and_the_report_written(plain, tmp_path):
    (clip_id, *_) = plain.ids()
    output = with_depth(plain, tmp_path, clip_id)
    storage = Storage.at(output.storage.root)
    Path(storage.artifact(output.clip(clip_id)["mono_depth"])).write_bytes(b"PK")
    write_report(output, tmp_path / "report")
    text = (tmp_path / "report/data/details-000.js").read_text()
    assert "cannot be read" in text
    assert '"scene"' not in text


def test_depth_of_which_nothing_is_known_is_black():
    found = depth_of(4)
    nothing = type(found)(found.frame, np.full_like(found.depth, np.nan), np.zeros_like(found.origin), 0.0)
    content, ends = mono_picture(nothing)
    assert np.isnan(ends).all()
    assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR).max() < BLACK + 30


def test_the_page_s_legend_has_the_picture_s_colours():
    style = (Path(__file__).parents[2] / "factory/report/static/style.css").read_text()
    for name, kind in (("sure", SWEPT), ("fused", FUSED), ("filled", FILLED), ("network", PRIOR), ("nothing", 0)):
        found = re.search(rf"\.key\.{name}::before {{ background: #(\w{{6}})", style)[1]
        assert tuple(bytes.fromhex(found)) == ORIGINS[kind]
