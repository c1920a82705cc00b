"""What the pages are told is what the manifests say, and the folder is whole wherever it lies."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.cli import main
from factory.data.opened import Output
from factory.phases.pose import _trust
from factory.report.checks import accept_rule, filter_bounds, pose_checks
from factory.report.serve import server
from factory.report.shards import plain, write_shard
from factory.report.spread import histogram
from factory.report.write import write_report
from factory.storage.output import Storage
from factory.trust.predicted import Prediction
from factory.trust.rule import AcceptRule
from factory.trust.worth import Trust
from tests.console.manifests import write_output as write_few
from tests.report.made import HOSTILE, write_output
from tests.trust.test_rule import GOOD, TURN

share = st.one_of(st.none(), st.floats(0, 1))


def read(report: Path, name: str):
    """The value of a shard; a page takes it by running the script."""
    text = (report / "data" / f"{name}.js").read_text()
    found = re.fullmatch(r'\(self\.FACTORY\?\?=\{\}\)\["([^"]+)"\]=(.*)\n', text)
    assert found[1] == name
    return json.loads(found[2])


@given(st.text(), st.floats())
def test_what_a_shard_is_given_comes_back_and_is_no_markup(text, value):
    told = {"text": text + "</script><!--", "value": plain(value), "\u2028": None}
    with tempfile.TemporaryDirectory() as folder:
        write_shard(Path(folder) / "data", "one", told)
        content = (Path(folder) / "data/one.js").read_bytes()
        assert read(Path(folder), "one") == told
    assert content.isascii()
    assert b"<" not in content


def test_a_lone_surrogate_goes_into_a_shard(tmp_path):
    write_shard(tmp_path / "data", "one", "caf\udce9.mp4")
    assert read(tmp_path, "one") == "caf\udce9.mp4"


@given(
    st.sampled_from([GOOD, TURN]), st.floats(0, 1), st.floats(0, 1), share, share, share, st.floats(0, 1),
    st.integers(0, 60), st.floats(0, 1), st.booleans(),
)  # fmt: skip
def test_the_checks_of_a_pose_say_what_the_rule_says(
    signals, registered, win, weakest, border, lower, supported, bridge, explained, rolling
):  # fmt: skip
    signals = replace(
        signals, registered=registered, ring_win=win, weakest_win=weakest, border_rival=border, lower_rival=lower,
        supported=supported, bridge=bridge, explained=explained, rolling=rolling,
    )  # fmt: skip
    trust = Trust(signals, Prediction()(signals), None, (), False, False)
    row = _trust(trust) | {"registered_ratio": registered, "rotation_only": signals.rotation_only, "method": "global"}
    row["readout_s"] = 0.02 if rolling else None
    broken = {check.name for check in pose_checks(AcceptRule(), row) if check.broken}
    assert broken == {reason.partition(":")[0] for reason in AcceptRule().objections(signals)}


def test_the_checks_of_the_filter_say_what_it_said(made):
    bounds = filter_bounds(made, "filter")
    for row in made.arrow("filter").to_pylist():
        broken = {check.name for check in bounds.checks(row) if check.broken}
        named = {reason.partition(":")[0].partition(" (")[0] for reason in row["reasons"]}
        assert broken - {"score"} == named - {"score"}
        assert named <= broken


def test_the_rule_is_that_of_the_run(tmp_path):
    storage = write_output(tmp_path, 20)
    assert accept_rule(Output(storage), "pose") == AcceptRule(min_quality="silver")


@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), max_size=60), st.lists(st.floats(1e-3, 1e3)))
def test_a_histogram_counts_every_known_value_once_and_reaches_to_its_bounds(values, bounds):
    given_, odd = np.array(values, float), np.arange(len(values)) % 2 == 1
    told = histogram(given_, {"odd": odd, "even": ~odd}, bounds)
    known = np.isfinite(given_)
    assert told["known"] == known.sum()
    assert sum(told["counts"]["odd"]) == (known & odd).sum()
    assert sum(told["counts"]["even"]) == (known & ~odd).sum()
    if known.any():
        assert all(told["edges"][0] <= plain(bound) <= told["edges"][-1] for bound in bounds)


def test_the_run_in_numbers_is_that_of_sql(made, report):
    told = read(report, "overview")
    for phase in told["phases"]:
        counts = made.sql(f"SELECT status, count(*) FROM {phase['phase']} GROUP BY 1").fetchall()
        assert {status: phase[status] for status, _ in counts} == dict(counts)
    tiers = {tier["name"]: tier["clips"] for tier in told["quality"]["tiers"]}
    assert tiers == dict(made.sql("SELECT quality, count(*) FROM pose WHERE quality IS NOT NULL GROUP BY 1").fetchall())
    brightness = next(feature for feature in told["features"] if feature["name"] == "brightness")
    ((beyond, passed),) = made.sql(
        "SELECT count(*) FILTER (brightness < 20), count(*) FILTER (status = 'ok') FROM filter"
    ).fetchall()
    assert (brightness["bounds"][0]["broken"], sum(brightness["counts"]["passed"])) == (beyond, passed)
    (cost,) = [cost for cost in told["costs"] if cost["phase"] == "pose"]
    assert (cost["wall_s"], cost["cpu_s"], cost["per_hour"]) == (70.0, 4000.0, plain(3600 * cost["made"] / 70))


def test_each_clip_has_one_line_and_one_entry(made, report):
    told = read(report, "overview")
    lines = [clip for part in range(told["shards"]) for clip in read(report, f"clips-{part:03d}")["id"]]
    assert sorted(lines) == sorted(made.sql("SELECT clip_id FROM ingest").arrow().read_all()["clip_id"].to_pylist())
    entries = [clip for part in range(len(told["firsts"])) for clip in read(report, f"details-{part:03d}")]
    assert [clip["id"] for clip in entries] == sorted(lines)
    assert {clip["source"] for clip in entries} >= {f"/v/{name}" for name in HOSTILE}


def test_a_file_that_is_gone_is_named_on_the_clip_s_page(tmp_path):
    output = Output(write_output(tmp_path / "out", 20))
    ((clip_id, points),) = output.sql("SELECT clip_id, points FROM pose ORDER BY 1 LIMIT 1").fetchall()
    (tmp_path / "out" / points).unlink()
    report = tmp_path / "report"
    write_report(output, report)
    (clip,) = [clip for clip in read(report, "details-000") if clip["id"] == clip_id]
    assert "does not exist" in clip["unread"][0]
    assert "points" not in clip
    assert len(clip["moving"]) == 40


def test_copied_previews_make_a_folder_of_its_own(made, tmp_path, capsys):
    assert main(["report", made.storage.root, str(tmp_path / "given"), "--copy"]) == 0
    assert "120 clips" in capsys.readouterr().out
    told = read(tmp_path / "given", "clips-000")
    shown = [path for name in ("preview", "poster") for path in told[name] if path is not None]
    assert shown
    assert all(path.startswith("previews/") and (tmp_path / "given" / path).is_file() for path in shown)


def test_a_bucket_s_report_lies_on_this_machine_with_its_previews(bucket, tmp_path, capsys):
    write_output(f"{bucket}/out", 12)
    assert main(["report", f"{bucket}/out"]) == 1
    assert "is in a bucket: give DEST" in capsys.readouterr().err
    assert main(["report", f"{bucket}/out", str(tmp_path)]) == 0
    shown = [path for path in read(tmp_path, "clips-000")["preview"] if path is not None]
    assert shown
    assert all((tmp_path / path).is_file() for path in shown)


def test_a_refreshed_report_keeps_nothing_of_the_one_before(tmp_path):
    report = tmp_path / "report"
    write_report(Output(write_output(tmp_path / "many", 450, artifacts=False)), report)
    assert (report / "data/details-002.js").exists()
    write_report(Output(write_output(tmp_path / "few", 20, artifacts=False)), report)
    assert sorted(path.name for path in (report / "data").iterdir()) == [
        "clips-000.js",
        "details-000.js",
        "overview.js",
    ]


def test_an_output_of_an_older_release_has_a_report_too(tmp_path):
    """Without features, files or a configuration that says how the filter judged."""
    storage = Storage.at(tmp_path / "out")
    write_few(storage)
    write_report(Output(storage), tmp_path / "report")
    told = read(tmp_path / "report", "overview")
    assert [phase["phase"] for phase in told["phases"]] == ["ingest", "filter", "pose"]
    assert read(tmp_path / "report", "clips-000")["preview"] == [None] * 5


def test_a_run_without_filter_and_poses_has_a_report(tmp_path):
    storage = Storage.at(tmp_path / "out")
    write_few(storage)
    for phase in ("filter", "pose"):
        for part in storage.parts(phase):
            storage.place.delete(part.uri)
    write_report(Output(storage), tmp_path / "report")
    told = read(tmp_path / "report", "overview")
    assert "quality" not in told
    assert "features" not in told
    assert read(tmp_path / "report", "clips-000")["phase"] == [0] * 5


def test_labels_add_precision_and_recall(made, tmp_path):
    labels = tmp_path / "labels.csv"
    good = made.ids("status = 'ok'", "filter")[:20]
    names = [source for (source,) in made.sql("SELECT source FROM filter WHERE source LIKE '%video-0%'").fetchall()]
    kept = {made.clip(clip_id)["source"] for clip_id in good}
    rows = [f"{Path(name).name},{int(name in kept)},made" for name in names]
    labels.write_text("\n".join(["file,suitable,why", *rows]))
    write_report(made, tmp_path / "report", labels=labels)
    told = read(tmp_path / "report", "overview")["labels"]
    assert told["recall"] == 1.0
    assert 0 < told["precision"] < 1
    assert len(told["curve"]["recall"]) == len(told["curve"]["precision"]) > 2


def test_rejected_clips_of_this_machine_have_a_still(tmp_path):
    from tests.conftest import shifted
    from tests.videos import write

    (tmp_path / "videos").mkdir()
    write(tmp_path / "videos/one.mp4", [*shifted(0, 12), *shifted(1, 60)])  # the first shot is too short
    assert main(["run", f"source={tmp_path}/videos", f"output={tmp_path}/out", "pipeline=ingest", "engine=inline"]) == 0
    write_report(Output.at(tmp_path / "out"), tmp_path / "report")
    told = read(tmp_path / "report", "clips-000")
    assert sorted(zip(told["status"], [path is not None for path in told["poster"]], strict=True)) == [
        ("ok", False), ("rejected", True),
    ]  # fmt: skip


def test_the_loopback_has_pages_and_previews_and_nothing_else(made, report):
    with server(report.parent) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{running.server_address[1]}"
        ((preview,),) = made.sql("SELECT preview FROM pose LIMIT 1").fetchall()
        for path in ("report/index.html", preview):
            assert urlopen(f"{base}/{path}").status == 200
        part = next(iter(made.storage.parts("pose"))).uri.removeprefix(made.storage.root)
        for path in (
            part,
            "/",
            "/report/",
            "/report/../pose/",
            "/%2e%2e/",
            "//etc/passwd",
            "/report/%2e%2e/lease.json",
        ):
            if path == "/report/":
                continue
            with pytest.raises(HTTPError, match="404"):
                urlopen(f"{base}{path}")
        running.shutdown()


def test_view_without_a_clip_shows_the_report_until_it_is_interrupted(made):
    command = [sys.executable, "-m", "factory", "view", made.storage.root]
    environment = {**os.environ, "BROWSER": "true"}  # a command that opens nothing
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        address = process.stdout.readline().partition(": Ctrl-C")[0]
        assert address.startswith("http://127.0.0.1:")
        assert b"overview.js" in urlopen(address).read()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_view_saves_clips_alone(made, capsys):
    assert main(["view", made.storage.root, "--save", "x.rrd"]) == 1
    assert "one clip: say which" in capsys.readouterr().err


def test_without_plotly_one_sentence_says_what_to_install(made, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    assert main(["report", made.storage.root, str(tmp_path / "r")]) == 1
    assert "Plotly is not installed: pip install" in capsys.readouterr().err
    assert not (tmp_path / "r" / "data").exists()
