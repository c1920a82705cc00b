import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import StorageError
from factory.storage.names import file_uri_path, real_path, shown_path, without_secrets
from factory.storage.places import normal

PATHS = st.binary(min_size=1, max_size=12).filter(lambda raw: b"\0" not in raw).map(lambda raw: b"/" + raw)


@given(PATHS)
def test_every_name_of_a_file_has_a_spelling_that_leads_back_to_it(raw):
    name = shown_path(os.fsdecode(raw))
    assert os.fsencode(real_path(name)) == raw
    assert name.encode().decode() == name
    if not name.startswith("file://"):
        assert name.encode() == raw


def test_a_name_is_the_same_under_a_locale_that_knows_no_accents(tmp_path):
    (tmp_path / "é.mp4").write_bytes(b"")
    code = """if True:
        import os, sys
        from factory.storage.names import real_path, shown_path
        (name,) = [shown_path(n) for n in os.listdir(sys.argv[1])]
        assert sys.getfilesystemencoding() == "ascii", sys.getfilesystemencoding()
        assert os.path.exists(f"{sys.argv[1]}/{real_path(name)}")
        print(name.encode().hex())"""
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    told = subprocess.run([sys.executable, "-c", code, tmp_path], env=env, capture_output=True, text=True, check=True)
    assert bytes.fromhex(told.stdout.strip()).decode() == "é.mp4"


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("https://me:word@h.example:8/a/b.mp4?X-Sig=1#t", "https://h.example:8/a/b.mp4"),
        ("HTTP://h?key=1", "http://h"),
        ("https://h/@user/v.mp4", "https://h/@user/v.mp4"),
        ("s3://key:word@bucket/a?b#c", "s3://bucket/a?b#c"),
        ("s3://bucket/a@b?c", "s3://bucket/a@b?c"),
        ("/a/b?c@d", "/a/b?c@d"),
    ],
)
def test_what_is_shown_holds_no_secret(uri, name):
    assert without_secrets(uri) == name


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a%20b/c.mp4", "/a b/c.mp4"),
        ("file://localhost/a", "/a"),
        ("FILE:/a%C3%A9", "/aé"),
        ("file:///50%25.mp4", "/50%.mp4"),
        ("file://elsewhere/a", None),
    ],
)
def test_file_uris_are_decoded(uri, path):
    assert file_uri_path(uri) == path
    if path is not None:
        assert normal(uri) == path


@pytest.mark.parametrize("uri", ["ftp://h/x", "file://elsewhere/x", "s3://", "s3://key:word@bucket/x", "gs://b/x"])
def test_other_places_are_refused_in_one_sentence(uri):
    with pytest.raises(StorageError) as caught:
        normal(uri)
    assert "word" not in str(caught.value)
