"""Markdown: the first table with rows is read, the text around it and further tables are accounted for."""

from __future__ import annotations

from hpi_core.readers.preview import preview
from hpi_core.tables.content import Content
from tests.core.reading.delimited import read

TABLE = "| lr | loss |\n|---:|-----:|\n| 0.1 | 0.5 |\n| 0.2 | 0.4 |\n| 0.3 | 0.6 |\n"


def test_a_line_below_the_table_is_no_trial() -> None:
    table = read(TABLE + "end\n", name="notes.md")
    assert table.frame["lr"].to_list() == [0.1, 0.2, 0.3]
    assert table.ledger.select("kind", "line", "was", "count").rows() == [("refused", 6, "end", 1)]
    assert table.lines is not None
    assert (table.lines.header, table.lines.preamble, table.lines.record, table.lines.refused) == (1, 1, 3, 1)


def test_prose_around_the_table_is_no_trial() -> None:
    table = read("# Sweep\n\nWe tried three rates.\n\n" + TABLE + "\nThe second was best.\nSee you.\n", name="notes.md")
    assert table.frame.height == 3
    assert table.ledger["kind"].to_list() == ["preamble", "refused", "refused"]
    assert table.lines is not None
    assert table.lines.total == 12


def test_of_several_tables_the_first_with_rows_is_read() -> None:
    empty = "| name | note |\n|---|---|\n"
    second = "\n## Ablation\n\n| a | b | c |\n|---|---|---|\n" + "| 1 | 2 | 3 |\n" * 9
    table = read(empty + "\n" + TABLE + second, name="notes.md")
    assert table.frame.columns == ["lr", "loss"]
    assert table.frame["loss"].to_list() == [0.5, 0.4, 0.6]
    below = table.ledger.filter(table.ledger["message"].str.contains("another table"))
    assert below.select("line", "count").rows() == [(12, 11)]
    assert table.lines is not None
    assert table.lines.total == 22
    shown = preview(Content("notes.md", data=(empty + "\n" + TABLE + second).encode()), 5)
    assert shown is not None
    assert [row[0] for row in shown.rows] == ["0.1", "0.2", "0.3"]


def test_a_table_that_follows_without_a_blank_line_is_another() -> None:
    table = read(TABLE + "| x | y |\n|---|---|\n| 7 | 8 |\n", name="notes.md")
    assert table.frame["lr"].to_list() == [0.1, 0.2, 0.3]
    assert table.ledger["count"].to_list() == [3]


def test_a_boxed_table_of_a_database_shell_is_read() -> None:
    text = " id | lr   | loss \n----+------+------\n a1 | 0.1  | 0.5  \n a2 | 0.2  | 0.4  \n(2 rows)\n"
    table = read(text, name="out.txt")
    assert table.frame["loss"].to_list() == [0.5, 0.4]
    assert table.ledger["was"].to_list()[-1] == "(2 rows)"
