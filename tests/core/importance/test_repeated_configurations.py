"""Importance, correlations and crowded ends where every configuration was run with several seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

import hpi_core
from hpi_core import Inspection, Sweep
from hpi_core.importance.weighing import weigh


def _inspected(seed: int, *, depends: bool) -> Inspection:
    """Return 60 configurations run with five seeds; the loss is theirs, up to a tenth, and depends on lr or nothing."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {
        "lr": 10 ** rng.uniform(-5, 0, 60),
        "weight_decay": 10 ** rng.uniform(-6, -1, 60),
        "dropout": rng.uniform(0, 0.6, 60),
        "optimizer": rng.choice(["adam", "sgd", "lion"], 60),
    }
    own = np.abs(np.log10(columns["lr"]) + 2) if depends else rng.normal(1, 0.3, 60)
    which = rng.permutation(np.repeat(np.arange(60), 5))
    table: dict[str, Any] = {name: values[which].tolist() for name, values in columns.items()}
    table["seed"] = rng.permutation(300).tolist()
    table["val_loss"] = (1 + own[which] + rng.normal(0, 0.03, 300)).tolist()
    return hpi_core.inspect(Sweep.from_polars(pl.DataFrame(table)))


def test_importance_counts_configurations() -> None:
    mattering = 0
    for seed in range(8):
        inspection = _inspected(seed, depends=False)
        weighing = weigh(inspection.sweep, inspection.sick)
        mattering += any(entry.matters for entry in weighing.entries)
        assert weighing.notes[0].startswith("300 ranked trials repeat 60 configurations: importance counts")
        assert {entry.n for entry in weighing.entries} == {300}
        assert not inspection.objective.causes
        assert inspection.caveats[-1] == "300 trials repeat 60 configurations: tests count configurations."
    assert mattering <= 2


def test_what_matters_for_configurations_is_found() -> None:
    inspection = _inspected(1, depends=True)
    weighing = weigh(inspection.sweep, inspection.sick)
    assert {entry.parameter for entry in weighing.entries if entry.matters} == {"lr"}


def test_correlations_have_the_intervals_of_configurations() -> None:
    beyond = total = 0
    for seed in range(8):
        for item in hpi_core.param_correlations(_inspected(seed, depends=False), metrics=["val_loss"]):
            assert item.n == 300
            total += 1
            beyond += item.low > 0 or item.high < 0
            if item.statistic == "spearman":
                assert 0.4 < item.high - item.low < 0.6  # 60 trials have about .5, 300 would have .23
    assert beyond <= 0.15 * total


def _table(rows: list[tuple[float, int, float]], **more: list[str]) -> Inspection:
    columns = dict(zip(("lr", "seed", "val_loss"), map(list, zip(*rows, strict=True)), strict=True))
    return hpi_core.inspect(Sweep.from_polars(pl.DataFrame({**columns, **more})))


def test_a_repeated_configuration_stands_once_with_its_mean_and_a_lucky_trial_does_not_lead() -> None:
    rng = np.random.default_rng(2)
    rows = [(0.001 * k, seed, 1 + 0.02 * k + 0.1 * (-1) ** seed) for k in range(1, 21) for seed in range(4)]
    rows += [(0.5 + 0.001 * k, 9, float(1.2 + 0.01 * rng.random())) for k in range(10)]
    rows.append((0.7, 9, 0.91))  # the lowest of all, once
    inspection = _table([rows[i] for i in rng.permutation(len(rows))])
    runs = hpi_core.best_runs(inspection, k=40)
    assert [run.runs for run in runs].count(4) == 20
    assert len(runs) == 31
    first = runs[0]
    assert (first.rank, first.runs, round(first.value, 9)) == (1, 4, 1.02)
    assert inspection.sweep.trials["val_loss"][first.row] == min(r[2] for r in rows if r[0] == 0.001)
    lucky = next(run for run in runs if run.value == 0.91)
    assert lucky.rank > 1
    assert lucky.expected is not None
    assert lucky.expected > 1.0
    assert [entry.row for entry in inspection.ranking.best] == [run.row for run in runs]
    assert [entry.value for entry in inspection.ranking.best] == [run.value for run in runs]
    assert inspection.ranking.ranked == len(rows)


def test_every_sweep_of_several_has_a_best_of_its_own() -> None:
    rows = [(0.001 * k, 0, 1.0 + k + 100 * (k % 2)) for k in range(40)]
    inspection = _table(rows, dataset=["mnist" if k % 2 else "cifar" for k in range(40)])
    assert inspection.sweep.roles.group == "dataset"
    runs = hpi_core.best_runs(inspection, k=4)
    assert [(run.group, run.rank, run.value) for run in runs] == [
        ("cifar", 1, 1.0), ("mnist", 1, 102.0), ("cifar", 2, 3.0), ("mnist", 2, 104.0),
    ]  # fmt: skip
    assert sum("do not compare" in caveat for caveat in inspection.caveats) == 1
    assert [entry.row for entry in inspection.ranking.best[:4]] == [run.row for run in runs]
