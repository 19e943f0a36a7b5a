"""The same real curves as logs of their own, as rows in any order, and as columns: one treatment for all of them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import hpi_core
from tests.core.cli.running import hpi_process
from tests.core.cli.test_real_curve_files import LOSSES, N, broken, found, page, real, write
from tests.shared_data import needs_shared

pytestmark = needs_shared
SETTINGS = ["trial_id", "optimizer", "lr"]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Trials that have curves and no metric of their own."""
    return write(tmp_path / "sweep.csv", real()[0].select(SETTINGS))


def with_settings(wide: pl.DataFrame) -> pl.DataFrame:
    return wide.join(real()[0].select(SETTINGS), on="trial_id", how="left")


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_the_order_of_rows_does_not_tell_what_a_trial_by_step_table_is(tmp_path: Path, form: str) -> None:
    table = with_settings(real()[1])
    ordered = write(tmp_path / f"ordered.{form}", table)
    shuffled = write(tmp_path / f"shuffled.{form}", table.sample(fraction=1.0, shuffle=True, seed=3))
    said = page(shuffled, home=tmp_path)
    assert f"· {N} trials ·" in said
    assert f"rows became {N} trials with" in said
    assert f"the steps of {N} trials stood in no order: they were sorted" in said
    assert {issue: count for issue, (count, _) in found(shuffled, home=tmp_path).items()} == {
        issue: count for issue, (count, _) in found(ordered, home=tmp_path).items()
    }
    told, untold = (hpi_core.read(path).trials.sort("trial_id") for path in (ordered, shuffled))
    assert told.drop("_row").equals(untold.drop("_row"))


def test_the_epochs_at_which_models_were_best_are_no_log(tmp_path: Path) -> None:
    best = with_settings(real()[1]).sample(n=600, seed=5).with_columns(trial_id=pl.col("optimizer"))
    path = write(tmp_path / "best.csv", best.sample(fraction=1.0, shuffle=True, seed=6).unique(["trial_id", "epoch"]))
    assert hpi_core.read(path).curves is None


def test_logs_named_by_a_column_give_metrics_as_a_file_of_curves_does(settings: Path, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for (trial,), part in real()[1].group_by("trial_id", maintain_order=True):
        write(tmp_path / "logs" / f"{trial}.csv", part.drop("trial_id"))
    trials = real()[0].select(SETTINGS).with_columns(pl.format("logs/{}.csv", "trial_id").alias("log"))
    logs = write(tmp_path / "logged.csv", trials)
    write(tmp_path / "sweep_history.csv", real()[1])
    beside, logged = page(settings, home=tmp_path), page(logs, home=tmp_path)
    objective = "objective test_losses, lower is better (inferred from the names)"
    assert objective in beside
    assert objective in logged
    assert "curves from the logs in log" in logged
    assert broken(real()[1]) > 0
    assert found(logs, home=tmp_path) == found(settings, home=tmp_path)


def by_epochs(wide: pl.DataFrame, name: str, pattern: str) -> pl.DataFrame:
    """Return one row per trial, one column per epoch, called by `pattern`."""
    table = wide.select("trial_id", "epoch", name).pivot("epoch", index="trial_id", values=name)
    return table.rename({column: pattern.format(column) for column in table.columns[1:]})


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("pattern", ["{}", "epoch_{}", "step {}", "test_losses@{}", "test_losses_{}"])
def test_columns_named_by_steps_are_curves(tmp_path: Path, form: str, pattern: str) -> None:
    trials, wide = real()
    last = wide.group_by("trial_id", maintain_order=True).agg(pl.col("test_losses").drop_nulls().last())
    source = write(tmp_path / "sweep.csv", trials.drop("test_losses").join(last, on="trial_id", maintain_order="left"))
    write(tmp_path / f"sweep.curves.{form}", by_epochs(wide, "test_losses", pattern))
    said = page(source, home=tmp_path)
    assert f"sweep.curves.{form} holds the curves of {N} of the {N} trials, matched by trial_id: " in said
    long = write(tmp_path / "long.parquet", wide.select("trial_id", "epoch", "test_losses"))
    assert found(source, home=tmp_path) == found(source, "--curves", long, home=tmp_path)


def test_several_metrics_named_by_steps_and_metrics_in_rows(settings: Path, tmp_path: Path) -> None:
    wide = real()[1]
    both = by_epochs(wide, "train_losses", "train_losses_epoch_{}").join(
        by_epochs(wide, "test_losses", "test_losses_epoch_{}"), on="trial_id"
    )
    rows = pl.concat(
        by_epochs(wide, name, "{}").select("trial_id", pl.lit(name).alias("metric"), pl.exclude("trial_id"))
        for name in LOSSES
    )
    reference = found(settings, "--curves", write(tmp_path / "reference.csv", wide), home=tmp_path)
    assert reference["nonfinite_metric"][0] == broken(wide)
    for name, table in (("both", both), ("rows", rows)):
        assert found(settings, "--curves", write(tmp_path / f"{name}.csv", table), home=tmp_path) == reference, name


def test_values_at_several_cut_offs_are_no_curve(settings: Path, tmp_path: Path) -> None:
    table = real()[0].select("trial_id", *(pl.lit(0.5).alias(f"recall@{k}") for k in (1, 3, 5, 10, 20)))
    done = hpi_process("inspect", settings, "--curves", write(tmp_path / "at.csv", table), home=tmp_path)
    assert "columns are named by steps" not in done.stdout.decode()
