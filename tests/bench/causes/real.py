"""Real sweeps of other people as parameters and issues: DeepOBS by test problem, AlgoPerf by workload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from hpi_core.statistics.inputs import Floats, Integers, Issue, Parameter
from tests.shared_data import DATA


def shuffled(parameters: Sequence[Parameter], order: Integers) -> list[Parameter]:
    """Return the parameters with their rows moved as a block: what they have to do with each other stays."""
    return [replace(p, values=p.values[order], missing=p.missing[order]) for p in parameters]


def real_sweeps(source: str) -> dict[str, tuple[list[Parameter], list[Issue]]]:
    """Return per test problem or workload the real hyperparameters and issues read off the real final metrics."""
    table = pl.read_csv(DATA / "12_curves" / f"{source}_trials.csv", infer_schema_length=None)
    if source == "deepobs":
        group, names = "testproblem", ["optimizer", "lr", "momentum", "use_nesterov", "random_seed", "batch_size"]
        train, val = "train_losses_final", "test_losses_final"
    else:
        group = "workload"
        names = [c for c in table.columns if c.startswith("hp.")]
        train, val = "train/loss", "validation/loss"
    sweeps = {}
    for (name,), part in table.group_by(group, maintain_order=True):
        t, v = (_final(part, column) for column in (train, val))
        finite = np.isfinite(t) & np.isfinite(v)
        everywhere = np.ones(len(part), dtype=np.bool_)
        gap = np.zeros(len(part))
        gap[finite] = v[finite] - t[finite]
        high = np.where(finite, v, np.inf) > np.quantile(v[finite], 0.8)
        issues = [
            Issue("nonfinite_metric", ~finite, everywhere),
            Issue("overfit_gap", gap > np.quantile(gap[finite], 0.85), finite),
            Issue("bad_result", high, everywhere),
        ]
        parameters = [_parameter(part[c]) for c in names if part[c].n_unique() > 1]
        sweeps[str(name)] = (parameters, issues)
    return sweeps


def _final(part: pl.DataFrame, column: str) -> Floats:
    """Return the final values of a loss, or of the CTC loss where a workload has no other."""
    values = part[column]
    if values.null_count() == len(values):
        values = part[column.replace("/loss", "/ctc_loss")]
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _parameter(column: pl.Series) -> Parameter:
    if column.dtype.is_numeric():
        return Parameter.numeric(column.name, column.cast(pl.Float64).fill_null(np.nan).to_numpy())
    return Parameter.categorical(column.name, column.cast(pl.String).to_list())
