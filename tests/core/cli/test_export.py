"""`hpi export`: what is written can be read again, runs in no spreadsheet, and never harms what was there."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import polars as pl
import pytest

import hpi_core
from tests.core.cli.running import SIX, hpi

TRICKY = """trial_id,optimizer,lr,val_loss,note,=head
001,adam,-0.5,0.25,=HYPERLINK(1),1
002,sgd,1e-5,nan,@SUM(A1),2
003,adam,+3,inf,-1.5,3
004,sgd,0.1,,plain,4
"""


@pytest.fixture
def tricky(tmp_path: Path) -> Path:
    path = tmp_path / "tricky.csv"
    path.write_text(TRICKY, encoding="utf-8")
    return path


def test_csv_neutralises_formulas_and_leaves_numbers(tricky: Path, tmp_path: Path) -> None:
    done = hpi("export", tricky, "-o", "-", home=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert [row["note"] for row in rows] == ["'=HYPERLINK(1)", "'@SUM(A1)", "-1.5", "plain"]
    assert [float(row["lr"]) for row in rows] == [-0.5, 1e-5, 3.0, 0.1]
    assert [row["trial_id"] for row in rows] == ["001", "002", "003", "004"]
    assert [row["val_loss"].lower() for row in rows] == ["0.25", "nan", "inf", ""]
    assert "'=head" in rows[0]


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_what_is_written_reads_back_the_same(tricky: Path, tmp_path: Path, ending: str) -> None:
    output = tmp_path / f"out.{ending}"
    done = hpi("export", tricky, "-o", output, home=tmp_path)
    assert done.returncode == 0, done.stderr
    wanted, got = hpi_core.read(tricky).trials, hpi_core.read(output).trials
    for name in ("trial_id", "optimizer", "lr", "val_loss"):
        assert got[name].to_list()[:1] == wanted[name].to_list()[:1]
        assert got[name].null_count() == wanted[name].null_count()
    assert got["val_loss"].cast(pl.Float64).is_nan().sum() == 1
    assert got["val_loss"].cast(pl.Float64).is_infinite().sum() == 1
    if ending == "jsonl":
        for line in output.read_text(encoding="utf-8").splitlines():
            json.loads(line, parse_constant=pytest.fail)


def test_a_target_that_cannot_be_written_is_exit_5_and_unharmed(tricky: Path, tmp_path: Path) -> None:
    missing = hpi("export", tricky, "-o", tmp_path / "no" / "such.csv", home=tmp_path)
    assert missing.returncode == 5
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    assert hpi("export", tricky, "-o", folder, home=tmp_path).returncode == 5
    assert not list(tmp_path.rglob("*.part"))


def test_the_source_is_never_overwritten(tricky: Path, tmp_path: Path) -> None:
    done = hpi("export", tricky, "-o", tricky, home=tmp_path)
    assert done.returncode == 2
    assert tricky.read_text(encoding="utf-8") == TRICKY


def test_a_failed_filter_leaves_the_old_file(tricky: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    old.write_text("kept", encoding="utf-8")
    assert hpi("export", tricky, "--where", "nope >", "-o", old, home=tmp_path).returncode == 2
    assert old.read_text(encoding="utf-8") == "kept"


def test_an_existing_file_is_replaced_whole_and_no_part_is_left(tmp_path: Path) -> None:
    source, output = tmp_path / "six.csv", tmp_path / "out.csv"
    source.write_text(SIX, encoding="utf-8")
    output.write_text("x" * 10_000, encoding="utf-8")
    assert hpi("export", source, "--where", "trial:5", "-o", output, home=tmp_path).returncode == 0
    assert output.read_text(encoding="utf-8").splitlines()[1].startswith("5,completed,0.0001")
    assert not list(tmp_path.glob(".*.part"))
