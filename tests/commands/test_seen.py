"""What status, query, export and plan show, on an output that was not run but written."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from factory.evaluate.cameras import read_cameras
from factory.storage import lease
from factory.storage.output import Storage
from tests.console.manifests import FRAMES, SCHEMAS, write_output


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seen")
    write_output(Storage.at(folder), "/vidéos")
    return folder


def run(*arguments, **env) -> tuple[int, str, str]:
    """The command on a screen of 80 columns: exit status, stdout, stderr."""
    command = [sys.executable, "-m", "factory", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "80", **env}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def factory(monkeypatch, capsys):
    """The command in this process, which is quicker: stdout. A command that fails is an error."""
    from factory.cli import main

    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments) -> str:
        capsys.readouterr()
        assert main([str(a) for a in arguments]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return call


def fits(text: str) -> bool:
    return max(map(len, text.splitlines())) <= 80 and "\u2026" not in text


def test_status_fits_80_columns_with_all_three_phases_and_costs_apart(factory, output):
    out = factory("status", output)
    assert fits(out)
    first = {}
    for line in out.splitlines():
        if line.startswith(("ingest", "filter", "pose")):
            first.setdefault(line.split()[0], []).append(line.split()[1:])
    assert first["ingest"] == [
        ["5", "4", "0", "1", "80.0%", "17", "s"],
        ["1", "min", "10", "s", *("1", "h", "07", "min"), *("16", "min", "40", "s")],
    ]
    assert first["pose"][0][:4] == ["3", "2", "1", "0"]
    assert "GPU" not in out
    assert "  pose    1  the solve may follow a moving object" in out
    assert "  filter  1  the camera does not move" in out
    assert "  ingest  1  cannot be decoded (VideoError)" in out
    assert "1 failure: the same `factory run` with retry=failed tries again." in out


def test_status_of_a_run_that_has_committed_nothing_yet(factory, tmp_path):
    state = {}
    with lease.held(Storage.at(tmp_path), "the-first", lambda: state, print):
        assert "run the-first on" in factory("status", tmp_path)
        assert "starting" in factory("status", tmp_path)
    oldest = "a.mp4 (a), begun 12 s ago, in SurveySource on here"
    state.update(phase="ingest", todo=34, done=5, ok=7, failed=1, workers=2, oldest=oldest)
    with lease.held(Storage.at(tmp_path), "the-first", lambda: state, print):
        out = factory("status", tmp_path)
        assert "ingest, 5 of 34 done, 7 ok, 1 failed" in out
        assert f"oldest in flight: {oldest}" in out
    state.update(done=0, workers=0, oldest=None)
    with lease.held(Storage.at(tmp_path), "the-first", lambda: state, print):
        assert "ingest, 0 of 34 done, starting workers" in factory("status", tmp_path)
    status, _, err = run("status", tmp_path)
    assert (status, "is not the output of a run" in err) == (1, True)


def test_every_column_of_every_row_can_be_asked_for_on_a_narrow_screen(factory, output):
    for table in ("ingest", "filter", "pose", "runs"):
        out = factory("query", output, f"SELECT * FROM {table}")
        assert fits(out)
    out = factory("query", output, "SELECT * FROM pose WHERE source LIKE '%good%'")
    row = dict(line.split(maxsplit=1) for line in out.splitlines()[1:])
    assert row["world_from_cam"] == "[52 values]"
    assert row["focal_px"] == "90"
    assert row["error"] == "-"


def test_columns_are_explained_from_the_manifests(factory, output):
    every = factory("query", output, "--columns")
    assert fits(every)
    assert [line for line in every.splitlines() if line and line[0] != " "] == ["ingest", "filter", "pose", "runs"]
    out = factory("query", output, "--columns", "pose")
    lines = [line.split() for line in out.splitlines()]
    assert ["registered", "BOOLEAN[]", "whether", "each", "sampled", "frame", "has", "a", "pose"] in lines
    names = [line.split()[0] for line in out.splitlines()[1:] if line[2] != " "]
    assert names == SCHEMAS["pose"].names
    status, _, err = run("query", output, "--columns", "poses")
    assert (status, err) == (1, "factory query: there is no table 'poses': take one of ingest, filter, pose, runs.\n")


def test_a_query_without_sql_is_one_sentence(output):
    status, out, err = run("query", output)
    assert (status, out) == (1, "")
    assert err.startswith("factory query: no query is given")


def test_csv_and_json_are_complete(factory, output):
    sql = "SELECT source, reasons, timestamps, registered, focal_reliable, error FROM pose ORDER BY source"
    (bars, good, torn) = csv.DictReader(io.StringIO(factory("query", output, sql, "--format", "csv")))
    assert good["source"] == "/vidéos/good.mp4"
    assert json.loads(good["timestamps"]) == [n / 12 for n in range(FRAMES)]
    assert json.loads(torn["reasons"])[0].endswith("of the picture's border, it may follow a moving object")
    assert (good["focal_reliable"], bars["focal_reliable"], good["error"]) == ("true", "false", "")
    rows = json.loads(factory("query", output, sql, "--format", "json"))
    assert rows[1]["timestamps"] == json.loads(good["timestamps"])


@pytest.mark.parametrize(
    ("more", "written", "left"),
    [
        ((), {"bars", "good"}, "; left out: 1 rejected"),
        (("--all",), {"bars", "good", "torn"}, ""),
        (("--where", "status = 'rejected'"), {"torn"}, "; left out: 2 ok"),
        (("--where", "focal_reliable"), {"good"}, "; left out: 1 ok, 1 rejected"),
        (("--all", "--where", "NOT focal_reliable"), {"bars", "torn"}, "; left out: 1 ok"),
    ],
)
@pytest.mark.parametrize("kind", ["davis", "tum"])
def test_exports_hold_what_is_ok_unless_asked_and_say_what_they_leave_out(
    factory, output, tmp_path, kind, more, written, left
):
    out = factory("export", output, tmp_path, "--format", kind, *more)
    assert {path.name.split(".")[0] for path in tmp_path.iterdir()} == written
    assert out == f"{len(written)} clip{'s' if len(written) > 1 else ''} written to {tmp_path}{left}\n"


def test_the_camera_lies_beside_its_trajectory(factory, output, tmp_path):
    factory("export", output, tmp_path, "--format", "tum")
    good, bars = (json.loads((tmp_path / f"{name}.intrinsics.json").read_text()) for name in ("good", "bars"))
    assert (good["fx"], good["k1"], good["k2"], good["width"], good["height"]) == (90.0, -0.1, 0.02, 100, 60)
    assert good["focal_per_pose_px"] == [90.0 + n for n in range(1, FRAMES)]  # the first frame has no pose
    assert len((tmp_path / "good.txt").read_text().splitlines()) == 1 + len(good["focal_per_pose_px"])
    assert (bars["cx"], bars["cy"], bars["width"], bars["height"]) == (69.5, 39.5, 120, 80)  # with its black bars


def test_an_output_of_an_earlier_version_is_exported(factory, output, tmp_path):
    """Its parts lack columns that came since: they are null."""
    old = tmp_path / "old"
    shutil.copytree(output, old)
    for part in (old / "pose").glob("*.parquet"):
        table = pq.read_table(part)
        pq.write_table(table.drop_columns(["k2", "readout_s", "quality"]), part)
    factory("export", old, tmp_path / "tum", "--format", "tum")
    told = json.loads((tmp_path / "tum" / "good.intrinsics.json").read_text())
    assert (told["k1"], told["k2"], told["readout_s"]) == (-0.1, 0.0, None)
    assert "3" in factory("query", old, "SELECT count(*) FROM pose WHERE quality IS NULL AND k1 = -0.1")


def test_exported_cameras_are_those_of_the_output(factory, output, tmp_path):
    factory("export", output, tmp_path, "--format", "tum")
    point = np.array([[10.0, 20.0]])
    ours = {c.trajectory.stem: c for c in read_cameras(output)}
    for camera in read_cameras(tmp_path):
        size = np.array([[camera.lens.full_width, camera.lens.full_height]])
        same = ours[camera.trajectory.stem].lens
        last = np.array([len(camera.trajectory.times_s) - 1])
        flat = [
            (lens.undistorted(point, size, last) - lens.matrix(last)[:, :2, 2]) / lens.matrix(last)[:, 0, :1]
            for lens in (camera.lens, same)
        ]
        np.testing.assert_allclose(*flat, atol=1e-9)


def test_masks_have_the_size_of_the_source_s_picture(factory, output, tmp_path):
    factory("export", output, tmp_path, "--format", "davis")
    mask = cv2.imread(str(tmp_path / "bars" / "00000.png"), cv2.IMREAD_GRAYSCALE)
    assert mask.shape == (80, 120)
    assert mask[:10].max() == 0
    assert mask[10:40, 20:].min() == 255


@pytest.mark.parametrize(
    "arguments",
    [["status"], ["query", "SELECT source FROM pose"], ["query", "SELECT source FROM pose", "--format", "csv"]],
)
def test_a_locale_without_accents_ends_no_command(output, arguments):
    command, *rest = arguments
    status, out, err = run(command, output, *rest, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (status, err) == (0, "")
    assert command == "status" or r"/vid\xe9os/good.mp4" in out


def test_help_on_depth_ends_its_sentences(capsys):
    from factory.cli import main

    assert main(["evaluate", "depth", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "where a source has several clips. A truth without an estimate is named, and left out of the mean." in text


def test_rendering_says_at_once_what_it_will_do(tmp_path):
    command = [sys.executable, "-m", "factory", "synth", str(tmp_path), "--only", "good", "graphics"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "clips rendered: 0 of 2\n"
    process.kill()
    process.wait()


def test_a_plan_fits_80_columns(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"")
    for more in ((), ("-v",)):
        process = run("plan", f"source={tmp_path}", f"output={tmp_path}/o", *more)
        assert fits("\n".join(line for line in process[1].splitlines() if ", " not in line)), process
        assert ("solve, grade" in process[1]) == bool(more)


def test_an_output_in_a_bucket_is_shown_like_a_local_one(factory, output, bucket, tmp_path):
    remote = f"{bucket}/out"
    write_output(Storage.at(remote), "/vidéos")
    for arguments in (("status",), ("query", "--columns"), ("query", "SELECT * FROM pose ORDER BY source")):
        command, *rest = arguments
        here, there = (factory(command, place, *rest) for place in (output, remote))
        assert here.replace(str(output), "") == there.replace(remote, "")
    assert factory("export", remote, tmp_path, "--format", "davis").startswith("2 clips written")
