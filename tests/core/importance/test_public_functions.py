"""`best_runs`, `param_importance`, `param_correlations` on whole sweeps: failures, ties, directions, few trials."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import hpi_core
from hpi_core.errors import UsageError
from hpi_core.importance import weigh
from hpi_core.roles import RoleOverrides
from hpi_core.sweep import Sweep


def _sweep(columns: dict[str, object], **roles: str) -> Sweep:
    return Sweep.from_polars(pl.DataFrame(columns), overrides=RoleOverrides(roles=tuple(roles.items())))


def _diverging(n: int = 300) -> Sweep:
    """Below lr 0.1 the loss hardly depends on lr; above it every trial fails."""
    rng = np.random.default_rng(3)
    lr = 10 ** rng.uniform(-4, 0, n)
    loss = np.where(lr > 0.1, np.nan, 0.5 + 0.1 * rng.uniform(size=n))
    return _sweep({"lr": lr, "dropout": rng.uniform(0, 0.5, n), "val_loss": loss})


def test_failed_trials_are_ranked_worst_not_dropped() -> None:
    inspection = hpi_core.inspect(_diverging())
    found = {(e.question, e.parameter): e for e in hpi_core.param_importance(inspection)}
    assert found["variance", "lr"].matters
    assert found["failing", "lr"].score > 0.8
    assert not found["variance", "dropout"].matters
    assert inspection.weighing.worst == int(inspection.sick.sum()) > 50
    # The same sweep without its failures: lr does not matter.
    part = inspection.sweep.trials.filter(pl.col("val_loss").is_finite()).drop("_row", "_status")
    rest = hpi_core.inspect(Sweep.from_polars(part))
    assert not next(e for e in rest.weighing.entries if (e.question, e.parameter) == ("variance", "lr")).matters


def test_few_trials_have_no_importance_but_correlations_with_wide_intervals() -> None:
    lr = [0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.007, 0.008]
    inspection = hpi_core.inspect(_sweep({"lr": lr, "val_loss": [0.1, 0.3, 0.2, 0.4, 0.6, 0.5, 0.8, 0.7]}))
    assert hpi_core.param_importance(inspection) == ()
    assert "needs at least 30" in inspection.weighing.notes[0]
    (correlation,) = hpi_core.param_correlations(inspection)
    assert (correlation.parameter, correlation.target, correlation.n) == ("lr", "val_loss", 8)
    assert correlation.value == pytest.approx(0.9286, abs=1e-4)  # 1 - 6 * 6 / (8 * 63)
    assert correlation.low < 0.75 < correlation.value < correlation.high


def test_spearman_intervals_cover_and_leave_zero_out_of_noise_one_time_in_twenty() -> None:
    from hpi_core.importance.correlations import spearman, spearman_interval

    rng = np.random.default_rng(4)
    covered, excluded = 0, 0
    truth = 6 / np.pi * np.arcsin(0.5 / 2)  # of a normal pair with correlation .5
    for _ in range(400):
        x = rng.normal(size=60)
        y = 0.5 * x + np.sqrt(0.75) * rng.normal(size=60)
        low, high = spearman_interval(spearman(x, y) or 0.0, 60)
        covered += low <= truth <= high
        low, high = spearman_interval(spearman(x, rng.normal(size=60)) or 0.0, 60)
        excluded += low > 0 or high < 0
    assert covered / 400 >= 0.92
    assert excluded / 400 <= 0.08


def test_categories_have_a_share_of_variance_and_issues_are_targets() -> None:
    rng = np.random.default_rng(6)
    n = 200
    optimizer = rng.choice(["adam", "sgd"], n)
    loss = np.where(optimizer == "sgd", 1.0, 0.0) + rng.normal(0, 0.3, n)
    lr = rng.uniform(size=n)
    loss = np.where(lr > 0.8, np.nan, loss)
    inspection = hpi_core.inspect(_sweep({"optimizer": optimizer, "lr": lr, "val_loss": loss}))
    found = {(c.parameter, c.target): c for c in hpi_core.param_correlations(inspection)}
    assert found["optimizer", "val_loss"].statistic == "epsilon2"
    assert found["optimizer", "val_loss"].low > 0.4
    issue = found["lr", "nonfinite_metric"]
    assert issue.kind == "issue"
    assert issue.low > 0.5
    assert issue.n == n


def test_equal_results_are_ranked_by_cost_and_sick_trials_left_out() -> None:
    sweep = _sweep(
        {
            "lr": [0.1, 0.2, 0.3, 0.4],
            "val_loss": [0.5, 0.5, float("nan"), 0.7],
            "runtime_sec": [90.0, 30.0, 1.0, 5.0],
            "epochs": [1, 2, 3, 4],
        }
    )
    runs = hpi_core.best_runs(hpi_core.inspect(sweep), k=3)
    assert [(run.rank, run.trial, run.cost) for run in runs] == [(1, "1", 30.0), (2, "0", 90.0), (3, "3", 5.0)]
    assert [run.tied for run in runs] == [True, True, False]
    assert runs[0].expected is None  # nothing was repeated


def test_repeated_configurations_shrink_the_best_towards_what_is_typical() -> None:
    rng = np.random.default_rng(9)
    lr = np.repeat(rng.uniform(0.01, 0.1, 60), 3)
    score = np.clip(0.7 + np.repeat(rng.normal(0, 0.03, 60), 3) + rng.normal(0, 0.02, 180), 0, 1)
    sweep = _sweep({"lr": lr, "seed": [0, 1, 2] * 60, "val_accuracy": score})
    runs = hpi_core.best_runs(hpi_core.inspect(sweep), k=3)
    assert runs[0].value == pytest.approx(score.reshape(60, 3).mean(axis=1).max())
    assert runs[0].runs == 3
    assert runs[0].expected is not None
    assert 0.7 < runs[0].expected < runs[0].value
    assert runs[1].tied


def test_another_metric_and_direction_can_be_asked_for() -> None:
    inspection = hpi_core.inspect(_diverging())
    with pytest.raises(UsageError, match="There is no metric nonsense"):
        hpi_core.param_importance(inspection, "nonsense")
    worst_first = hpi_core.best_runs(inspection, 1, "val_loss", "max")[0]
    assert worst_first.value == max(inspection.sweep.trials["val_loss"].drop_nans())


@pytest.mark.parametrize(
    "columns",
    [
        {"lr": [0.1] * 40, "val_loss": [0.5] * 40},
        {"lr": [0.1 * i for i in range(40)], "val_loss": [0.5] * 40},
        {"lr": [None] * 39 + [0.1], "val_loss": [float(i) for i in range(40)]},
        {"lr": [float("inf")] * 20 + [0.1, 0.2] * 10, "val_loss": [float(i) for i in range(40)]},
        {"lr": [0.1 * i for i in range(40)], "val_loss": [float("nan")] * 40},
        {
            "opt": [f"o{i}" for i in range(40)],
            "lr": [0.1 * i for i in range(40)],
            "val_loss": [i / 7 for i in range(40)],
        },
    ],
    ids=["constant", "flat result", "nearly all missing", "infinite", "all sick", "a level per trial"],
)
def test_odd_columns_are_survived(columns: dict[str, object]) -> None:
    sweep = _sweep({"wd": [i % 7 for i in range(40)], **columns}, wd="hyperparameter")
    inspection = hpi_core.inspect(sweep)
    for entry in inspection.weighing.entries:
        assert 0 <= entry.low <= entry.score <= entry.high <= 1 or entry.score > 1
        assert np.isfinite([entry.score, entry.low, entry.high, entry.noise]).all()
    hpi_core.param_correlations(inspection)
    hpi_core.best_runs(inspection)


def test_the_same_sweep_gives_the_same_numbers() -> None:
    sweep = _diverging()
    sick = hpi_core.inspect(sweep).sick
    assert weigh(sweep, sick) == weigh(sweep, sick)
