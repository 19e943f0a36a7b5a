"""Curves too large to hold are put in order on disk, part by part, and read the same as small ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import hpi_core
from hpi_core.curves.features import curve_features
from hpi_core.errors import Cancelled, SourceError
from hpi_core.readers import _reading
from hpi_core.sweep import Sweep
from hpi_core.tables.large_curves import LargeRows, attach_large, large_parquet
from hpi_core.tables.scratch import Scratch
from hpi_core.tables.table import ReadOptions, Table, never, silent

TRIALS, STEPS = 40, 300


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Write trials and, in no order at all, their curves; trial 7 is NaN from step 200 on."""
    random = np.random.default_rng(3)
    rows = np.repeat(np.arange(TRIALS), STEPS)
    steps = np.tile(np.arange(STEPS), TRIALS)
    values = 2 * np.exp(-0.02 * steps) + 0.2 + random.normal(0, 0.01, rows.size)
    values[(rows == 7) & (steps >= 200)] = np.nan
    order = random.permutation(rows.size)
    frame = pl.DataFrame({"trial_id": rows[order], "step": steps[order], "val_loss": values[order]})
    stranger = pl.DataFrame({"trial_id": [999], "step": [0], "val_loss": [1.0]})
    pl.concat([frame, stranger]).write_parquet(tmp_path / "sweep.curves.parquet", row_group_size=1000)
    trials = pl.DataFrame(
        {"trial_id": range(TRIALS), "lr": np.linspace(0.01, 1, TRIALS), "val_loss": values[STEPS - 1 :: STEPS]}
    )
    trials.write_csv(tmp_path / "sweep.csv")
    return tmp_path / "sweep.csv", tmp_path / "sweep.curves.parquet"


def whole_and_large(source: Path, rows: LargeRows, part: int = 2000) -> tuple[Sweep, Table]:
    whole = hpi_core.read(str(source))
    large = attach_large(Table(pl.read_csv(source)), rows, 0.5, silent, never, part=part)
    assert isinstance(large, Table), large
    return whole, large


def test_parts_on_disk_are_what_one_reading_gives(files: tuple[Path, Path]) -> None:
    source, curves = files
    rows = large_parquet(curves, 1000)
    assert rows is not None
    whole, large = whole_and_large(source, rows)
    assert whole.curves is not None
    assert large.scanned is not None
    assert large.scanned.collect().equals(whole.curves.collect())
    said = large.ledger["message"].to_list()
    told = "sweep.curves.parquet is too large to hold: its curves were put in order on disk, in 7 parts"
    assert [line for line in said if line != told] == whole.ledger["message"].to_list()
    assert told in said
    assert "curves of 1 trials in sweep.curves.parquet that are not in the table were left out" in said
    few = curve_features(large.scanned, points=1000)
    assert few.equals(curve_features(whole.curves))
    assert few.filter(pl.col("nonfinite") > 0).select("_row", "nonfinite_step").rows() == [(7, 200)]


@pytest.mark.parametrize("shape", ["in order", "interleaved", "trials turned round", "long", "with restarts"])
def test_whatever_the_order_parts_are_what_one_reading_gives(tmp_path: Path, shape: str) -> None:
    random = np.random.default_rng(5)
    frame = pl.DataFrame(
        {
            "trial_id": [f"t{t}" for t in range(TRIALS) for _ in range(STEPS)],
            "epoch": np.tile(np.arange(STEPS), TRIALS) / (1 if shape != "interleaved" else 2),
            "train_loss": random.normal(1, 0.1, TRIALS * STEPS),
            "val_loss": [None if i % 3 else float(i) for i in range(TRIALS * STEPS)],
            "beta": np.repeat(random.normal(0, 1, TRIALS), STEPS),
        }
    )
    if shape == "interleaved":
        frame = frame.sort("epoch", maintain_order=True)
    if shape == "trials turned round":
        frame = frame.with_columns(pl.col("trial_id").str.slice(1).cast(pl.Int64).alias("n"))
        frame = frame.sort("n", descending=True, maintain_order=True).drop("n")
    if shape == "with restarts":
        again = frame.filter(pl.col("epoch") >= STEPS - 40).with_columns(pl.col("train_loss") + 1)
        frame = pl.concat([frame, again, again.head(5)])
    if shape == "long":
        frame = frame.unpivot(
            ["train_loss", "val_loss"], index=["trial_id", "epoch"], variable_name="metric", value_name="value"
        )
    frame.write_parquet(tmp_path / "sweep.curves.parquet", row_group_size=777)
    trials = pl.DataFrame({"trial_id": [f"t{t}" for t in range(TRIALS)], "lr": np.linspace(0.01, 1, TRIALS)})
    trials.write_csv(tmp_path / "sweep.csv")
    rows = large_parquet(tmp_path / "sweep.curves.parquet", 1000)
    assert rows is not None
    whole, large = whole_and_large(tmp_path / "sweep.csv", rows, part=1500)
    assert whole.curves is not None
    assert large.scanned is not None
    assert large.scanned.collect().equals(whole.curves.collect())
    assert set(large.ledger["message"]) - set(whole.ledger["message"]) == {
        m for m in large.ledger["message"] if "too large to hold" in m
    }
    assert set(whole.ledger["message"]) <= set(large.ledger["message"])
    assert large.frame.get_column("val_loss").equals(whole.trials.get_column("val_loss"))
    assert set(whole.curves.collect()["metric"]) == {"train_loss", "val_loss"}


@pytest.mark.parametrize("named", [False, True])
def test_a_large_file_is_read_in_parts(files: tuple[Path, Path], named: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    source, curves = files
    monkeypatch.setattr(_reading, "LARGE", 1000)
    options = ReadOptions(curves=(str(curves),)) if named else ReadOptions()
    sweep = hpi_core.read(str(source), options=options)
    assert sweep.curves is not None
    assert any("put in order on disk" in said for said in sweep.ledger["message"])
    found = hpi_core.inspect(sweep).findings.filter(pl.col("issue") == "nonfinite_metric")
    assert found.select("_row", "step").rows() == [(7, 200)]


def test_another_file_is_not_taken(files: tuple[Path, Path]) -> None:
    _, curves = files
    others = Table(pl.DataFrame({"trial_id": ["a", "b"]}))
    rows = large_parquet(curves, 1000)
    assert rows is not None
    assert attach_large(others, rows, 0.0, silent, never) == "0 of its 41 ids are those of trials"


def test_a_stop_and_a_failure_leave_nothing_behind(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, curves = files
    rows = large_parquet(curves, 1000)
    assert rows is not None
    table = Table(pl.read_csv(source))
    home = tmp_path / "scratch"
    home.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(home))
    asked: list[None] = []

    def later() -> bool:
        asked.append(None)
        return len(asked) > 3

    with pytest.raises(Cancelled, match=r"Reading sweep.curves.parquet was stopped"):
        attach_large(table, rows, 0.5, silent, later, part=2000)
    assert list(home.iterdir()) == []

    def replaced(what: str, fraction: float | None) -> None:
        if fraction:
            curves.write_bytes(b"PAR1 another file")

    with pytest.raises(SourceError, match="was replaced or written to while its curves were being read"):
        attach_large(table, rows, 0.5, replaced, never, part=2000)
    assert list(home.iterdir()) == []


def test_a_full_disk_is_said_before_anything_is_written(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, curves = files
    rows = large_parquet(curves, 1000)
    assert rows is not None
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(SourceError, match=r"needs about 0.0 GB of temporary files, and .* has 0.0 GB free") as told:
        attach_large(Table(pl.read_csv(source)), rows, 0.5, silent, never)
    assert "TMPDIR" in str(told.value.hint)


def test_what_a_killed_program_left_is_removed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import os, sys\nfrom hpi_core.tables.scratch import Scratch\nheld = Scratch(1, 'A test')\n"
        "(held.path / 'part').write_bytes(b'x')\nprint(held.path, flush=True)\nsys.stdin.readline()\nos._exit(9)"
    )
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        left = Path(other.stdout.readline().decode().strip())
        with Scratch(1, "A test") as own:
            assert left.exists(), "a living program's folder was removed"
            assert own.path.stat().st_mode & 0o777 == 0o700
        own.remove()
        other.stdin.write(b"\n")
        other.stdin.flush()
        other.wait(timeout=60)
    assert left.exists()
    Scratch(1, "A test").remove()
    assert not left.exists()
    assert not own.path.exists()
