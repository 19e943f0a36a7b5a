"""Costs: which resource column says what a trial costs, and what each trial cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from hpi_core.roles.names import parse

if TYPE_CHECKING:
    from hpi_core.sweep import Sweep

# Words of a resource column that say what a trial costs, the most telling first.
_COST_WORDS = (("cost", "price", "usd"), ("gpu", "hours"), ("runtime", "duration", "seconds", "sec", "time", "elapsed"),
               ("flop", "flops", "gflop", "gflops", "macs", "gmacs"))  # fmt: skip


def cost_column(sweep: Sweep) -> str | None:
    """Return the resource column that says best what a trial costs; None where there is none."""
    numeric = [
        name
        for name in sweep.roles.resources
        if sweep.trials.schema[name].is_numeric() and "nonfinite" not in parse(name).tokens
    ]
    for words in _COST_WORDS:
        for name in numeric:
            if set(parse(name).tokens) & set(words):
                return name
    return numeric[0] if numeric else None


def costs(sweep: Sweep) -> pl.Series:
    """Return what every trial cost (Float64), null where it is not known."""
    cost = cost_column(sweep)
    if cost is None:
        return pl.repeat(None, sweep.trials.height, dtype=pl.Float64, eager=True)
    values = sweep.trials[cost].cast(pl.Float64, strict=False)
    return pl.select(pl.when(values.is_finite()).then(values)).to_series()
