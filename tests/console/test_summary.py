"""What stands on the screen when a run has ended."""

from datetime import datetime

import pytest

from factory.console.summary import TOP, print_summary
from factory.console.tables import as_typed, duration, print_table, program
from factory.manifest.funnel import funnels
from factory.phases.run import Summary
from factory.storage.output import Storage
from tests.console.manifests import write_output


def summary(phase: str, inputs: int, todo: int, **more) -> Summary:
    made = Summary(phase, inputs, inputs - todo, datetime.now(), todo, wall_s=61.0)
    for name, counts in more.items():
        getattr(made, name).update(counts)
    return made


@pytest.fixture
def screen(tmp_path, monkeypatch, capsys):
    """Prints the end of a run on an output whose name rich would take for markup; gives the lines."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    storage = Storage.at(tmp_path / "out [v1] :smile:")
    write_output(storage)

    def show(*summaries, verbose=False):
        capsys.readouterr()
        print_summary(summaries, funnels(storage), storage.root, verbose)
        return capsys.readouterr().out.splitlines()

    return show


RUN = (
    summary("ingest", 5, 5, counts={"ok": 123_456, "failed": 1}, errors={"cannot be decoded (VideoError)": 1}),
    summary(
        "filter", 123_456, 4, counts={"ok": 3, "rejected": 111_111}, reasons={f"reason {n}": 9 - n for n in range(6)}
    ),
    summary("pose", 3, 3, counts={"ok": 2, "rejected": 1}, stage_seconds={"SolveCamera": 12.0}),
)


def test_the_end_of_a_run_is_its_funnel_the_top_reasons_and_what_comes_next(screen):
    lines = screen(*RUN)
    table = {line.split()[0]: line.split()[1:] for line in lines if line.startswith(("ingest", "filter", "pose"))}
    assert table == {
        "ingest": ["5", "sources", "123456", "0", "1", "1", "min", "01", "s"],
        "filter": ["123456", "clips", "123452", "3", "111111", "0", "1", "min", "01", "s"],
        "pose": ["3", "clips", "2", "1", "0", "1", "min", "01", "s"],
    }
    assert "done in 3 min 03 s" in lines[0]
    text = "\n".join(lines)
    assert text.count("reason ") == TOP
    assert "filter  15  for 3 other reasons" in text
    assert "ingest  1  cannot be decoded (VideoError)" in text
    assert "The output holds 4 clips of 5 sources: 2 passed pose." in lines
    assert "  factory status 'out [v1] :smile:'" in lines
    assert """  factory query 'out [v1] :smile:' "SELECT * FROM pose\"""" in lines
    assert "1 failure: the same `factory run` with retry=failed tries again." in lines


def test_commands_to_copy_are_found_by_the_shell(tmp_path, monkeypatch):
    """The name where it is on the PATH, else the path by which the command was called."""
    command = tmp_path / ".venv" / "bin" / "factory"
    command.parent.mkdir(parents=True)
    command.write_text("#!/bin/sh")
    command.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for called, path, told in (
        (".venv/bin/factory", "/nowhere", ".venv/bin/factory"),
        (str(command), "/nowhere", ".venv/bin/factory"),
        (str(command), str(command.parent), "factory"),
        ("/usr/lib/factory/__main__.py", "/nowhere", "factory"),
    ):
        monkeypatch.setattr("sys.argv", [called])
        monkeypatch.setenv("PATH", path)
        assert program() == told


def test_it_fits_80_columns_and_prints_names_as_they_are(screen, tmp_path):
    lines = screen(*RUN)
    assert str(tmp_path / "out [v1] :smile:") in lines[0]
    assert max(map(len, lines[1:])) <= 80
    assert "\u2026" not in "\n".join(lines)
    assert len(lines) <= 24


def test_cells_are_printed_as_they_are(capsys):
    print_table("of [v1]", ("", "n"), [["[red] :smile:", "[1]"]])
    assert "[red] :smile:" in capsys.readouterr().out


def test_names_stand_to_the_left_and_figures_to_the_right(capsys):
    print_table("", ("", "n", "licence"), [["a", "1", "MIT"], ["bb", "10", "Apache-2.0"]])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[3:5] == ["a    1  MIT", "bb  10  Apache-2.0"]


def test_stages_are_for_those_who_ask(screen):
    assert "SolveCamera" not in "\n".join(screen(*RUN))
    assert "SolveCamera" in "\n".join(screen(*RUN, verbose=True))


def test_a_run_that_found_nothing_to_do_says_so_with_what_is_there(screen):
    lines = screen(summary("ingest", 5, 0), summary("filter", 4, 0), summary("pose", 3, 0))
    assert lines[0] == "nothing left to do: 5 of 5 sources done before"
    table = {line.split()[0]: line.split()[1:5] for line in lines if line.startswith(("ingest", "filter", "pose"))}
    assert table == {
        "ingest": ["5", "4", "0", "1"],
        "filter": ["4", "3", "1", "0"],
        "pose": ["3", "2", "1", "0"],
    }


def test_each_reason_counts_a_clip_once(tmp_path):
    storage = Storage.at(tmp_path)
    write_output(storage)
    pose = funnels(storage)[2]
    assert (pose.phase, pose.counts["rejected"]) == ("pose", 1)
    assert dict(pose.reasons) == {
        "the solve may follow a moving object": 1,
        "too few points join two parts of the clip": 1,
    }


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0 s"), (3.14, "3.1 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (125, "2 min 05 s"),
        (3599.7, "1 h 00 min"), (11_220, "3 h 07 min"), (187_300, "2 d 4 h"),
    ],
)  # fmt: skip
def test_durations_are_said_as_people_say_them(seconds, words):
    assert duration(seconds) == words


def test_a_place_is_named_as_a_shell_takes_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert as_typed(str(tmp_path / "out")) == "out"
    assert as_typed(str(tmp_path / "it's")) == """'it'"'"'s'"""
    assert as_typed("/elsewhere/out") == "/elsewhere/out"
    assert as_typed("s3://bucket/out") == "s3://bucket/out"
