"""Exactness beyond the head and the sampled windows, and a ledger that stays readable however dirty a file is."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.core.reading.delimited import count_lines, read


@pytest.mark.parametrize("rows", [3_000, 400_000])
@pytest.mark.parametrize("padded", ["007", "-007", '"007"'])
def test_a_leading_zero_outside_the_sample_is_kept(tmp_path: Path, rows: int, padded: str) -> None:
    lines = [f"{k},{100 + k % 800},0.5,{k % 7}" for k in range(rows)]
    at = rows // 3 + 11
    lines[at] = f"{at},{padded},0.5,3"
    path = tmp_path / "trials.csv"
    path.write_text("n_of,code,loss,layers\n" + "\n".join(lines) + "\n")
    table = read(path)
    assert table.frame["code"].dtype == pl.String
    assert table.frame["code"][at] == padded.strip('"')
    assert table.frame["n_of"].dtype == table.frame["layers"].dtype == pl.Int64
    assert table.ledger.is_empty()


def test_a_cell_of_many_thousand_lines_is_one_cell() -> None:
    log = "\n".join(f"step {k}: fine" for k in range(12_000))
    table = read(f'lr,log,loss\n0.1,"{log}",0.5\n0.2,short,0.4\n')
    assert table.frame["loss"].to_list() == [0.5, 0.4]
    assert table.frame["log"][0] == log
    assert table.ledger.is_empty()


def test_a_stray_quote_on_every_line_is_a_few_entries_and_a_count() -> None:
    data = "lr,note,loss\n" + "".join(
        f'0.{k},5" disk,0.{k}\n' if k % 2 else f'0.{k},"5 disk,0.{k}\n' for k in range(1, 9_001)
    )
    table = read(data)
    assert table.frame.height == 9_000
    stray = table.ledger.filter(pl.col("kind") == "stray_quote")
    assert stray["count"].sum() == 4_500
    assert stray.height < 10
    last = stray.filter(pl.col("row").is_null())
    assert last["line"].to_list() == [int(stray["line"].drop_nulls().max())]  # type: ignore[arg-type]
    assert "more from line" in last["message"][0]
    assert table.lines is not None
    assert table.lines.total == count_lines(data.encode())


def test_many_ragged_rows_are_counted_to_the_last() -> None:
    table = read("lr,note,loss\n" + "".join(f"0.{k},x,0.5\n" for k in range(1, 6_000)) + "0.5,x\n" * 3_000)
    ragged = table.ledger.filter(pl.col("kind") == "ragged")
    assert ragged["count"].sum() == 3_000
    assert ragged.height == 1_001


def test_a_quote_that_opens_a_cell_on_every_line_is_stray() -> None:
    table = read("lr,note,loss\n" + "".join(f'0.{k},"5 disk,0.{k}\n' for k in range(1, 3_001)))
    assert table.frame.shape == (3_000, 3)
    assert table.frame["note"].unique().to_list() == ["5 disk"]
    assert table.ledger["kind"].unique().to_list() == ["stray_quote"]
    assert table.ledger["count"].sum() == 3_000
    assert table.ledger.height == 6
