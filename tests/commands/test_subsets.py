"""`duplicates`, `split` and `sample` on an output, as users call them."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.cli import main
from factory.export.selection import Selection
from factory.manifest.schema import COMMON, FILTER, INGEST, column, schema
from factory.manifest.write import parquet_of_rows
from factory.near_duplicates.signature import signature
from factory.storage.output import Storage
from factory.subsets.clips import chosen, signed
from tests.near_duplicates.pictures import natural

PLACE = column("place", pa.string(), "of a stage of one's own")


def looks(*seeds, mirrored=False):
    pictures = (natural(seed) for seed in seeds)
    return [signature(picture[:, ::-1] if mirrored else picture) for picture in pictures]


def row(clip, source, signatures, status="ok", width=640, start_s=0.0):
    fields = {"clip_id": clip, "source": f"/{source}.mp4", "source_start_s": start_s, "source_end_s": start_s + 4}
    known = {"status": status, "reasons": [], "fingerprint": "f", "attempt": 1, "content_hash": f"bytes of {source}"}
    return {**fields, **known, "width": width, "height": 360, "signatures": signatures}


ROWS = [
    row("a0", "a", looks(1, 2, 3)),
    row("a1", "a", looks(4, 5), start_s=4.0),
    row("b0", "b", looks(1, 2, 3, mirrored=True), width=1280),
    row("c0", "c", looks(7, 8)),
    row("d0", "d", []),
    row("e0", "e", None, status="rejected"),
    *(row(f"f{i}", f"f{i}", looks(100 + i)) for i in range(30)),
]


def commit(root, ingest):
    storage = Storage.at(root)
    storage.write(storage.part("ingest", "one"), parquet_of_rows(ingest, schema(*COMMON, *INGEST)))
    kept = [
        {n: r[n] for n in ("clip_id", "source", "source_start_s", "source_end_s", "status", "reasons")} for r in ingest
    ]
    for number, known in enumerate(kept):
        place = None if known["clip_id"] == "a0" else ("sea", "wood")[number % 5 == 0]
        known |= {"fingerprint": "f", "attempt": 1, "score": number / 100, "place": place}
    storage.write(storage.part("filter", "one"), parquet_of_rows(kept, schema(*COMMON, *FILTER, PLACE)))
    return root


@pytest.fixture
def output(tmp_path):
    return commit(tmp_path / "out", ROWS)


def call(*words):
    return main([str(word) for word in words])


def rows_of(path):
    return {row["clip_id"]: row for row in pq.read_table(path).to_pylist()}


def test_signatures_are_read_back_clip_by_clip(output):
    """The largest picture first, and null is none."""
    clips = chosen(Storage.at(output), Selection(everything=True), "i.signatures")
    known = signed(clips)
    by_id = {r["clip_id"]: r["signatures"] or [] for r in ROWS}
    assert clips["clip_id"][0].as_py() == "b0"
    for number, clip in enumerate(clips["clip_id"].to_pylist()):
        own = known.signatures[known.first[number] : known.first[number + 1]]
        assert [bytes(each) for each in own] == by_id[clip]
    assert (
        known.source.tolist()[clips["clip_id"].to_pylist().index("a0")]
        == known.source.tolist()[clips["clip_id"].to_pylist().index("a1")]
    )


def test_duplicates_tell_who_is_kept(output, tmp_path, capsys):
    assert call("duplicates", output, "--to", tmp_path / "d.parquet") == 0
    assert "35 clips: 1 near-duplicate, 34 kept; 1 show too little" in capsys.readouterr().out
    found = rows_of(tmp_path / "d.parquet")
    assert (found["a0"]["near_duplicate_of"], found["b0"]["near_duplicate_of"]) == ("b0", None)
    assert found["a0"]["group"] == found["a0"]["chain"] == found["b0"]["group"] == "b0"
    assert (found["a1"]["group"], found["d0"]["signatures"]) == ("a1", 0)
    assert "e0" not in found


def test_a_split_keeps_sources_and_their_copies_together_in_any_way_of_asking(output, tmp_path, capsys):
    assert call("split", output, tmp_path / "s.parquet", "--ratios", 0.5, 0.25, 0.25) == 0
    found = rows_of(tmp_path / "s.parquet")
    assert found["a0"]["split"] == found["a1"]["split"] == found["b0"]["split"]
    assert found["a0"]["unit"] == found["a1"]["unit"] == found["b0"]["unit"] != found["c0"]["unit"]
    assert {r["split"] for r in found.values()} == {"train", "validation", "test"}
    assert "the largest unit, of what cannot be split: 3 clips, 8.6%" in capsys.readouterr().out
    call("duplicates", output, "--to", tmp_path / "d.parquet")
    words = ("--ratios", 0.5, 0.25, 0.25, "--groups", tmp_path / "d.parquet")
    assert call("split", output, tmp_path / "t.parquet", *words) == 0
    assert (tmp_path / "t.parquet").read_bytes() == (tmp_path / "s.parquet").read_bytes()


def test_a_split_before_is_kept_under_other_ratios(output, tmp_path):
    call("split", output, tmp_path / "s.parquet", "--ratios", 0, 0, 1)
    words = ("--ratios", 1, 0, 0, "--keep", tmp_path / "s.parquet", "--where", "score < 0.2")
    assert call("split", output, tmp_path / "t.parquet", *words) == 0
    kept = rows_of(tmp_path / "t.parquet")
    assert 0 < len(kept) < 25
    assert {r["split"] for r in kept.values()} == {"test"}


def test_a_sample_is_balanced_and_says_what_was_left_out(output, tmp_path, capsys):
    assert call("sample", output, tmp_path / "p.parquet", "--by", "place", "--count", 8) == 0
    strata = [r["stratum"] for r in rows_of(tmp_path / "p.parquet").values()]
    assert sorted(strata) == ["sea"] * 4 + ["wood"] * 4
    assert "1 have no place and are left out" in capsys.readouterr().out
    assert call("sample", output, tmp_path / "q.parquet", "--by", "width", "--count", 2) == 0
    assert {r["stratum"] for r in rows_of(tmp_path / "q.parquet").values()} == {"640", "1280"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("duplicates", "{output}", "--where", "score > 9"), "no clip of phase filter"),
        (("duplicates", "{output}", "--where", "scor > 9"), "cannot be run"),
        (("duplicates", "{tmp}"), "holds no manifest"),
        (("split", "{output}", "{tmp}/s", "--ratios", "-1", "1", "1"), "three numbers"),
        (("split", "{output}", "{tmp}/s", "--keep", "{tmp}/nothing"), "cannot be read as Parquet"),
        (("split", "{output}", "{tmp}/s", "--groups", "{tmp}/other.parquet"), "has no column chain"),
        (("split", "{output}", "{tmp}/s", "--groups", "{tmp}/few.parquet"), "lacks 34 of the clips"),
        (("sample", "{output}", "{tmp}/s", "--by", "colour", "--count", "3"), "no phase has a column colour"),
        (("sample", "{output}", "{tmp}/s", "--by", "reasons", "--count", "3"), "cannot be balanced"),
        (("sample", "{output}", "{tmp}/s", "--by", "place", "--count", "0"), "at least 1"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_nothing_is_written(output, tmp_path, capsys, words, sentence):
    pq.write_table(pa.table({"clip_id": ["a0"]}), tmp_path / "other.parquet")
    pq.write_table(pa.table({"clip_id": ["a0"], "chain": ["a0"]}), tmp_path / "few.parquet")
    assert call(*(word.format(output=output, tmp=tmp_path) for word in words)) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("command", ["duplicates", "split", "sample"])
def test_help_is_printed(command, capsys):
    assert call(command, "--help") == 0
    assert "LIKE '%/cars/%'" in capsys.readouterr().out


def test_an_output_of_an_earlier_version_is_asked_to_be_ingested_again(tmp_path, capsys):
    commit(tmp_path / "old", [{**r, "signatures": None} for r in ROWS])
    assert call("duplicates", tmp_path / "old") == 1
    assert "run the same sources again" in capsys.readouterr().err
