"""Dirty delimited files of every kind: what is read, what is written in the ledger, where each line goes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import polars as pl
import pytest

from tests.core.reading.delimited import check_every_line_counts, kinds, read

ROWS = "lr,wd,loss\n0.1,1,0.5\n0.01,2,0.25\n0.001,3,0.125\n"
VALUES = [(0.1, 1, 0.5), (0.01, 2, 0.25), (0.001, 3, 0.125)]


@dataclass(frozen=True)
class Dirty:
    """A dirty file, the rows it holds, and the ledger kinds it leads to."""

    text: str
    rows: list[tuple[object, ...]] = field(default_factory=lambda: list(VALUES))
    kinds: dict[str, int] = field(default_factory=dict)
    names: tuple[str, ...] = ("lr", "wd", "loss")


DIRTY = {
    "clean": Dirty(ROWS),
    "tabs": Dirty(ROWS.replace(",", "\t")),
    "semicolons": Dirty(ROWS.replace(",", ";")),
    "bars": Dirty(ROWS.replace(",", "|")),
    "blanks": Dirty(ROWS.replace(",", "   ")),
    "CR LF": Dirty(ROWS.replace("\n", "\r\n")),
    "CR": Dirty(ROWS.replace("\n", "\r")),
    "mixed line ends": Dirty(ROWS.replace("5\n", "5\r\n")),
    "doubled CR": Dirty(ROWS.replace("\n", "\r\r\n")),
    "blank lines": Dirty("\n" + ROWS.replace("\n", "\n\n") + "  \n"),
    "all quoted": Dirty(
        "\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in ROWS.split("\n")[:-1]) + "\n"
    ),
    "apostrophes": Dirty(
        "\n".join(",".join(f"'{c}'" for c in line.split(",")) for line in ROWS.split("\n")[:-1]) + "\n"
    ),
    "padded": Dirty(ROWS.replace(",", " , ")),
    "padded names": Dirty(ROWS.replace("lr,wd", " lr ,wd")),
    "sep line": Dirty("sep=;\n" + ROWS.replace(",", ";")),
    "comments": Dirty("# made by hand\n" + ROWS.replace("0.01,", "# a note\n0.01,")),
    "banner": Dirty("Results of the third sweep\nseed 4\n\n" + ROWS, kinds={"preamble": 1}),
    "commented header": Dirty("# " + ROWS),
    "footer": Dirty(ROWS + "(3 rows)\n", kinds={"refused": 1}),
    "sum": Dirty(ROWS + "Total,6,0.875\n", kinds={"refused": 1}),
    "header again": Dirty(ROWS.replace("0.001", "lr,wd,loss\n0.001"), kinds={"repeated_header": 1}),
    "decimal comma": Dirty(ROWS.replace(",", ";").replace(".", ","), kinds={"decimal_comma": 2}, rows=list(VALUES)),
    "no header": Dirty(ROWS.split("\n", 1)[1], kinds={"no_header": 1}, names=("col_1", "col_2", "col_3")),
    "markdown": Dirty(
        "| lr | wd | loss |\n|---|:-:|--:|\n| 0.1 | 1 | 0.5 |\n| 0.01 | 2 | 0.25 |\n| 0.001 | 3 | 0.125 |\n"
    ),
    "CSV in a CSV": Dirty("\n".join(f'"{line}"' for line in ROWS.split("\n")[:-1]) + "\n", kinds={"unwrapped": 1}),
    "zero bytes": Dirty(ROWS.replace("0.25", "0.\x0025"), kinds={"zero_bytes": 1}),
    "separator at each end": Dirty(ROWS.replace("\n", ",\n").replace("loss,", "loss"), kinds={"header_shift": 1}),
    "separator at the header's end": Dirty(ROWS.replace("loss", "loss,"), kinds={"header_shift": 1}),
    "unnamed index": Dirty(
        "lr,wd,loss\nr1,0.1,1,0.5\nr2,0.01,2,0.25\nr3,0.001,3,0.125\n",
        rows=[("r1", 0.1, 1, 0.5), ("r2", 0.01, 2, 0.25), ("r3", 0.001, 3, 0.125)],
        kinds={"header_shift": 1, "name": 1},
        names=("col_1", "lr", "wd", "loss"),
    ),
    "duplicate and empty names": Dirty(
        "lr,,lr,_row\n0.1,1,0.5,7\n0.2,2,0.6,8\n",
        rows=[(0.1, 1, 0.5, 7), (0.2, 2, 0.6, 8)],
        names=("lr", "col_2", "lr_2", "_row_2"),
        kinds={"name": 3},
    ),
    "a short row": Dirty(
        ROWS.replace(",2,0.25", ""), kinds={"ragged": 1}, rows=[VALUES[0], (0.01, None, None), VALUES[2]]
    ),
    "a long row": Dirty(ROWS.replace("0.25", "0.25,9"), kinds={"ragged": 1}),
    "a separator in a text cell": Dirty(
        "lr,note,loss\n0.1,fine,0.5\n0.01,slow, then better,0.25\n0.001,odd,0.125\n",
        rows=[(0.1, "fine", 0.5), (0.01, "slow,then better", 0.25), (0.001, "odd", 0.125)],
        names=("lr", "note", "loss"),
        kinds={"rejoined": 1},
    ),
    "a stray quote": Dirty(
        'lr,note,loss\n0.1,"fine,0.5\n0.01,b,0.25\n0.001,"c",0.125\n',
        rows=[(0.1, "fine", 0.5), (0.01, "b", 0.25), (0.001, "c", 0.125)],
        names=("lr", "note", "loss"),
        kinds={"stray_quote": 1},
    ),
    "a cell over lines": Dirty(
        'lr,note,loss\n0.1,"Traceback:\n  line 1, in main\n\nValueError",0.5\n0.01,b,0.25\n',
        rows=[(0.1, "Traceback:\n  line 1, in main\n\nValueError", 0.5), (0.01, "b", 0.25)],
        names=("lr", "note", "loss"),
    ),
    "a name over lines": Dirty(
        'trial,"l\nr",wd,loss\n0,0.1,1.5,0.5\n1,0.01,2.5,0.25\n',
        rows=[("0", 0.1, 1.5, 0.5), ("1", 0.01, 2.5, 0.25)],
        names=("trial", "l\nr", "wd", "loss"),
    ),
    "doubled quotes": Dirty(
        'lr,note\n0.1,"say ""no"", please"\n0.2,5" disk\n',
        rows=[(0.1, 'say "no", please'), (0.2, '5" disk')],
        names=("lr", "note"),
    ),
    "one column": Dirty("loss\n0.5\n0.25\n", rows=[(0.5,), (0.25,)], names=("loss",)),
    "one row": Dirty("lr,loss\n0.1,0.5\n", rows=[(0.1, 0.5)], names=("lr", "loss")),
    "all missing": Dirty("lr,loss\n,\n,\n", rows=[(None, None), (None, None)], names=("lr", "loss")),
}


@pytest.mark.parametrize("name", DIRTY)
def test_a_dirty_file_is_read_as_a_person_would(name: str) -> None:
    dirty = DIRTY[name]
    table = read(dirty.text)
    assert tuple(table.frame.columns) == dirty.names
    assert table.frame.rows() == dirty.rows
    assert kinds(table) == dirty.kinds
    check_every_line_counts(table, dirty.text.encode())
    assert table.incomplete == frozenset()


@pytest.mark.parametrize(
    ("encoding", "guessed"),
    [("utf-8", 0), ("utf-8-sig", 0), ("utf-16", 0), ("utf-16-le", 0), ("utf-16-be", 0), ("utf-32", 0), ("cp1252", 1)],
)
def test_encodings(encoding: str, guessed: int) -> None:
    text = "lr,note\n0.1,größer – schön\n0.2,ok\n0.3,naïve\n"
    table = read(text.encode(encoding))
    assert table.frame["note"].to_list() == ["größer – schön", "ok", "naïve"]
    assert kinds(table) == ({"encoding": 1} if guessed else {})
    assert table.lines is not None
    assert (table.lines.header, table.lines.record, table.lines.total) == (1, 3, 4)


def test_nan_and_inf_are_values_and_missing_is_missing() -> None:
    table = read("loss,b\nNaN,1\n-inf,NA\n+Infinity,None\n,-\n0.5,\nINF,–\n")
    losses = table.frame["loss"].to_list()
    assert math.isnan(losses[0])
    assert losses[1:] == [-math.inf, math.inf, None, 0.5, math.inf]
    assert table.frame["b"].to_list() == [1, None, None, None, None, None]
    assert table.frame.schema["b"] == pl.Int64
    assert kinds(table) == {}


def test_words_among_numbers_are_never_lost_in_silence() -> None:
    rows = [f"{k},{0.5 + k / 100}" for k in range(20)]
    rows[7], rows[13] = "7,diverged", "13,nan"
    table = read("trial,loss\n" + "\n".join(rows) + "\n")
    assert table.frame.schema["loss"] == pl.Float64
    entry = table.ledger.row(0, named=True)
    assert table.ledger.height == 1
    assert (entry["row"], entry["line"], entry["column"], entry["was"], entry["became"]) == (
        7, 9, "loss", "diverged", "missing",
    )  # fmt: skip
    assert table.frame["loss"].null_count() == 1
    assert table.frame["trial"].to_list() == [str(k) for k in range(20)]


def test_a_setting_that_is_a_word_or_a_number_stays_text() -> None:
    values = ["scale", "0.1", "0.1", "0.01", "0.1", "0.01", "0.1", "auto", "0.1", "0.01", "0.1"]
    table = read("gamma,loss\n" + "".join(f"{v},{k / 7}\n" for k, v in enumerate(values)))
    assert table.frame["gamma"].to_list() == values
    assert kinds(table) == {}


@pytest.mark.parametrize(
    "cells",
    [
        ["001", "002", "010"],
        ["12345678901234567890", "12345678901234567891"],
        ["0dcb76e4", "5e10", "12345678"],
        ["10/11/2026", "11/11/2026"],
    ],
)
def test_what_would_not_come_back_stays_text(cells: list[str]) -> None:
    table = read("value,loss\n" + "".join(f"{cell},0.{k}\n" for k, cell in enumerate(cells)))
    assert table.frame["value"].to_list() == cells


@pytest.mark.parametrize(
    "name", ["trial", "trial_id", "run_id", "id", "number", "uid", "name", "run_name", "run-id", "runId"]
)
def test_ids_stay_the_text_that_stood_in_the_file(name: str) -> None:
    table = read(f"{name},loss\n1e5,0.1\n007,0.2\n3,0.3\n")
    assert table.frame[name].to_list() == ["1e5", "007", "3"]


def test_column_wide_repairs_are_one_entry_with_a_count() -> None:
    table = read('params,share\n"1,014.45",95.3%\n305.08,4 %\n"12,000.5",-1%\n')
    assert table.frame.rows() == [(1014.45, 95.3), (305.08, 4.0), (12000.5, -1.0)]
    assert table.ledger.select("kind", "column", "count").rows() == [
        ("thousands", "params", 2),
        ("percent", "share", 3),
    ]


def test_truth_values_and_times_are_typed() -> None:
    table = read(
        "amp,started,zoned,day\n"
        "True,2026-01-02 03:04:05,2026-01-02T03:04:05Z,2026-01-02\n"
        "false,2026-01-02 03:04:06.5,2026-01-02T05:04:05+02:00,2026-01-03\n"
    )
    assert table.frame.schema == {
        "amp": pl.Boolean, "started": pl.Datetime("us"), "zoned": pl.Datetime("us", "UTC"), "day": pl.Datetime("us"),
    }  # fmt: skip
    assert table.frame["amp"].to_list() == [True, False]
    assert table.frame["zoned"].n_unique() == 1
    assert table.frame.null_count().row(0) == (0, 0, 0, 0)


def test_one_stray_quote_does_not_swallow_the_rows_after_it() -> None:
    rows = [f'{k},"adam",{k / 10}' for k in range(200)]
    rows[90] = '90,"adam,9.0'
    table = read("step,opt,loss\n" + "\n".join(rows) + "\n")
    assert table.frame.height == 200
    assert table.frame["loss"].null_count() == 0
    assert table.frame["opt"].unique().to_list() == ["adam"]
    assert table.ledger.select("kind", "row", "line").rows() == [("stray_quote", 90, 92)]
