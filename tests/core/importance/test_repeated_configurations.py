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
