"""Files as other programs write them: spreadsheets of other countries, cluster tools, printed tensors, two headers."""

from __future__ import annotations

import polars as pl
import pytest

import hpi_core
from tests.core.reading.delimited import read

RANGE = range(1, 10)


def lines(header: str, row: str) -> str:
    """Return a file of a header and nine rows, `{k}` in `row` standing for the number of each."""
    return header + "\n" + "".join(row.replace("{k}", str(k)) + "\n" for k in RANGE)


@pytest.mark.parametrize(
    ("header", "row", "column", "kind", "first"),
    [
        ("\ufeffid;lr;größe", '{k};0,00{k};"1.234,5{k}"', "größe", "decimal_comma", 1234.51),
        ("lr;params", "0,00{k};1.{k}34", "params", "dotted", 1134.0),
        ("lr;params", "0,00{k};1.234.56{k}", "params", "dotted", 1_234_561.0),
        ("lr,acc", "0.{k},0.9{k} ± 0.01", "acc", "spread", 0.91),
        ("lr,acc", "0.{k},0.9{k} +/- 1e-3", "acc", "spread", 0.91),
        ("lr,loss", "0.{k},tensor(0.{k}5)", "loss", "tensor", 0.15),
        ("lr,loss", "0.{k},\"tensor(0.{k}5, device='cuda:0')\"", "loss", "tensor", 0.15),
        ("lr,loss", "0.{k},np.float64(0.{k}5)", "loss", "tensor", 0.15),
        ("lr,loss", '0.{k},"Array(0.{k}5, dtype=float32)"', "loss", "tensor", 0.15),
        ("JobID|State|Elapsed", "10{k}|COMPLETED|00:0{k}:12", "Elapsed", "duration", 72.0),
        ("JobID|State|Elapsed", "10{k}|COMPLETED|{k}-00:00:01", "Elapsed", "duration", 86_401.0),
        ("lr,took", '0.{k},"{k} days, 1:00:00.5"', "took", "duration", 90_000.5),
    ],
)
def test_a_number_in_another_notation(header: str, row: str, column: str, kind: str, first: float) -> None:
    table = read(lines(header, row))
    assert table.frame[column].dtype == pl.Float64
    assert table.frame[column][0] == pytest.approx(first)
    assert kind in table.ledger.filter(pl.col("column") == column)["kind"].to_list()
    assert table.ledger.filter(pl.col("kind") == kind)["count"].to_list()[-1] == len(RANGE)


def test_three_decimals_stay_decimals_where_the_point_is_one() -> None:
    assert read(lines("lr;loss", "0.{k};1.{k}34")).frame["loss"][0] == 1.134
    assert read(lines("lr,loss", "0.{k},1.{k}34")).frame["loss"][0] == 1.134


def test_columns_of_fixed_width_under_a_line_of_dashes() -> None:
    text = "JobID           State      Elapsed  ExitCode \n--------------- ---------- -------- -------- \n"
    text += "".join(f"{1000 + k:<15} {'COMPLETED' if k % 3 else 'FAILED':<10} 00:0{k}:12 0:0 \n" for k in RANGE)
    table = read(text, name="sacct.txt")
    assert table.frame.columns == ["JobID", "State", "Elapsed", "ExitCode"]
    assert table.frame.height == len(RANGE)
    assert table.frame["Elapsed"][1] == 132.0
    assert table.lines is not None
    assert table.lines.total == len(RANGE) + 2


def test_two_header_lines_are_one_header() -> None:
    table = read(lines("params,params,metrics\nlr,bs,loss", "0.{k},1{k},0.{k}5"))
    assert table.frame.columns == ["params_lr", "params_bs", "metrics_loss"]
    assert table.frame.height == len(RANGE)
    assert table.ledger["kind"].to_list() == ["header_shift"]
    assert table.lines is not None
    assert (table.lines.header, table.lines.record) == (2, len(RANGE))


def test_a_line_of_units_is_no_trial() -> None:
    table = read(lines("lr,opt,time,loss\n-,-,s,nats", "0.{k},adam,{k},0.{k}5"))
    assert table.frame.height == len(RANGE)
    assert table.frame["time"].dtype == pl.Int64
    assert "units" in table.ledger["message"][0]


def test_a_first_trial_without_numbers_is_a_trial() -> None:
    table = read(lines("name,status,loss,acc\nfirst,failed,,", "run{k},ok,0.{k}5,0.{k}"))
    assert table.frame["name"][0] == "first"
    diverged = read(lines("name,loss,acc\nfirst,diverged,0.5", "run{k},0.{k}5,0.{k}"))
    assert diverged.frame.height == len(RANGE) + 1


def test_texts_of_a_metric_are_no_id() -> None:
    sweep = hpi_core.Sweep.from_polars(
        pl.DataFrame({"lr": [0.1, 0.2, 0.3], "losses": ["[0.5, 0.4]", "[0.6, 0.2]", "[0.1, 0.9]"]})
    )
    assert sweep.roles.id is None
