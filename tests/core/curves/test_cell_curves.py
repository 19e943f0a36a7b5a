"""Curves in the cells of the trials: lists of numbers, and logs that a column names."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import hpi_core
from hpi_core.frames import CURVES
from hpi_core.sweep import Sweep
from hpi_core.tables.table import ReadOptions
from tests.core.cli.running import hpi

STEPS = 12


def loss(trial: int, step: int) -> float:
    return round(1 / (1 + 0.3 * (trial + 1) * step), 6)


def assert_whole(sweep: Sweep, metric: str = "val_loss", trials: int = 8) -> None:
    assert sweep.curves is not None
    frame = sweep.curves.collect()
    assert frame.schema == CURVES
    mine = frame.filter(pl.col("metric") == metric)
    assert mine.height == trials * STEPS
    assert all(
        value == pytest.approx(loss(row, step)) for row, step, value in mine.select("_row", "step", "value").rows()
    )
    assert sweep.trials[metric].to_list() == [pytest.approx(loss(t, STEPS - 1)) for t in range(trials)]


def test_lists_in_csv_json_and_parquet(tmp_path: Path) -> None:
    values = [[loss(t, s) for s in range(STEPS)] for t in range(8)]
    frame = pl.DataFrame({"trial_id": range(8), "lr": [0.1 * (t + 1) for t in range(8)], "val_loss": values})
    frame.write_parquet(tmp_path / "lists.parquet")
    frame.write_ndjson(tmp_path / "lists.jsonl")
    frame.with_columns(pl.Series("val_loss", [json.dumps(v) for v in values])).write_csv(tmp_path / "lists.csv")
    for name in ("lists.parquet", "lists.jsonl", "lists.csv"):
        sweep = hpi_core.read(str(tmp_path / name))
        assert_whole(sweep)
        assert any("held a list" in said for said in sweep.ledger["message"])


def test_lists_with_nan_gaps_and_their_own_steps(tmp_path: Path) -> None:
    rows = ['0,0.1,"[1.0, nan, None, -inf]","[0, 10, 20, 30]"', '1,0.2,"[1.0, 0.5]","[0, 10]"']
    path = tmp_path / "lists.csv"
    path.write_text("\n".join(["trial_id,lr,val_loss,step", *rows]) + "\n")
    sweep = hpi_core.read(str(path))
    assert sweep.curves is not None
    points = sweep.curves.collect()
    assert points.filter(pl.col("_row") == 0)["step"].to_list() == [0, 10, 30]
    assert [str(v) for v in points["value"].to_list()] == ["1.0", "nan", "-inf", "1.0", "0.5"]


def test_lists_that_are_settings_stay(tmp_path: Path) -> None:
    path = tmp_path / "lists.csv"
    path.write_text('trial_id,hidden_layers,val_loss\n0,"[64, 64]",0.5\n1,"[32, 32]",0.6\n')
    sweep = hpi_core.read(str(path))
    assert sweep.curves is None
    assert "hidden_layers" in sweep.trials.columns


def logs(folder: Path, place: str = "runs") -> Path:
    (folder / place).mkdir(parents=True, exist_ok=True)
    lines = ["trial_id,lr,val_loss,log_file"]
    for trial in range(8):
        rows = [f"{step},{loss(trial, step)}" for step in range(STEPS)]
        (folder / place / f"{trial}.csv").write_text("\n".join(["step,val_loss", *rows]) + "\n")
        lines.append(f"{trial},{0.1 * (trial + 1):.1f},{loss(trial, STEPS - 1)},{place}/{trial}.csv")
    path = folder / "sweep.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_column_names_the_log_of_each_trial(tmp_path: Path) -> None:
    path = logs(tmp_path)
    sweep = hpi_core.read(str(path))
    assert_whole(sweep)
    assert sweep.source.curves == "the logs in log_file"
    done = hpi("inspect", path, home=tmp_path)
    assert "curves from the logs in log_file" in " ".join(done.stdout.decode().split())


def test_a_log_that_is_missing_costs_its_trial_only(tmp_path: Path) -> None:
    path = logs(tmp_path)
    (tmp_path / "runs/3.csv").unlink()
    sweep = hpi_core.read(str(path))
    assert sweep.curves is not None
    assert sweep.curves.collect()["_row"].n_unique() == 7
    told = sweep.ledger.filter(pl.col("kind") == "refused_curves")["message"].to_list()
    assert len(told) == 1
    assert told[0].startswith("1 of the logs that log_file names were not read; the first")
    assert "does not exist" in told[0]


@pytest.mark.parametrize("how", ["dots", "absolute", "link"])
def test_nothing_outside_the_folder_is_opened_unless_allowed(tmp_path: Path, how: str) -> None:
    inner = tmp_path / "inner"
    path = logs(inner)
    text = path.read_text()
    (inner / "runs").rename(tmp_path / "runs")
    if how == "dots":
        path.write_text(text.replace("runs/", "../runs/"))
    elif how == "absolute":
        path.write_text(text.replace("runs/", f"{tmp_path}/runs/"))
    else:
        (inner / "runs").symlink_to(tmp_path / "runs")
    sweep = hpi_core.read(str(path))
    assert sweep.curves is None
    told = sweep.ledger.filter(pl.col("kind") == "refused_curves")["message"].to_list()
    assert len(told) == 1
    assert told[0].startswith("8 of the logs that log_file names were not read; the first lies outside the folder")
    assert_whole(hpi_core.read(str(path), options=ReadOptions(outside_logs=True)))
