"""Curves too large to hold are put in order on disk, part by part, and read the same as small ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import hpi_core
from hpi_core.curves.features import curve_features
from hpi_core.readers import _reading
from hpi_core.tables.large_curves import Partitioned, partitioned
from hpi_core.tables.table import ReadOptions, never, silent

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


def test_parts_on_disk_are_what_one_reading_gives(files: tuple[Path, Path]) -> None:
    source, curves = files
    whole = hpi_core.read(str(source)).curves
    assert whole is not None
    found = partitioned(pl.read_csv(source), curves, 0.5, silent, never, part=2000)
    assert isinstance(found, Partitioned)
    assert found.curves.collect().equals(whole.collect())
    assert "in 14 parts on disk" in found.entries[0].message
    assert any("curves of 1 trials that are not in the table" in entry.message for entry in found.entries)
    few = curve_features(found.curves, points=1000)
    assert few.equals(curve_features(whole))
    assert few.filter(pl.col("nonfinite") > 0).select("_row", "nonfinite_step").rows() == [(7, 200)]


@pytest.mark.parametrize("named", [False, True])
def test_a_large_file_is_read_in_parts(files: tuple[Path, Path], named: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    source, curves = files
    monkeypatch.setattr(_reading, "LARGE", 1000)
    options = ReadOptions(curves=(str(curves),)) if named else ReadOptions()
    sweep = hpi_core.read(str(source), options=options)
    assert sweep.curves is not None
    assert any("parts on disk" in said for said in sweep.ledger["message"])
    found = hpi_core.inspect(sweep).findings.filter(pl.col("issue") == "nonfinite_metric")
    assert found.select("_row", "step").rows() == [(7, 200)]


def test_another_file_is_not_taken(files: tuple[Path, Path]) -> None:
    _, curves = files
    others = pl.DataFrame({"trial_id": ["a", "b"]})
    assert partitioned(others, curves, 0.0, silent, never) == "0 of its ids are those of trials"
