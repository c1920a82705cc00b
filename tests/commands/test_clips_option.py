"""`--clips`: what `split`, `sample` and `duplicates` have written chooses what is exported, split again, read."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.cli import main
from factory.data import ClipDataset
from factory.errors import ConfigError
from tests.commands.test_subsets import ROWS, commit, rows_of


def call(*words):
    return main([str(word) for word in words])


@pytest.fixture
def splits(posed, tmp_path):
    """As `factory split` writes it: `good` is in train, `pure_rotation` in test."""
    assert call("split", posed.storage.root, tmp_path / "splits.parquet") == 0
    table = pq.read_table(tmp_path / "splits.parquet")
    named = pa.array(["train" if "good" in source else "test" for source in table["source"].to_pylist()])
    pq.write_table(table.set_column(table.column_names.index("split"), "split", named), tmp_path / "splits.parquet")
    return tmp_path / "splits.parquet"


def test_the_clips_of_one_split_are_exported(posed, splits, tmp_path, capsys):
    for split, name in (("train", "good"), ("test", "pure_rotation")):
        for kind in ("tum", "huggingface", "re10k"):
            words = ("--format", kind, "--clips", splits, "--where", f"split = '{split}'")
            assert call("export", posed.storage.root, tmp_path / kind / split, *words) == 0
            assert "1 clip written" in capsys.readouterr().out
        assert {path.name.partition(".")[0] for path in (tmp_path / "tum" / split).iterdir()} == {name}
        assert [path.stem for path in (tmp_path / "re10k" / split).iterdir()] == [name]
        (row,) = pq.read_table(tmp_path / "huggingface" / split / "data").to_pylist()
        assert row["source"] == f"{name}.mp4"


def test_a_file_chooses_without_a_condition_and_its_spans_do_not_hide_those_of_the_phase(posed, splits, tmp_path):
    """`source` stands in both: the phase's is meant."""
    output = posed.storage.root
    pq.write_table(pq.read_table(splits).slice(0, 1), tmp_path / "one.parquet")
    assert call("export", output, tmp_path / "a", "--format", "tum", "--clips", tmp_path / "one.parquet") == 0
    assert len(list((tmp_path / "a").glob("*.txt"))) == 1
    words = ("--format", "tum", "--clips", splits, "--where", "source LIKE '%good%' AND split = 'test'")
    assert call("export", output, tmp_path / "b", *words) == 0
    assert not (tmp_path / "b").exists()


def test_loaders_read_one_split(posed, splits):
    (clip,) = posed.clips("split = 'train'", clips=splits)
    assert "good" in clip["source"]
    assert posed.ids("split = 'test'", "pose", splits) == [posed.find("pure_rotation").clip_id]
    windows = ClipDataset(posed, length=4, where="split = 'train'", clips=str(splits))
    assert {windows.place(number)[0] for number in range(len(windows))} == {clip.clip_id}
    with pytest.raises(ConfigError, match="of 0 clips"):
        ClipDataset(posed, length=4, where="split = 'validation'", clips=splits)


def test_near_duplicates_are_left_out_of_a_split(tmp_path):
    output = commit(tmp_path / "out", ROWS)
    assert call("duplicates", output, "--to", tmp_path / "d.parquet") == 0
    words = ("--clips", tmp_path / "d.parquet", "--where", "near_duplicate_of IS NULL")
    assert call("split", output, tmp_path / "s.parquet", *words) == 0
    found = rows_of(tmp_path / "s.parquet")
    assert (len(found), "a0" in found, "b0" in found) == (34, False, True)


def test_queries_have_the_file_as_a_table(posed, splits, capsys):
    sql = "SELECT split, count(*) AS n FROM pose JOIN clips USING (clip_id) GROUP BY 1 ORDER BY 1"
    assert call("query", posed.storage.root, sql, "--clips", splits, "--format", "csv") == 0
    assert capsys.readouterr().out == "split,n\ntest,1\ntrain,1\n"
    assert call("query", posed.storage.root, "SELECT 1", "--clips", splits, "--unsafe") == 1
    assert f"FROM '{splits}'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        ({"clip_id": ["elsewhere"]}, "lists no clip of phase pose"),
        ({"id": ["a"]}, "has no column clip_id"),
        (None, "cannot be read as Parquet"),
    ],
)
def test_another_file_is_one_sentence_and_nothing_is_written(posed, tmp_path, capsys, made, sentence):
    if made:
        pq.write_table(pa.table(made), tmp_path / "f.parquet")
    words = ("--format", "tum", "--clips", tmp_path / "f.parquet")
    assert call("export", posed.storage.root, tmp_path / "dest", *words) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "dest").exists()
