"""Real sweeps as tables to draw from: every trial that a plan could ask for was run by somebody."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl

import hpi_core
from hpi_core.inspection import Inspection
from hpi_core.next_experiment import Dimension
from hpi_core.roles import RoleOverrides
from hpi_core.sweep import Sweep
from tests.shared_data import DATA

_TRANSFER = "geoalgo__A-Quantile-based-Approach-for-Hyperparameter-Transfer-Learning/src/blackbox/offline_evaluations"


@dataclass(frozen=True, eq=False)
class Pool:
    """One task: its trials, the hyperparameters, and the objective (lower is better, NaN where a trial failed)."""

    name: str
    table: pl.DataFrame
    parameters: tuple[str, ...]
    metric: str

    def badness(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return one number per trial, infinite where it failed."""
        values = self.table[self.metric].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return np.where(np.isfinite(values), values, np.inf)

    def inspected(self, rows: np.ndarray[Any, Any]) -> Inspection:
        """Inspect the sweep of these rows."""
        roles = tuple((name, "hyperparameter") for name in self.parameters)
        columns = [*self.parameters, self.metric]
        overrides = RoleOverrides(objective=self.metric, direction="min", roles=roles)
        return hpi_core.inspect(Sweep.from_polars(self.table.select(columns)[rows], overrides=overrides))

    def nearest(self, values: Any, dimensions: tuple[Dimension, ...], free: np.ndarray[Any, Any]) -> int:
        """Return the free row most like a configuration: scales from 0 to 1, words equal or not."""
        distance = np.zeros(len(free))
        for dimension in dimensions:
            column = self.table[dimension.name][free]
            wanted = values[dimension.name]
            if column.dtype.is_numeric() and isinstance(wanted, int | float):
                numbers, goal = column.cast(pl.Float64).to_numpy(), float(wanted)
                whole = self.table[dimension.name].cast(pl.Float64).to_numpy()
                if dimension.log and goal > 0 and whole.min() > 0:
                    numbers, goal, whole = np.log(numbers), float(np.log(goal)), np.log(whole)
                distance += ((numbers - goal) / max(float(np.ptp(whole)), 1e-12)) ** 2
            else:
                distance += (column.cast(pl.String) != str(wanted)).fill_null(True).to_numpy().astype(np.float64)
        return int(free[int(distance.argmin())])


@cache
def pools() -> tuple[Pool, ...]:
    """Return the tasks: learning-rate ladders of eight problems, a forecaster on its data sets, an architecture."""
    return (*_ladders(), *_forecaster(), _architectures())


def _ladders() -> list[Pool]:
    table = hpi_core.read(DATA / "12_curves" / "deepobs_trials.csv").trials
    return [
        Pool(f"DeepOBS {task}", part, ("lr", "optimizer"), "test_losses_final")
        for (task,), part in table.group_by("testproblem", maintain_order=True)
    ]


def _forecaster() -> list[Pool]:
    table = _zipped("DeepAR.csv.zip")
    names = ("hp_num_layers", "hp_num_cells", "hp_dropout_rate_log", "hp_learning_rate_log",
             "hp_num_batches_per_epoch_log", "hp_context_length_ratio_log")  # fmt: skip
    return [
        Pool(f"DeepAR {task}", part, names, "metric_CRPS")
        for (task,), part in table.group_by("task", maintain_order=True)
        if part.height >= 200
    ]


def _architectures() -> Pool:
    table = _zipped("nas_bench102.csv.zip").filter(pl.col("task") == "cifar10")
    names = tuple(f"hp_x{i}" for i in range(6))
    words = table.with_columns(pl.concat_str(pl.lit("op"), pl.col(name)).alias(name) for name in names)
    return Pool("NAS-Bench-201 cifar10", words, names, "metric_error")


def _zipped(name: str) -> pl.DataFrame:
    with zipfile.ZipFile(DATA / "02_hpo_bench" / _TRANSFER / name) as archive:
        return pl.read_csv(archive.read(archive.namelist()[0]))
