"""Measures of disparity between groups, and how large they get by chance.

All measures are fractions (0.1 is ten points). Definitions, over groups J (Lin et al., CVPR 2024, arXiv 2402.17229,
and the code published with it):

    F_FPR  mode `sum`: sum of |FPR_J - FPR|, which needs the FPR over all; mode `range`: max FPR_J - min FPR_J
    F_OAE  max accuracy_J - min accuracy_J
    F_DP   max of the ranges of the positive and the negative prediction rate (the two ranges are equal)
    F_MEO  max of the ranges of FPR, FNR, TNR and TPR (those of FNR and TNR equal those of TPR and FPR)

and beside them, lower being worse: `four_fifths`, the least positive prediction rate over the greatest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from hpi_core.detectors.context import finite
from hpi_core.detectors.subgroups import Partition, partitions

if TYPE_CHECKING:
    from hpi_core.detectors.context import Context

DRAWS = 2000
QUANTILE = 0.95
# Levels of the common rate, evenly spaced in arcsin(sqrt(rate)), in which the spread of a proportion is even.
_ANGLES = np.linspace(0.02, np.pi / 2 - 0.02, 13)
_SEED = 20240601
_COMPLEMENTS = {"fpr": "tnr", "tpr": "fnr"}
Mode = Literal["sum", "range", "ratio"]


@dataclass(frozen=True)
class Measure:
    """One measure of one partition, one value per trial (null where an input is missing).

    `mode` says whether it sums deviations, takes a range or a ratio. `floor` is how far the measure goes by chance if
    all groups share one rate, None where the sizes of the groups are not known: in 95 of 100 draws no measure of the
    partition goes beyond its floor (above it; below it for a ratio). `groups` were compared; `inputs` are columns.
    `alone` marks an F_MEO of TPR and FNR only, where no FPR is known: the whole can only be larger.
    """

    name: str
    mode: Mode
    partition: str
    values: pl.Series
    floor: pl.Series | None
    groups: int
    inputs: tuple[str, ...]
    alone: bool = False


@dataclass(frozen=True)
class _Rates:
    """What is known of one partition: rate -> group -> fractions, rate -> fractions over all, examples per group."""

    partition: Partition
    by_group: dict[str, dict[str, pl.Series]]
    overall: dict[str, pl.Series]
    sizes: dict[str, int]


@dataclass(frozen=True)
class _Definition:
    """A measure before it is computed: `rates` it looks at, and the `share` of each group those rates are taken of."""

    name: str
    mode: Mode
    rates: tuple[str, ...]
    share: float
    overall: pl.Series | None = None


def measures(context: Context, smallest: int = 30, *, floors: bool = True) -> tuple[Measure, ...]:
    """Return every measure the columns allow; groups known to have fewer than `smallest` examples are left out.

    Without `floors` what chance can do is not simulated.
    """
    found: list[Measure] = []
    for partition in partitions(context):
        rates = _rates(context, partition, smallest)
        definitions = _definitions(rates)
        looks = sum(len(definition.rates) for definition in definitions)
        found += [_measure(definition, rates, looks if floors else 0) for definition in definitions]
    return tuple(found)


def _rates(context: Context, partition: Partition, smallest: int) -> _Rates:
    sizes = _sizes(context, partition)
    columns = {metric: by for metric, by in partition.groups.items() if metric != "n"}
    raw = {metric: {g: finite(context.values(c)) for g, c in by.items()} for metric, by in columns.items()}
    whole = {metric: finite(context.values(column)) for metric, column in partition.overall.items()}
    scale = _full_scale([*(s for by in raw.values() for s in by.values()), *whole.values()])
    rates = {metric: {g: s / scale for g, s in by.items()} for metric, by in raw.items()}
    whole = {metric: series / scale for metric, series in whole.items()}
    for one, other in _COMPLEMENTS.items():
        if one not in rates and other in rates:
            rates[one] = {group: 1 - series for group, series in rates[other].items()}
        if one not in whole and other in whole:
            whole[one] = 1 - whole[other]
    if sizes:
        rates = {m: {g: s for g, s in by.items() if sizes.get(g, 0) >= smallest} for m, by in rates.items()}
    return _Rates(partition, {metric: by for metric, by in rates.items() if len(by) >= 2}, whole, sizes)


def _definitions(rates: _Rates) -> list[_Definition]:
    """Return the measures these rates allow."""
    found: list[_Definition] = []
    if "fpr" in rates.by_group:
        overall = rates.overall.get("fpr")
        found.append(_Definition("F_FPR", "range" if overall is None else "sum", ("fpr",), 0.5, overall))
    if "accuracy" in rates.by_group:
        found.append(_Definition("F_OAE", "range", ("accuracy",), 1.0))
    if "positive_rate" in rates.by_group:
        found.append(_Definition("F_DP", "range", ("positive_rate",), 1.0))
        found.append(_Definition("four_fifths", "ratio", ("positive_rate",), 1.0))
    if "tpr" in rates.by_group:
        wanted = ("fpr", "tpr") if "fpr" in rates.by_group else ("tpr",)
        found.append(_Definition("F_MEO", "range", wanted, 0.5))
    return found


def _measure(definition: _Definition, rates: _Rates, looks: int) -> Measure:
    """Compute a measure; `looks` are all ranges, sums and ratios tried on this partition, 0 for no floor."""
    chosen = [rates.by_group[rate] for rate in definition.rates]
    spreads = [_spread(list(by.values()), definition) for by in chosen]
    floors = [_floor(by, rates.sizes, definition, looks) for by in chosen] if rates.sizes and looks else []
    return Measure(
        definition.name,
        definition.mode,
        rates.partition.name,
        _greatest(spreads),
        _greatest(floors) if floors else None,
        max(len(by) for by in chosen),
        tuple(column for rate in definition.rates for column in _inputs(rates, rate)),
        alone=definition.rates == ("tpr",),
    )


def _inputs(rates: _Rates, rate: str) -> list[str]:
    """Return the columns a rate, or the rate it is one minus, stands in."""
    columns = rates.partition.groups
    by = columns.get(rate) or columns[_COMPLEMENTS[rate]]
    return [by[group] for group in rates.by_group[rate]]


def _greatest(series: list[pl.Series]) -> pl.Series:
    return pl.DataFrame([one.alias(str(i)) for i, one in enumerate(series)]).max_horizontal()


def _sizes(context: Context, partition: Partition) -> dict[str, int]:
    """Return the number of examples per group, the least over trials; empty where not every group has one."""
    columns = partition.groups.get("n", {})
    named = {group for metric, by in partition.groups.items() if metric != "n" for group in by}
    values = {group: finite(context.values(column)).drop_nulls().to_numpy() for group, column in columns.items()}
    known = {group: int(sizes.min()) for group, sizes in values.items() if sizes.size}
    return known if named <= set(known) else {}


def _full_scale(values: list[pl.Series]) -> float:
    """Return 100 where any rate of the partition is above 1, so that all are percent, else 1."""
    highest = max((float(s.max() or 0.0) for s in values), default=0.0)  # type: ignore[arg-type]
    return 100.0 if highest > 1.0 + 1e-9 else 1.0


def _spread(groups: list[pl.Series], definition: _Definition) -> pl.Series:
    frame = pl.DataFrame([series.alias(str(i)) for i, series in enumerate(groups)])
    complete = frame.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
    if definition.overall is not None:
        joined = frame.with_columns(definition.overall.alias("all"))
        deviations = pl.sum_horizontal((pl.col(name) - pl.col("all")).abs() for name in frame.columns)
        value = joined.select(deviations).to_series()
        complete = complete & definition.overall.is_not_null()
    elif definition.mode == "ratio":
        value = frame.min_horizontal() / frame.max_horizontal()
        complete = complete & (frame.max_horizontal() > 0)
    else:
        value = frame.max_horizontal() - frame.min_horizontal()
    return pl.select(pl.when(complete).then(value)).to_series()


def _floor(rates: dict[str, pl.Series], sizes: dict[str, int], definition: _Definition, looks: int) -> pl.Series:
    """Return per trial how far the measure goes among groups that all have the trial's mean rate.

    Binomial draws with the groups' sizes; for rates within a class half of each group is taken to be of that class.
    The quantile (95 %, corrected for the number of looks by Bonferroni) is simulated on a grid of rates and
    interpolated.
    """
    counts = np.array([max(1, round(sizes[group] * definition.share)) for group in rates])
    random = np.random.default_rng(_SEED)
    beyond = (1 - QUANTILE) / looks
    grid = np.empty(_ANGLES.size)
    for i, level in enumerate(np.sin(_ANGLES) ** 2):
        drawn = random.binomial(counts, level, size=(DRAWS, counts.size)) / counts
        if definition.mode == "sum":
            pooled = (drawn * counts).sum(axis=1, keepdims=True) / counts.sum()
            statistic = np.abs(drawn - pooled).sum(axis=1)
        elif definition.mode == "ratio":
            highest = drawn.max(axis=1)
            statistic = np.divide(drawn.min(axis=1), highest, out=np.ones(DRAWS), where=highest > 0)
        else:
            statistic = drawn.max(axis=1) - drawn.min(axis=1)
        grid[i] = np.quantile(statistic, beyond if definition.mode == "ratio" else 1 - beyond)
    frame = pl.DataFrame([series.alias(group) for group, series in rates.items()])
    weights = counts / counts.sum()
    mean = frame.select(
        pl.sum_horizontal(pl.col(g) * w for g, w in zip(frame.columns, weights, strict=True))
    ).to_series()
    angles = np.arcsin(np.sqrt(mean.fill_null(0.5).clip(0, 1).to_numpy()))
    return pl.Series(np.interp(angles, _ANGLES, grid))
