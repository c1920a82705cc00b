"""A cache in a place that others can write to is this user's alone, or refused: nothing of a stranger's is followed."""

import os
import stat
import tempfile
from pathlib import Path

import pytest

from factory.errors import OutputError
from factory.storage.cache import SourceCache
from factory.storage.private import own_cache
from factory.storage.shelf import Shelf
from tests.web import Answer

MINE = f"factory-cache-{os.getuid()}"


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """A temporary folder that all users share, and no home."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return folder


def test_it_lies_in_the_user_s_own_cache_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert own_cache(None) == tmp_path / ".cache" / "factory"
    assert stat.S_IMODE((tmp_path / ".cache" / "factory").stat().st_mode) == 0o700
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert own_cache(None) == tmp_path / "xdg" / "factory"
    (tmp_path / "xdg" / "factory").chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert own_cache(None) == tmp_path / MINE


def test_without_a_home_it_is_a_folder_of_one_s_own_in_the_temporary_one(shared):
    assert own_cache(None) == own_cache(None) == shared / MINE
    assert stat.S_IMODE((shared / MINE).stat().st_mode) == 0o700
    assert own_cache(str(shared)) == shared / MINE  # one that is given and shared, too


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda path: path.symlink_to(path.parent.parent / "victim"), "is a link"),
        (lambda path: path.write_text(""), "is a file"),
        (lambda path: (path.mkdir(), path.chmod(0o777)), "can be written to by other users"),
        pytest.param(
            lambda path: (path.mkdir(), os.chown(path, 65534, 65534)),
            "belongs to another user",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away"),
        ),
    ],
)
def test_a_folder_that_a_stranger_has_made_is_refused(shared, made, told):
    victim = shared.parent / "victim"
    victim.mkdir()
    (victim / "lock-budget").write_text("dear to somebody")
    made(shared / MINE)
    for given in (None, str(shared)):
        with pytest.raises(OutputError, match=rf"{MINE} {told}: set storage\.cache_dir"):
            own_cache(given)
    assert (victim / "lock-budget").read_text() == "dear to somebody"


def test_no_link_is_followed_and_nothing_else_in_the_folder_is_touched(web, tmp_path):
    web.answers["/v.mp4"] = Answer(b"video" * 100)
    victim, others = tmp_path / "victim", tmp_path / "cache" / "thesis.docx"
    victim.write_text("dear to somebody")
    others.parent.mkdir()
    others.write_text("not ours")
    (tmp_path / "cache" / "folder").mkdir()
    cache = SourceCache(str(tmp_path / "cache"), budget_gb=6e-7)
    held = cache.hold(f"{web.root}/v.mp4")
    held.release()
    held.path.unlink()
    held.path.symlink_to(victim)
    again = cache.hold(f"{web.root}/v.mp4")
    assert (again.path.is_symlink(), again.path.read_bytes()) == (False, b"video" * 100)
    again.release()
    web.answers["/w.mp4"] = Answer(b"other" * 100)
    cache.hold(f"{web.root}/w.mp4").release()
    assert not again.path.exists()
    (tmp_path / "cache" / "lock-budget").unlink()
    (tmp_path / "cache" / "lock-budget").symlink_to(victim)
    with (
        pytest.raises(OutputError, match=r"lock-budget cannot be opened"),
        Shelf(others.parent, 1, 0)._locked("lock-budget"),
    ):
        pass
    assert (victim.read_text(), others.read_text()) == ("dear to somebody", "not ours")


def test_locks_are_not_emptied(tmp_path):
    Path(tmp_path / "lock-budget").write_text("content")
    with Shelf(tmp_path, 1, 0)._locked("lock-budget"):
        assert (tmp_path / "lock-budget").read_text() == "content"
