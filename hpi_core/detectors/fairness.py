"""Measures of disparity between groups, and how large they get by chance.

All measures are fractions (0.1 is ten points). Definitions, over groups J (Lin et al., CVPR 2024, arXiv 2402.17229,
and the code published with it):

    F_FPR  mode `sum`: sum of |FPR_J - FPR|, which needs the FPR over all; mode `range`: max FPR_J - min FPR_J
    F_OAE  max accuracy_J - min accuracy_J
    F_DP   max of the ranges of the positive and the negative prediction rate
    F_MEO  max of the ranges of FPR, FNR, TNR and TPR
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from hpi_core.detectors.context import finite
from hpi_core.detectors.subgroups import Partition, partitions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpi_core.detectors.context import Context

DRAWS = 1000
QUANTILE = 0.95
_LEVELS = np.sin(np.linspace(0.02, np.pi / 2 - 0.02, 25)) ** 2
_SEED = 20240601
Mode = Literal["sum", "range"]


@dataclass(frozen=True)
class Measure:
    """One measure of one partition, one value per trial (null where an input is missing).

    `mode` says whether it sums deviations or takes a range. `floor` is the 95 % quantile of the measure if all groups
    shared one rate, None where the sizes of the groups are not known. `groups` were compared; `inputs` are columns.
    """

    name: str
    mode: Mode
    partition: str
    values: pl.Series
    floor: pl.Series | None
    groups: int
    inputs: tuple[str, ...]


def measures(context: Context, smallest: int = 30) -> tuple[Measure, ...]:
    """Return every measure the columns allow; groups known to have fewer than `smallest` examples are left out."""
    found: list[Measure] = []
    for partition in partitions(context):
        found += _of_partition(context, partition, smallest)
    return tuple(found)


def _of_partition(context: Context, partition: Partition, smallest: int) -> list[Measure]:
    sizes = _sizes(context, partition)
    rates = {metric: _fractions(context, columns) for metric, columns in partition.groups.items() if metric != "n"}
    for one, other in (("fpr", "tnr"), ("tnr", "fpr"), ("tpr", "fnr"), ("fnr", "tpr")):
        if one not in rates and other in rates:
            rates[one] = {group: 1 - series for group, series in rates[other].items()}
    if sizes:
        rates = {m: {g: s for g, s in by.items() if sizes.get(g, 0) >= smallest} for m, by in rates.items()}
    rates = {metric: by for metric, by in rates.items() if len(by) >= 2}
    whole = {metric: _fractions(context, {"": column})[""] for metric, column in partition.overall.items()}

    def measure(
        name: str, mode: Mode, wanted: Sequence[str], share: float, overall: pl.Series | None = None
    ) -> Measure:
        spreads = [_spread(list(rates[metric].values()), overall) for metric in wanted]
        value = pl.DataFrame([s.alias(str(i)) for i, s in enumerate(spreads)]).max_horizontal()
        floor = None
        if sizes:
            floors = [_floor(rates[metric], sizes, share, mode) for metric in wanted]
            floor = pl.DataFrame([s.alias(str(i)) for i, s in enumerate(floors)]).max_horizontal()
        columns = {c for metric in wanted for c in partition.groups.get(metric, {}).values()}
        return Measure(name, mode, partition.name, value, floor, len(rates[wanted[0]]), tuple(sorted(columns)))

    found = []
    if "fpr" in rates:
        overall = whole.get("fpr", 1 - whole["tnr"] if "tnr" in whole else None)
        found.append(measure("F_FPR", "range" if overall is None else "sum", ["fpr"], 0.5, overall))
    if "accuracy" in rates:
        found.append(measure("F_OAE", "range", ["accuracy"], 1.0))
    if "positive_rate" in rates:
        found.append(measure("F_DP", "range", ["positive_rate"], 1.0))
    if "fpr" in rates and "tpr" in rates:
        found.append(measure("F_MEO", "range", ["fpr", "tpr"], 0.5))
    return found


def _sizes(context: Context, partition: Partition) -> dict[str, int]:
    """Return the number of examples per group, the least over trials; empty where not every group has one."""
    columns = partition.groups.get("n", {})
    named = {group for metric, by in partition.groups.items() if metric != "n" for group in by}
    values = {group: finite(context.values(column)).drop_nulls().to_numpy() for group, column in columns.items()}
    known = {group: int(sizes.min()) for group, sizes in values.items() if sizes.size}
    return known if named <= set(known) else {}


def _fractions(context: Context, columns: dict[str, str]) -> dict[str, pl.Series]:
    """Return the columns as fractions; where any value is above 1, all of them are percent."""
    values = {group: finite(context.values(column)) for group, column in columns.items()}
    highest = max((float(s.max() or 0.0) for s in values.values()), default=0.0)  # type: ignore[arg-type]
    return {group: series / 100 if highest > 1.0 + 1e-9 else series for group, series in values.items()}


def _spread(groups: list[pl.Series], overall: pl.Series | None) -> pl.Series:
    frame = pl.DataFrame([series.alias(str(i)) for i, series in enumerate(groups)])
    complete = frame.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
    if overall is None:
        value = frame.max_horizontal() - frame.min_horizontal()
    else:
        joined = frame.with_columns(overall.alias("all"))
        names = frame.columns
        value = joined.select(pl.sum_horizontal((pl.col(name) - pl.col("all")).abs() for name in names)).to_series()
        complete = complete & overall.is_not_null()
    return pl.select(pl.when(complete).then(value)).to_series()


def _floor(rates: dict[str, pl.Series], sizes: dict[str, int], share: float, mode: Mode) -> pl.Series:
    """Return per trial the 95 % quantile of the measure among groups that all have the trial's mean rate.

    Binomial draws with the groups' sizes; for rates within a class half of each group is taken to be of that class.
    The quantile is simulated on a grid of rates and interpolated.
    """
    counts = np.array([max(1, round(sizes[group] * share)) for group in rates])
    random = np.random.default_rng(_SEED)
    grid = np.empty(_LEVELS.size)
    for i, level in enumerate(_LEVELS):
        drawn = random.binomial(counts, level, size=(DRAWS, counts.size)) / counts
        if mode == "sum":
            pooled = (drawn * counts).sum(axis=1, keepdims=True) / counts.sum()
            statistic = np.abs(drawn - pooled).sum(axis=1)
        else:
            statistic = drawn.max(axis=1) - drawn.min(axis=1)
        grid[i] = np.quantile(statistic, QUANTILE)
    frame = pl.DataFrame([series.alias(group) for group, series in rates.items()])
    weights = counts / counts.sum()
    mean = frame.select(
        pl.sum_horizontal(pl.col(g) * w for g, w in zip(frame.columns, weights, strict=True))
    ).to_series()
    floor = np.interp(mean.fill_null(0.5).to_numpy(), _LEVELS, grid)
    return pl.Series(floor)
