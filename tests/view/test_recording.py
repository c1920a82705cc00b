"""A recording is read back by Rerun's own reader: what lies in it, and whether it says what the clip says."""

import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from factory.cli import main
from factory.console.tables import as_typed
from factory.data.result import ClipResult
from factory.view.decision import decision
from tests.export.deep import WITHOUT, with_depth, with_tracks
from tests.report.made_stereo import world_tracks

rr = pytest.importorskip("rerun", reason="Rerun is not installed, it wants Python 3.11")


def entities(path):
    """Chunks by entity, as tables."""
    found = {}
    for chunk in rr.chunk.RrdReader(path).stream().to_chunks():
        found.setdefault(chunk.entity_path, []).append(chunk.to_record_batch())
    return {entity: batches for entity, batches in found.items() if not entity.startswith(("/__", "/rerun"))}


def column(batches, ending):
    """All values of the component whose column's name ends so."""
    values = []
    for batch in batches:
        for name in batch.schema.names:
            if name.endswith(ending):
                values += batch.column(name).to_pylist()
    return [value for value in values if value is not None]


def recorded(posed, clip, path):
    assert main(["view", posed.storage.root, clip.clip_id, "--save", str(path)]) == 0
    return entities(path)


def test_a_recording_holds_what_the_clip_has(posed, tmp_path):
    clip = posed.find("good.")
    found = recorded(posed, clip, tmp_path / "good.rrd")
    assert set(found) == {
        *("/decision", "/world", "/world/camera", "/world/camera/picture", "/world/camera/picture/moving"),
        *("/world/camera/picture/tracks", "/world/camera/picture/tracks/ends", "/world/path", "/world/points"),
        *("/plots/focal_px", "/plots/reprojection_error_px"),
    }
    (points,) = column(found["/world/points"], ":positions")
    assert np.allclose(points, clip.points().xyz)
    centres = np.array(column(found["/world/camera"], ":translation")).reshape(-1, 3)
    assert np.allclose(centres, clip.world_from_cam[:, :3, 3], atol=1e-6)
    by_columns = np.array(column(found["/world/camera"], ":mat3x3")).reshape(-1, 3, 3)
    assert np.allclose(by_columns.transpose(0, 2, 1), clip.world_from_cam[:, :3, :3], atol=1e-6)
    assert len(column(found["/world/camera/picture"], ":blob")) == len(clip.times_s)
    matrix = np.array(column(found["/world/camera/picture"], ":image_from_camera")[0]).reshape(3, 3).T
    # The picture is shown as large as it is here, and Rerun counts from the corner of the first pixel.
    assert np.allclose(matrix, clip.intrinsics[0] + [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    errors_px = np.array(column(found["/plots/reprojection_error_px"], ":scalars")).ravel()
    assert np.allclose(errors_px, clip.points().frame_error_px)


def test_depth_lies_under_the_camera_in_the_frames_that_have_it(posed, tmp_path):
    deep = with_tracks(with_depth(posed, tmp_path), "good.", world_tracks())
    clip = deep.find("good.")
    every = recorded(deep, clip, tmp_path / "good.rrd")
    assert {"/world/moving", "/world/points", "/world/camera/picture/moving"} < set(every)
    found = every["/world/camera/picture/depth"]
    true = clip.mono_depth()
    assert len(column(found, ":is_recursive")) == len(WITHOUT)
    shown, units = column(found, ":buffer"), np.ravel(column(found, ":meter"))
    assert len(set(units)) == 1
    assert len(shown) == len(true.frame)
    width, height = 640, 360
    levels = np.frombuffer(np.array(shown[4], np.uint8).tobytes(), np.uint16).reshape(height, width)
    there = np.isfinite(true.depth[4]) & (true.depth[4] < 1000)
    assert np.array_equal(levels[2::4, 2::4] > 0, there)
    assert np.allclose((levels[2::4, 2::4] / units[0])[there], true.depth[4][there], rtol=1e-3)


def test_a_camera_that_only_turns_has_no_points(posed, tmp_path):
    found = recorded(posed, posed.find("pure_rotation."), tmp_path / "turn.rrd")
    assert "/world/points" not in found
    assert "/world/camera" in found


def test_a_clip_that_failed_has_its_reasons():
    rows = {"ingest": {"clip_id": "a", "source": "/x_<b>.mp4", "status": "ok", "source_start_s": 0.0}}
    rows["ingest"] |= dict.fromkeys(("width", "height", "fps", "first_frame", "frame_count", "crop_x"))
    rows["ingest"] |= {"source_end_s": 2.0, "first_pts": None, "stamps": "pts", "source_version": "1"}
    rows["pose"] = {"status": "failed", "failed_stage": "track", "error": "it | broke", "fps": 12.34567}
    told = decision(ClipResult(None, rows))
    assert told.startswith("# /x\\_\\<b\\>.mp4\n0.00 to 2.00 s")
    assert "* track: it \\| broke" in told
    assert "| fps | 12.35 |" in told
    assert told.index("## pose") < told.index("## ingest")


def test_a_clip_is_found_by_its_name_and_nothing_is_guessed(posed, capsys):
    clip = posed.find("good.")
    assert posed.find(clip.clip_id[:6]).clip_id == posed.find("good").clip_id == clip.clip_id
    for text, told in ((".mp4", "fits 2 clips"), ("nothing", "holds no clip")):
        assert main(["view", posed.storage.root, text, "--save", "x.rrd"]) == 1
        assert told in (err := capsys.readouterr().err)
        assert f"{clip.clip_id} (good.mp4)" in err or text == "nothing"


def test_the_viewer_is_found_where_the_environment_is_not_active(posed, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("DISPLAY", ":0")
    seen = {}
    monkeypatch.setattr(rr, "spawn", lambda **given: seen.update(given) or given["recording"].save(tmp_path / "a.rrd"))
    assert main(["view", posed.storage.root, "good"]) == 0
    found = Path(seen["executable_path"])
    assert (found.parent, found.stem) == (Path(sysconfig.get_path("scripts")), "rerun")
    assert "/world/camera" in entities(tmp_path / "a.rrd")
    assert main(["view", posed.storage.root, "good", "--save", str(tmp_path / "b.rrd")]) == 0
    assert f"open it with `{as_typed(str(found))} " in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have a display of their own")
def test_without_a_display_no_viewer_is_started(posed, monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    assert main(["view", posed.storage.root, "good"]) == 1
    assert "there is no display for Rerun's viewer: --save FILE.rrd" in capsys.readouterr().err
