"""Nothing keeps a trial from being judged that need not: a name without a split, a missing pair, a good last result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.core.cli.running import hpi
from tests.shared_data import DATA, needs_shared


def _fmnist(metrics: dict[str, str], trials: int = 30) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return trials and points of one DeepOBS problem, the metrics called as the values of `metrics`."""
    table = pl.read_csv(DATA / "12_curves" / "deepobs_trials.csv", infer_schema_length=None)
    points = pl.read_parquet(DATA / "12_curves" / "deepobs_curves.parquet")
    points = points.filter(pl.col("metric").is_in(list(metrics)) & pl.col("value").is_finite())
    whole = points.group_by("trial_id").len().filter(pl.col("len") >= 100 * len(metrics))["trial_id"].cast(pl.Int64)
    chosen = table.filter((pl.col("testproblem") == "fmnist_2c2d") & pl.col("trial_id").is_in(whole.implode()))
    chosen = chosen.select("trial_id", "optimizer", "lr").head(trials)
    points = points.filter(pl.col("trial_id").cast(pl.Int64).is_in(chosen["trial_id"].implode()))
    return chosen, points.with_columns(pl.col("metric").cast(pl.String).replace(metrics)).rename({"epoch": "step"})


def _inspected(table: pl.DataFrame, points: pl.DataFrame, folder: Path, *options: str) -> dict[str, Any]:
    table.write_csv(folder / "sweep.csv")
    points.write_parquet(folder / "sweep.curves.parquet")
    done = hpi("inspect", folder / "sweep.csv", "--json", "--all", *options, home=folder)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@needs_shared
@pytest.mark.parametrize(("name", "options"), [("accuracy", ()), ("outcome", ("--objective", "outcome", "--maximize"))])
def test_a_score_without_a_split_is_judged_by_its_curve(name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    table, points = _fmnist({"test_accuracies": name})
    sick = int(table["trial_id"][4])
    fallen = pl.when((pl.col("trial_id") == sick) & (pl.col("step") > 60)).then(pl.col("value") - 0.3)
    points = points.with_columns(fallen.otherwise(pl.col("value")).alias("value"))
    last = points.sort("step").group_by("trial_id").agg(pl.col("value").last().alias(name))
    table = table.join(last.with_columns(pl.col("trial_id").cast(pl.Int64)), on="trial_id")
    found = _inspected(table, points, tmp_path, *options)
    ran = {row["detector"]: row["state"] for row in found["coverage"]}
    assert {ran[rule] for rule in ("rebound", "best_not_last", "saturated_early", "still_improving")} == {"ran"}
    assert str(sick) in next(one["trials"] for one in found["issues"] if one["issue"] == "rebound")


@needs_shared
def test_the_gap_is_judged_from_curves_where_the_table_has_no_pair(tmp_path: Path) -> None:
    table, points = _fmnist({"train_losses": "train_loss", "test_losses": "val_loss"})
    sick = int(table["trial_id"][4])
    rising = pl.when((pl.col("trial_id") == sick) & (pl.col("metric") == "val_loss") & (pl.col("step") > 40))
    risen = rising.then(pl.col("value") + 0.05 * (pl.col("step").cast(pl.Float64) - 40)).otherwise(pl.col("value"))
    found = _inspected(table, points.with_columns(risen.alias("value")), tmp_path)
    assert {row["detector"]: row["state"] for row in found["coverage"]}["overfit_gap"] == "ran"
    assert str(sick) in next(one["trials"] for one in found["issues"] if one["issue"] == "overfit_gap")


@needs_shared
def test_runs_that_failed_with_a_good_result_are_sick_all_the_same(tmp_path: Path) -> None:
    table = pl.read_csv(DATA / "12_curves" / "deepobs_trials.csv", infer_schema_length=None)
    table = table.filter(pl.col("testproblem") == "fmnist_2c2d").select(
        "trial_id", "optimizer", "lr", "test_losses_final"
    )
    sound = table.filter(pl.col("test_losses_final").is_finite()).sort("test_losses_final")
    status = pl.when(pl.int_range(pl.len()) < 30).then(pl.lit("crashed")).otherwise(pl.lit("finished"))
    sound.with_columns(status.alias("state")).write_csv(tmp_path / "sweep.csv")
    gate = hpi("check", tmp_path / "sweep.csv", "--fail-on", "error", home=tmp_path)
    assert gate.returncode == 1
    assert "failed_run 30" in gate.stdout.decode()
    best = hpi("best", tmp_path / "sweep.csv", "--json", "-k", "3", home=tmp_path)
    assert not {str(one) for one in sound["trial_id"][:30]} & {run["trial"] for run in json.loads(best.stdout)["best"]}
