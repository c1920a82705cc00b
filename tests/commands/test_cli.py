"""The command as users meet it: every mistake is one sentence and an exit status, never a traceback."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from factory.cli import main, module_of
from factory.manifest.read import read_phase
from factory.storage import lease
from factory.storage.output import Storage
from tests.conftest import shifted
from tests.videos import write


def factory(*arguments, cwd=None, env=None, timeout=60):
    """Runs the command; returns (exit status, stdout, stderr)."""
    command = [sys.executable, "-m", "factory", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "200", **(env or {})}
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=timeout)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    write(folder / "one.mp4", shifted(0, 60))
    write(folder / "two.mp4", [*shifted(1, 60), *shifted(2, 60)])
    (folder / "broken.mp4").write_bytes(b"not a video")
    return folder


@pytest.fixture(scope="module")
def output(videos, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "out"
    words = ("pipeline=ingest", "engine=inline", "force=no", "storage.cache_dir=${oc.env:MY_CACHE}")
    env = {"MY_CACHE": str(folder.parent / "hushed")}
    status, out, err = factory("run", f"source={videos}", f"output={folder}", *words, env=env)
    assert status == 0, err
    assert "ingest" in out
    return folder


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["source={videos}"], "output is not given"),
        (["output=o"], "source is not given"),
        (["--source", "{videos}", "output=o"], "there is no option --source: settings have no dashes"),
        (["source=nowhere", "output=o"], "does not exist"),
        (["source={empty}", "output=o"], "no video"),
        (["source={videos}", "output={file}/o"], "cannot write to output"),
        (["source={videos}", "output=o", "workers=0"], "workers=0"),
        (["source={videos}", "output=o", "engine=spark"], "engine=spark is not possible"),
        (["source={videos}", "output=o", "retry=all"], "retry=all is not possible"),
        (["source={videos}", "output=o", "ingest.cut.mim_s=3"], "mim_s"),
        (["source={videos}", "output=o", "profile=quantum"], "quantum"),
        (["source={videos}", "output=o", "+ingest.cut.mim_s=3"], "mim_s"),
    ],
)
def test_what_cannot_be_run_is_one_sentence_and_nothing_is_written(videos, tmp_path, overrides, sentence):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    places = {"videos": videos, "empty": tmp_path / "empty", "file": tmp_path / "file"}
    before = sorted(tmp_path.iterdir())
    status, _, err = factory("run", *(o.format(**places) for o in overrides), cwd=tmp_path)
    assert status == 1
    assert sentence in err
    assert "Traceback" not in err
    assert sorted(tmp_path.iterdir()) == before


def test_sigterm_ends_a_run_as_ctrl_c_does(tmp_path):
    """Schedulers send it; libraries that a run imports answer it with a native stack, and leave the lease."""
    write(tmp_path / "long.mp4", [*shifted(0, 60), *shifted(1, 60)] * 30)
    words = ["run", f"source={tmp_path / 'long.mp4'}", f"output={tmp_path / 'out'}", "pipeline=pose", "engine=inline"]
    command = [sys.executable, "-m", "factory", *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    while "0 of 1" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 143
    assert (
        process.stderr.read().splitlines()[-1] == "factory run: ended by SIGTERM; run the same command again to go on."
    )
    assert not (tmp_path / "out" / "lease.json").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("query", "OUT", "--format", "csv", "SELECT 1"), {"sql": "SELECT 1", "format": "csv"}),
        (("query", "--unsafe", "OUT", "SELECT 1"), {"sql": "SELECT 1", "unsafe": True}),
        (("view", "OUT", "--save", "a.rrd", "good"), {"clip": "good", "save": "a.rrd"}),
        (("report", "OUT", "--copy", "DEST"), {"dest": Path("DEST"), "copy": True}),
        (("weights", "fetch", "--at", "URI", "raft_large"), {"names": ["raft_large"], "at": "URI"}),
        (("evaluate", "pose", "TRUTH", "--method", "a=b"), {"method": ["a=b"]}),
    ],
)
def test_options_may_stand_before_between_and_behind_the_words(monkeypatch, words, expected):
    seen = []
    monkeypatch.setattr(module_of(words[0]), "call", lambda options: seen.append(vars(options)) or 0)
    assert main(words) == 0
    assert seen
    assert {name: seen[0][name] for name in expected} == expected


def test_one_worker_has_room_in_every_phase(videos, tmp_path):
    """A local Ray is started once: by the phase that comes first, which may need less than those after it."""
    words = ("run", f"source={videos / 'one.mp4'}", f"output={tmp_path}", "pipeline=pose", "workers=1")
    status, out, err = factory(*words, "ingest.resources.memory_gb=0.6", timeout=200)
    assert status == 0, err
    assert "pose" in out


def test_a_second_run_on_an_output_is_one_sentence_and_force_lets_it_in(videos, tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "RENEW_S", 0.5)
    words = ("run", f"source={videos}", f"output={tmp_path}", "pipeline=ingest", "engine=inline")
    with lease.held(Storage.at(tmp_path), "the-first", dict, print):
        status, _, err = factory(*words)
        assert (status, len(err.splitlines())) == (1, 2), err  # that it looks, and what it found
        assert f"another run works on {tmp_path} (the-first on" in err
        assert "force=true" in err
        assert not (tmp_path / "ingest").exists()
        status, out, err = factory(*words, "force=true")
        assert status == 0, err
        assert "ingest" in out


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_an_unreadable_folder_is_one_sentence_and_inside_another_a_row(videos, tmp_path):
    source, closed = tmp_path / "videos", tmp_path / "videos" / "closed"
    source.mkdir()
    (source / "v.mp4").write_bytes((videos / "one.mp4").read_bytes())
    closed.mkdir(mode=0o000)
    more = (f"output={tmp_path}/o", "pipeline=ingest", "engine=inline")
    status, _, err = factory("run", f"source={closed}", *more)
    assert (status, "cannot be read" in err) == (1, True)
    assert factory("run", f"source={source}", *more)[0] == 0
    rows = {row["source"]: row for row in read_phase(Storage.at(tmp_path / "o"), "ingest").to_pylist()}
    assert rows[str(source / "v.mp4")]["status"] == "ok"
    assert "cannot be read" in rows[str(closed)]["error"]


def test_the_composed_configuration_is_shown_and_nothing_is_written(tmp_path):
    status, out, _ = factory("run", "source=a", "output=b", "ingest.cut.max_s=7", "--cfg", "job", cwd=tmp_path)
    assert status == 0
    assert "max_s: 7" in out
    assert list(tmp_path.iterdir()) == []


def test_unknown_commands_name_the_known_ones():
    status, _, err = factory("rum")
    assert status == 2
    assert "run, plan" in err
    assert factory("--help")[0] == 0


def test_plan_tells_what_is_left_and_does_nothing(videos, output, tmp_path):
    arguments = [f"source={videos}", "pipeline=ingest"]
    _, out, _ = factory("plan", *arguments, f"output={tmp_path / 'fresh'}")
    assert "ingest" in out
    assert not (tmp_path / "fresh").exists()
    _, out, _ = factory("plan", *arguments, f"output={output}")
    (line,) = [line for line in out.splitlines() if line.split()[:1] == ["ingest"]]
    assert line.split()[1:5] == ["3", "3", "0", "0"]


def test_plan_tells_how_long_what_is_left_takes_and_refuses_what_cannot_fit(videos, output):
    arguments = [f"source={videos}", f"output={output}", "pipeline=ingest", "ingest.cut.max_s=7"]
    _, out, _ = factory("plan", *arguments, "workers=1")
    (line,) = [line for line in out.splitlines() if line.split()[:1] == ["ingest"]]
    words = line.split()
    assert words[3] == "3"
    assert float(words[-2]) >= 0.0  # hours; ? where nothing is known
    status, _, err = factory("plan", *arguments, "ingest.resources.memory_gb=100000")
    assert status == 1
    assert "phase ingest cannot have 1 workers of 1 CPUs and 100000 GB each: 0 fit" in err


def test_status_and_queries_add_up(output):
    status, out, _ = factory("status", output)
    assert status == 0
    line, *_ = [line for line in out.splitlines() if line.split()[:1] == ["ingest"]]
    assert line.split()[1:5] == ["4", "3", "0", "1"]
    _, out, _ = factory(
        "query", output, "SELECT status, count(*) AS n FROM ingest GROUP BY 1 ORDER BY 1", "--format", "json"
    )
    assert json.loads(out) == [{"status": "failed", "n": 1}, {"status": "ok", "n": 3}]
    _, out, _ = factory("query", output, "SELECT status FROM ingest ORDER BY 1", "--format", "csv")
    assert out.splitlines() == ["status", "failed", "ok", "ok", "ok"]


def test_who_reads_only_the_beginning_is_not_complained_to(output):
    sql = "SELECT i.clip_id FROM ingest i, range(100000)"
    command = [sys.executable, "-m", "factory", "query", str(output), sql, "--format", "csv"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "clip_id\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) in (0, 128 + signal.SIGPIPE)  # some writers of text do not notice


@pytest.mark.parametrize("words", [["help"], ["run", "--help-all"], ["query", "--help"]])
def test_who_reads_no_help_is_not_complained_to(words):
    command = [sys.executable, "-m", "factory", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) in (0, 128 + signal.SIGPIPE)  # argparse does not notice


def test_what_is_kept_of_a_run_is_what_was_written_not_what_the_environment_held(output):
    (config,) = {row["config"] for row in read_run(Storage.at(output))}
    kept = yaml.safe_load(config)
    assert (kept["storage"]["cache_dir"], kept["force"]) == ("${oc.env:MY_CACHE}", False)
    assert "hushed" not in config


def read_run(storage):
    return [row for file in storage.run_files() for row in storage.place.table(file, ["config"]).to_pylist()]


def test_a_closed_connection_does_not_end_the_process():
    """By SIGPIPE it would: that of a pipe is not told from that of a socket to a store that has gone away."""
    from factory.cli import main

    main(["--version"])
    main(["query", "/nowhere", "SELECT 1"])
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN


def test_queries_that_cannot_be_run_say_why(output, tmp_path):
    assert factory("query", output, "SELECT x FROM ingest")[::2][0] == 1
    status, _, err = factory("status", tmp_path / "nowhere")
    assert (status, "is not the output of a run" in err) == (1, True)


def test_an_output_without_poses_has_nothing_to_export(output, tmp_path):
    status, _, err = factory("export", output, tmp_path / "dest", "--format", "tum")
    assert (status, "holds no poses" in err) == (1, True)
    assert not (tmp_path / "dest").exists()


def test_doctor_finds_a_healthy_installation():
    status, out, _ = factory("doctor")
    assert status == 0, out
    assert "frames encoded and decoded" in out
    assert "model flow=raft" in out


def test_paths_may_hold_what_hydra_s_grammar_would_trip_over(tmp_path):
    folder = tmp_path / "a, b [c] it's=d"
    folder.mkdir()
    write(folder / "one.mp4", shifted(0, 60))
    status, _, err = factory("run", f"source={folder}", f"output={folder}/out", "pipeline=ingest", "engine=inline")
    assert status == 0, err
    assert (folder / "out" / "ingest").is_dir()


def test_a_cluster_that_is_not_there_is_one_sentence(videos, tmp_path):
    arguments = [f"source={videos}", f"output={tmp_path}/o", "pipeline=ingest", "profile=cluster"]
    status, _, err = factory("run", *arguments, env={"RAY_ADDRESS": "127.0.0.1:1"})
    assert status == 1
    assert "no Ray cluster answers at 127.0.0.1:1" in err
    assert "Traceback" not in err
