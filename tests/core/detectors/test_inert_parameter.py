"""Very large sweeps: a fixed part is looked at, in which an inert parameter stays inert and no other becomes so."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from hpi_core.detectors import detect
from hpi_core.sweep import Sweep

N = 120_000


def _grid(levels: int, inert: bool) -> Sweep:
    """Four parameters of `levels` values each, drawn at random; the loss is a function of three or of all four."""
    rng = np.random.default_rng(7)
    values = {name: rng.integers(1, levels + 1, N) / 10 for name in ("lr", "dropout", "momentum", "warmup")}
    weights = {"lr": 1.0, "dropout": 17.3, "momentum": 301.7, "warmup": 0.0 if inert else 5003.9}
    loss = sum(weights[name] * column for name, column in values.items())
    columns = {**{f"hp.{name}": column for name, column in values.items()}}
    return Sweep.from_polars(pl.DataFrame({**columns, "val_loss": loss, "val_acc": 1 / (1 + np.asarray(loss))}))


@pytest.mark.parametrize("levels", [6, 14])
def test_an_inert_parameter_of_a_very_large_sweep_is_found(levels: int) -> None:
    findings = detect(_grid(levels, inert=True)).findings.filter(pl.col("issue") == "inert_parameter")
    assert findings["metric"].to_list() == ["hp.warmup"]


@pytest.mark.parametrize("levels", [6, 14])
def test_a_parameter_that_counts_is_not_inert_in_a_very_large_sweep(levels: int) -> None:
    detection = detect(_grid(levels, inert=False))
    assert "inert_parameter" not in detection.findings["issue"].to_list()
    (coverage,) = detection.coverage.filter(pl.col("detector") == "inert_parameter").to_dicts()
    assert coverage["state"] == "ran"
