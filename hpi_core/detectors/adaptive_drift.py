"""Hyperparameters drift with the order of trials.

MEANING
    Later trials have systematically other values than earlier ones, as an adaptive sampler makes them.

WHY IT IS BAD
    Not bad in itself, but whatever else changed with time looks as if the drifting values had caused it. Causes are
    therefore looked for within stretches of trial order.

HOW IT IS DECIDED
    Spearman's correlation of a numeric hyperparameter with the order of trials (their start, else their row) is above
    `rho` and beyond chance, p below `p` over all hyperparameters. A grid or a sorted file also changes with order, but
    in runs: it does not count.

WHEN IT IS WRONG
    A table sorted by something that goes with the values, without a column of times; where it is sorted by the
    objective, nothing is said.

WHAT TO TRY
    Believe comparisons of early with late trials least; a share of random trials in every stretch helps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Example, NotAssessable, SweepDetector, SweepVerdict, Threshold, Thresholds
from hpi_core.detectors.search_space import looked_at, parameters_at
from hpi_core.numerals import number
from hpi_core.statistics.strata import drifting
from hpi_core.statistics.variance_share import ranks
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.statistics.inputs import Floats, Parameter

_LEAST = 40
_SORTED = 0.9


def check(context: Context, verdicts: Mapping[str, pl.Series], thresholds: Thresholds) -> SweepVerdict | None:
    """Correlate every numeric hyperparameter with the order of trials."""
    rows = looked_at(context)
    parameters, _log = parameters_at(context, rows)
    numeric = [parameter for parameter in parameters if parameter.kind != "categorical"]
    if rows.len() < _LEAST or not numeric:
        raise NotAssessable(f"fewer than {_LEAST} trials, or no numeric hyperparameter")
    order = _order(context, rows)
    if not context.roles.time and _sorted(context, rows):
        raise NotAssessable("the table is sorted by its objective, and no time says when trials began")
    names = set(drifting(numeric, order))
    found = []
    for parameter in numeric:
        if parameter.name in names:
            rho, p = _correlation(parameter, order)
            if abs(rho) > thresholds["rho"] and p < thresholds["p"] / len(numeric):
                found.append((parameter.name, rho))
    if not found:
        return None
    found.sort(key=lambda item: (-abs(item[1]), item[0]))
    told = ", ".join(f"{safe(name, 80)} (rank correlation {number(rho, 2)})" for name, rho in found[:5])
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    where = "start time" if context.roles.time else "row"
    return SweepVerdict(
        "info", f"drift with {where}: {told}{more}", rows.len(), found[0][0], found[0][1], thresholds["rho"]
    )


def _order(context: Context, rows: pl.Series) -> Floats:
    """Return when each trial began; its row where no complete column of times says so."""
    for name in context.roles.time:
        column = context.trials[name]
        if (column.dtype.is_temporal() or column.dtype.is_numeric()) and column.null_count() == 0:
            numbers: Floats = column.to_physical().cast(pl.Float64).to_numpy()[rows.to_numpy()]
            if np.isfinite(numbers).all():
                return numbers
    return np.arange(rows.len(), dtype=np.float64)


def _sorted(context: Context, rows: pl.Series) -> bool:
    """Tell whether the table is sorted by its objective."""
    if context.badness is None:
        return False
    values = context.badness.fill_null(float("nan")).to_numpy()[rows.to_numpy()]
    values = values[np.isfinite(values)]
    if len(values) < _LEAST:
        return False
    steps = np.sign(np.diff(values))
    return bool(max((steps >= 0).mean(), (steps <= 0).mean()) > _SORTED)


def _correlation(parameter: Parameter, order: Floats) -> tuple[float, float]:
    """Return Spearman's correlation with the order and its p-value (normal approximation)."""
    values = np.asarray(parameter.values, dtype=np.float64)
    known = ~parameter.missing & ~np.isnan(values)
    a, b = ranks(values[known]), ranks(order[known])
    rho = float(np.corrcoef(a, b)[0, 1])
    return rho, math.erfc(abs(rho) * math.sqrt(max(len(a) - 1, 1) / 2))


# Steps around 30 whose order looks random, pulled down with time.
_WOBBLE = [(i * 37) % 60 for i in range(60)]

DETECTOR = SweepDetector(
    issue="adaptive_drift",
    tag="DRIFT",
    title="Hyperparameters drift with the order of trials",
    severity="info",
    needs=("hyperparameters",),
    thresholds=(
        Threshold("rho", 0.2, "rank correlation", "chosen here", "a weaker drift does not matter"),
        Threshold("p", 0.01, "probability", "chosen here", "over all hyperparameters together"),
    ),
    check=check,
    advice="Compare trials of the same stretch of time; causes are looked for within such stretches.",
    examples=(
        Example(
            {
                "start_time": [1_700_000_000.0 + 60 * i for i in range(60)],
                "lr": [0.001 * (1 + w + 2 * (60 - i)) for i, w in enumerate(_WOBBLE)],
                "val_loss": [0.5 + 0.001 * w for w in _WOBBLE],
            },
            (0,),
            severity="info",
        ),
        Example(
            {
                "start_time": [1_700_000_000.0 + 60 * i for i in range(60)],
                "lr": [0.001 * (1 + w) for w in _WOBBLE],
                "val_loss": [0.5 + 0.001 * w for w in _WOBBLE],
            },
            (),
        ),
    ),
    manual=__doc__,
)
