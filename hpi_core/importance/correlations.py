"""correlations(): which way each hyperparameter goes with each metric and issue, with n and interval."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core.detectors.repetition import repeats_of
from hpi_core.importance.model import Correlation
from hpi_core.importance.outcomes import groups_of
from hpi_core.statistics.binning import code_trials
from hpi_core.statistics.columns import parameter_of
from hpi_core.statistics.distributions import log_normal_tail
from hpi_core.statistics.intervals import Z95, discovery_rates
from hpi_core.statistics.variance_share import ranks_within, share_codes, variance_share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Literal

    from hpi_core.importance.model import Judged
    from hpi_core.roles import Hyperparameter
    from hpi_core.statistics.inputs import Booleans, Floats, Integers, Parameter
    from hpi_core.statistics.repeats import Repeats

LEAST_TRIALS = 4
LEAST_SICK = 5
MOST_TRIALS = 100_000
_NOTHING_KNOWN = 4


def correlations(
    judged: Judged, metrics: Sequence[str] | None = None, issues: Sequence[str] | None = None
) -> tuple[Correlation, ...]:
    """Return the correlation of every hyperparameter with every metric and issue, strongest first.

    Numeric hyperparameters: Spearman's rank correlation with its 95 % interval (Bonett and Wright 2000); categorical
    ones: epsilon squared of the ranked target. Metrics count where finite, issues where they could be judged; an issue
    needs five sick and five healthy trials. Where a sweep mixes several, ranks are those within each.

    Where trials repeat configurations, intervals are as wide as the trials that count as independent make them, and
    epsilon squared is that of the configurations' mean ranks; `n` stays the number of trials. Of many correlations
    some leave 0 out by chance: `q` corrects for all that are returned together.

    Args:
        judged: an inspection.
        metrics: names of metrics instead of all.
        issues: ids of issues instead of all.
    """
    sweep = judged.sweep
    n = sweep.trials.height
    rows = np.arange(n)
    if n > MOST_TRIALS:
        rows = np.sort(np.random.default_rng(n).choice(n, MOST_TRIALS, replace=False))
    told = sweep.roles.hyperparameters
    table = sweep.trials if len(rows) == n else sweep.trials[rows]
    group = groups_of(sweep)[rows]
    repeats = repeats_of(sweep)
    repeats = repeats if repeats is None or len(rows) == n else repeats.at(rows)
    parameters = [(item, parameter_of(table[item.name], item.kind)) for item in told]
    found: list[Correlation] = []
    for name, kind, target in _targets(judged, table, rows, metrics, issues):
        known = ~np.isnan(target)
        worth = 1.0 if repeats is None else _worth(repeats, target, known, group)
        for item, parameter in parameters:
            made = _correlation(item, parameter, target, known, group, repeats, worth)
            if made is not None:
                statistic, value, low, high, count, p = made
                found.append(Correlation(item.name, name, kind, statistic, value, low, high, count, p, 1.0))
    q, _ = discovery_rates(np.log10(np.maximum([item.p for item in found], 1e-300)))
    corrected = [replace(item, q=float(rate)) for item, rate in zip(found, q, strict=True)]
    return tuple(sorted(corrected, key=lambda c: (-abs(c.value), c.parameter, c.target)))


def _targets(
    judged: Judged, table: pl.DataFrame, rows: np.ndarray, metrics: Sequence[str] | None, issues: Sequence[str] | None
) -> Iterator[tuple[str, Literal["metric", "issue"], Floats]]:
    """Yield name, kind and one number per trial, NaN where there is none."""
    for metric in judged.sweep.roles.metrics:
        if (metrics is None or metric.name in metrics) and table.schema[metric.name].is_numeric():
            values = table[metric.name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
            yield metric.name, "metric", np.where(np.isfinite(values), values, np.nan)
    for issue, verdict in sorted(judged.verdicts.items()):
        if issues is not None and issue not in issues:
            continue
        numbers = verdict.cast(pl.Float64).fill_null(float("nan")).to_numpy()[rows]
        sick, healthy = int((numbers == 1).sum()), int((numbers == 0).sum())
        if min(sick, healthy) >= LEAST_SICK:
            yield issue, "issue", numbers


def _correlation(
    item: Hyperparameter,
    parameter: Parameter,
    target: Floats,
    known: Booleans,
    group: Integers,
    repeats: Repeats | None,
    worth: float,
) -> tuple[Literal["spearman", "epsilon2"], float, float, float, int, float] | None:
    if item.kind == "categorical" or parameter.kind == "categorical":
        if known.sum() < LEAST_TRIALS:
            return None
        ranked, counted = ranks_within(target[known], group[known]), known
        if repeats is not None:
            means = repeats.means(_spread(ranked, known))
            counted = ~np.isnan(means)
            ranked = means[counted]
        share = variance_share(*share_codes(code_trials(parameter), counted), ranked)
        n = 0 if share is None else share.n if repeats is None else int((known & ~parameter.missing).sum())
        return None if share is None else ("epsilon2", share.score, share.low, share.high, n, share.p)
    both = known & ~parameter.missing
    n = int(both.sum())
    if n < LEAST_TRIALS:
        return None
    rho = spearman(np.asarray(parameter.values, dtype=np.float64)[both], target[both], group[both])
    if rho is None:
        return None
    return "spearman", rho, *spearman_interval(rho, n * worth), n, spearman_chance(rho, n * worth)


def spearman(first: Floats, second: Floats, group: Integers | None = None) -> float | None:
    """Return Spearman's rank correlation with mid-ranks, within groups if given; None where either is constant."""
    within = np.zeros(len(first), dtype=np.int64) if group is None else group
    a, b = ranks_within(first, within), ranks_within(second, within)
    a, b = a - a.mean(), b - b.mean()
    spread = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return None if spread <= 0 else float(np.clip((a * b).sum() / spread, -1.0, 1.0))


def _worth(repeats: Repeats, target: Floats, known: Booleans, group: Integers) -> float:
    """Return which part of the trials count as independent."""
    if not known.any():
        return 1.0
    return repeats.worth(_spread(ranks_within(target[known], group[known]), known)) / int(known.sum())


def _spread(values: Floats, rows: Booleans) -> Floats:
    """Return the values at these rows, NaN at the others."""
    found = np.full(len(rows), np.nan)
    found[rows] = values
    return found


def spearman_interval(rho: float, n: float) -> tuple[float, float]:
    """Return the 95 % interval of a rank correlation: Fisher's z with variance (1 + rho^2 / 2) / (n - 3).

    Of four trials at most nothing is known: one in twelve orders of four has a correlation of 1 or -1.
    """
    if n <= _NOTHING_KNOWN:
        return -1.0, 1.0
    centre, error = _fisher(rho, n)
    return math.tanh(centre - Z95 * error), math.tanh(centre + Z95 * error)


def spearman_chance(rho: float, n: float) -> float:
    """Return the p-value of no rank correlation that belongs to its interval, never below that of the rarest order."""
    if n <= _NOTHING_KNOWN:
        return 1.0
    centre, error = _fisher(rho, n)
    rarest = math.log(2) - math.lgamma(n + 1)
    return math.exp(min(0.0, max(math.log(2) + log_normal_tail(abs(centre) / error), rarest)))


def _fisher(rho: float, n: float) -> tuple[float, float]:
    """Return Fisher's z of a rank correlation and its standard error (Bonett and Wright 2000)."""
    return math.atanh(float(np.clip(rho, -0.999999999, 0.999999999))), math.sqrt((1 + rho * rho / 2) / (n - 3))
