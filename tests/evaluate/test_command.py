"""`factory evaluate` and `factory calibrate` as users meet them."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from factory import cli
from factory.commands.evaluate import methods_of
from factory.errors import ConfigError
from factory.evaluate import report
from factory.evaluate.report import Report, Table, plain
from tests.evaluate.filter_runs import write_labels, write_output
from tests.evaluate.truths import curved, moved, write


def run(capsys, *arguments):
    status = cli.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return status, out, err


def test_poses_of_two_methods_in_one_table(tmp_path, capsys):
    write(tmp_path / "truth" / "a.tum.txt", curved())
    write(tmp_path / "one" / "a.txt", moved(curved()))
    (tmp_path / "two").mkdir()
    methods = ["--method", f"one={tmp_path / 'one'}", "--method", f"two={tmp_path / 'two'}"]
    files = ["--json", tmp_path / "p.json", "--plot", tmp_path / "p.png"]
    command = ["evaluate", "pose", tmp_path / "truth", *methods, *files, "--per-clip"]
    status, out, err = run(capsys, *command)
    assert (status, err) == (0, "")
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line.startswith(("one ", "two "))}
    assert rows["one"][1] == "100.0000"
    assert rows["two"][1] == "0.0000"
    assert "no estimate" in out
    values = json.loads((tmp_path / "p.json").read_text())
    assert values["methods"]["two"]["clips"][0]["solved"] is False
    assert cv2.imread(str(tmp_path / "p.png")) is not None


def test_one_method_is_called_by_its_folder(tmp_path, capsys):
    write(tmp_path / "truth" / "a.tum.txt", curved())
    write(tmp_path / "mine" / "a.txt", curved())
    assert "\nmine " in run(capsys, "evaluate", "pose", tmp_path / "mine", tmp_path / "truth")[1]


@pytest.mark.parametrize("kind", ["filter", "masks", "depth", "tracks", "reprojection"])
def test_each_prints_writes_and_draws(tmp_path, capsys, kind):
    arguments = {"filter": filters, "masks": masks, "depth": depth, "tracks": tracks, "reprojection": matches}[kind](
        tmp_path
    )
    status, out, err = run(
        capsys, "evaluate", kind, *arguments, "--json", tmp_path / "v.json", "--plot", tmp_path / "v.png"
    )
    assert (status, err) == (0, "")
    assert out.count("\n") > 2
    assert isinstance(json.loads((tmp_path / "v.json").read_text()), dict)
    assert cv2.imread(str(tmp_path / "v.png")) is not None


def filters(folder: Path) -> list:
    values = {str(folder / "v" / f"{n}.mp4"): {"camera_speed": 0.1 if n else 0.01} for n in range(3)}
    write_output(folder / "out", values)
    return [folder / "out", write_labels(folder / "v" / "labels.csv", {"0.mp4": ("0", ""), "1.mp4": ("1", "")})]


def masks(folder: Path) -> list:
    for name in ("truth/a_masks", "ours/a"):
        (folder / name).mkdir(parents=True)
        cv2.imwrite(str(folder / name / "00000.png"), np.eye(32, dtype=np.uint8) * 255)
    return [folder / "ours", folder / "truth"]


def depth(folder: Path) -> list:
    for name in ("truth/a_depth", "ours/a"):
        (folder / name).mkdir(parents=True)
        cv2.imwrite(str(folder / name / "00000.png"), np.full((8, 8), 2000, np.uint16))
    return [folder / "ours", folder / "truth", "--estimate-png", "mm", "--truth-png", "inverse"]


def tracks(folder: Path) -> list:
    for name in ("truth", "ours"):
        (folder / name).mkdir()
        np.savez(folder / name / "a_tracks.npz", xy=np.ones((3, 5, 2)), visible=np.ones((3, 5), bool))
    (folder / "truth" / "a.json").write_text('{"width": 64, "height": 64}')
    return [folder / "ours", folder / "truth"]


def matches(folder: Path) -> list:
    write(folder / "ours" / "a.txt", curved())
    lens = '{"width": 64, "height": 64, "fx": 50, "fy": 50, "cx": 31.5, "cy": 31.5}'
    (folder / "ours" / "a.intrinsics.json").write_text(lens)
    rows = "clip,time_i,time_j,x_i,y_i,x_j,y_j,width,height\na,0,1,10,10,12,11,64,64\n"
    (folder / "matches.csv").write_text(rows)
    return [folder / "ours", folder / "matches.csv"]


def test_mistakes_are_one_sentence(tmp_path, capsys):
    status, _, err = run(capsys, "evaluate", "pose", tmp_path / "x", tmp_path / "y")
    assert status == 1
    assert err.count("\n") == 1
    status, _, err = run(capsys, "calibrate", tmp_path / "x", tmp_path / "y", "--to", tmp_path / "z.yaml")
    assert (status, "is not the output of a run" in err) == (1, True)


@pytest.mark.parametrize(
    ("places", "named"),
    [(["t"], []), (["a", "b", "t"], []), (["a", "t"], ["m=x"]), (["t"], ["m"]), (["t"], ["m=x", "m=y"])],
)
def test_what_is_estimate_and_what_is_truth_must_be_clear(places, named):
    with pytest.raises(ConfigError):
        methods_of([Path(place) for place in places], named)


def test_a_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "evo.core.metrics", None)
    with pytest.raises(ConfigError, match=r"evo is not installed: pip install .*(evo|\[evaluate\])"):
        report.need("evo.core.metrics")


def test_tables_and_values_have_no_holes_that_look_like_numbers(tmp_path):
    table = Table("t", ["name", "x"], [["a", float("nan")], ["b", None], ["c", 1.0]], decimals=1)
    assert table.text() == "t\nname    x\na       -\nb       -\nc     1.0\n"
    assert plain({"a": [np.float64("nan"), np.int64(3), float("inf")]}) == {"a": [None, 3, None]}
    with pytest.raises(ConfigError, match="nothing to draw"):
        Report([table], {}).write(None, tmp_path / "x.png")
