"""The command before a person: an interactive shell under a pseudo-terminal, with a real FFmpeg on the PATH."""

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, shifted
from tests.terminal.shell import Shell
from tests.videos import write

imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="the extra `dev` is not installed: no FFmpeg to try")
FACTORY = f"{sys.executable} -m factory"


@pytest.fixture
def shell(tmp_path):
    """In a folder with `videos`; its PATH begins with FFmpeg's command."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    (tmp_path / "videos").mkdir()
    write(tmp_path / "videos" / "one.mp4", shifted(0, 60))
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    shell = Shell({**os.environ, "PATH": path, "TERM": "xterm", "COLUMNS": "100", "PYTHONPATH": str(ROOT)})
    shell.start(f"cd {tmp_path}")
    assert shell.status(5) == 0
    yield shell
    shell.close()


def run(output: str, *more: str) -> str:
    return f"{FACTORY} run source=videos output={output} pipeline=ingest storage.cache_dir=cache {' '.join(more)}"


def test_ffmpeg_is_what_stops_a_process_in_the_background(shell):
    """Else the tests below could not fail."""
    shell.start("ffmpeg -v quiet & sleep 1; jobs")
    assert shell.wait_for("Stopped", 10)


def test_the_main_command_ends_in_a_terminal_and_leaves_nothing(shell):
    shell.start(run("out"))
    assert shell.status(60) == 0, shell.said
    assert "1 passed ingest" in shell.said
    assert shell.gone(20) == []


def test_the_command_works_in_the_background_of_a_terminal(shell):
    shell.start(f"({run('out', 'engine=inline')}; echo en''ded=$?) &")
    assert shell.wait_for(r"ended=(\d+)", 60)[1] == "0"


@pytest.mark.parametrize("engine", ["inline", "ray"])
def test_what_works_has_no_terminal_whatever_a_library_does_to_it(shell, tmp_path, engine):
    told = tmp_path / "told"
    shell.start(f"{sys.executable} -m tests.terminal.driver out {engine} {told}")
    assert shell.status(60) == 0, shell.said
    assert "'ok': 1" in shell.said
    assert told.read_text() == "none"


def test_ctrl_c_is_one_line_and_leaves_nothing(shell, tmp_path):
    _lengthen(tmp_path)
    shell.start(run("out"))
    _wait_for_a_process(shell, "Worker", 40)
    shell.send("\x03")
    assert shell.status(30) == 130
    after = shell.said.partition("^C")[2]  # first: the terminal cuts what it was printing, amid a sequence too
    after = re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", after)  # without what moves the cursor
    lines = [line for line in after.splitlines() if line.strip(" >") and "0/1" not in line and "status=" not in line]
    assert lines == ["factory run: interrupted; run the same command again to go on."]
    assert shell.gone(20) == []


def test_ctrl_c_while_an_inline_run_starts_its_child_is_one_line(shell, tmp_path):
    _lengthen(tmp_path)
    for wait_s in (0.0, 0.1, 0.3):  # into its first instructions, its imports
        shell.start(run(f"out-{wait_s}", "engine=inline"))
        _wait_for_a_process(shell, "spawn_main", 40)
        time.sleep(wait_s)
        shell.send("\x03")
        assert shell.status(30) == 130
        assert "Traceback" not in shell.said, shell.said
        assert shell.gone(10) == []


def test_ctrl_z_stops_an_inline_run_and_fg_goes_on(shell, tmp_path):
    shell.start(run("out", "engine=inline"))
    _wait_for_a_process(shell, "spawn_main", 40)
    shell.send("\x1a")
    shell.wait_for("status=148", 10)  # of the command line that was stopped; that of `fg` comes after it
    _wait_for(shell.stopped, "spawn_main", 10)  # the shell knows only of its own child, this one may stop after it
    shell.start("fg")
    assert shell.status(60) == 0, shell.said
    assert Path(tmp_path / "out" / "ingest").is_dir()


def _lengthen(folder: Path) -> None:
    """A source that takes so long that no run of it is over before it is interrupted."""
    write(folder / "videos" / "one.mp4", [*shifted(0, 60), *shifted(1, 60)] * 25)


def _wait_for_a_process(shell: Shell, name: str, seconds: float) -> None:
    _wait_for(shell.words, name, seconds)


def _wait_for(words: Callable[[], list[str]], name: str, seconds: float) -> None:
    """Until a command line in what is asked has the name in it."""
    end = time.monotonic() + seconds
    while not any(name in line for line in words()):
        assert time.monotonic() < end, f"no {name} in {words()}"
        time.sleep(0.02)
