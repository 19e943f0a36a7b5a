"""What each metric column holds: its spread over finite values, and how many trials have none, by kind of nothing."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from hpi_core.sweep import Sweep


@dataclass(frozen=True)
class Measure:
    """One metric over all trials: spread of the finite values (None where there is none), and counts of the others."""

    name: str
    low: float | None
    median: float | None
    high: float | None
    missing: int
    nan: int
    inf: int
    negative_inf: int


def measure_metrics(sweep: Sweep) -> tuple[Measure, ...]:
    """Measure every metric of the sweep, in the order of its roles, in one pass."""
    known = set(sweep.trials.columns)
    names = [metric.name for metric in sweep.roles.metrics if metric.name in known]
    if not names:
        return ()
    parts: list[pl.Expr] = []
    for place, name in enumerate(names):
        value = pl.col(name).cast(pl.Float64, strict=False)
        finite = value.filter(value.is_finite())
        parts += [
            finite.min().alias(f"{place}.low"),
            finite.median().alias(f"{place}.median"),
            finite.max().alias(f"{place}.high"),
            value.null_count().alias(f"{place}.missing"),
            value.is_nan().sum().alias(f"{place}.nan"),
            (value == float("inf")).sum().alias(f"{place}.inf"),
            (value == float("-inf")).sum().alias(f"{place}.negative_inf"),
        ]
    row = sweep.trials.select(parts).row(0, named=True)
    return tuple(
        Measure(
            name,
            row[f"{place}.low"],
            row[f"{place}.median"],
            row[f"{place}.high"],
            row[f"{place}.missing"],
            row[f"{place}.nan"] or 0,
            row[f"{place}.inf"] or 0,
            row[f"{place}.negative_inf"] or 0,
        )
        for place, name in enumerate(names)
    )
