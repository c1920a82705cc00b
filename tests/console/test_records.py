"""Rows of a query on a narrow screen."""

import pytest
from rich.cells import cell_len

from factory.console.records import lines_of, shortened

ID = "48a210fae34f2c447a74"


def test_rows_that_fit_are_a_table():
    lines = lines_of(["status", "n", "share"], [["ok", 3, 0.25], ["rejected", 12, None]], 80)
    assert lines == [
        "status     n  share",
        "--------  --  -----",
        "ok         3   0.25",
        "rejected  12      -",
    ]


def test_long_lists_are_folded_and_short_ones_are_shown():
    rows = [[[1.0] * 52, [[1.0, 2.0]], ["one: reason"], [], {"a": 1}, True, [1, 2]]]
    assert lines_of(list("abcdefg"), rows, 100)[2].split("  ") == [
        "[52 values]", "[1 values]", "one: reason", "[]", "{1 values}", "true", "[1, 2]",
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 3, 500])
@pytest.mark.parametrize("columns", [2, 8, 51])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_screen(count, columns, width):
    names = [f"column_{i:02d}" for i in range(columns)]
    row = ["/a/rather/long/folder/of/videos/that/somebody/made/video.mp4" * 2, ID, "word " * 40, 0.123456789]
    lines = lines_of(names, [(row * 13)[:columns]] * count, width)
    assert max(map(len, lines)) <= width
    assert len(lines) <= max(count + 3, 63)


def test_columns_that_do_not_fit_are_blocks_or_are_counted():
    names, row = [f"column_{i:02d}" for i in range(51)], [ID] * 51
    blocks = lines_of(names, [row], 80)
    assert blocks[0] == "-- row 1 of 1 --"
    assert blocks[51] == f"column_50  {ID}"
    table = lines_of(names, [row] * 3, 80)
    assert table[-1] == "... 48 more columns: --columns lists them, LIMIT 1 shows a row whole"
    assert table[2].split() == [ID] * 3


def test_what_terminals_obey_is_spelled_out():
    assert lines_of(["source"], [["a\x1b[31m\nb.mp4"]], 80)[2] == r"a\x1b[31m\nb.mp4"


def test_paths_keep_their_end_and_sentences_their_beginning():
    assert shortened("/videos/of/mine/a.mp4", 12) == "...ine/a.mp4"
    assert shortened("the camera does not move", 12) == "the camer..."


def test_letters_that_take_two_columns_are_counted_as_two():
    lines = lines_of(["source", "n"], [["/動画/" + "猫" * 40 + ".mp4", 1], ["b.mp4", 22]], 60)
    assert [cell_len(line) for line in lines[2:]] == [60, 60]
    assert lines[2].startswith("...猫")
    assert cell_len(shortened("猫" * 30, 20)) <= 20
