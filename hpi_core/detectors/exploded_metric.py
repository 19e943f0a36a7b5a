"""The loss is larger than those of the other trials by orders of magnitude.

MEANING
    The loss is finite, but it is out of all proportion to the sweep: training blew up and has not reached NaN.

WHY IT IS BAD
    The result is worthless, and it distorts every mean, plot and surrogate model of the sweep.

HOW IT IS DECIDED
    The decimal logarithm of the loss is above the upper quartile by more than `fence` interquartile ranges, and the
    loss more than `times_median` times the median. With fewer than `few` trials: at least `times_few` times the median
    of the others. Where there are curves, it must have risen to `times_first` times the usual first value. No absolute
    bound: losses of regression are honestly large.

WHEN IT IS WRONG
    A sweep over data sets or loss functions of different scale; split it by group first.

WHAT TO TRY
    A lower learning rate, warm-up, gradient clipping.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from hpi_core.detectors.context import Context, finite, is_loss
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import since
from hpi_core.detectors.verdict import Hit, middle, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Look at every loss whose values are all positive or zero."""
    hits = []
    for metric in context.final_metrics:
        if not is_loss(metric):
            continue
        values = finite(context.values(metric.name))
        known = values.drop_nulls()
        if known.len() < 3 or bool((known < 0).any()):
            continue
        bound = _limit(known, thresholds)
        limit: pl.Series | float
        if bound is not None:
            limit = bound
            usual = f"; half of the trials are at most {middle(known):.4g}"
        else:
            limit, usual = _limit_of_few(values, thresholds), f", at least {thresholds['times_few']:g} times the others"
        far = _far_above_start(context, metric.name, values > limit, thresholds["times_first"])
        hit = Hit(far, [f"{metric.name} ", values, usual], "error", metric.name, values, limit)
        hits.append(_with_step(context, hit, limit))
    return verdicts(context, hits)


def _with_step(context: Context, hit: Hit, limit: pl.Series | float) -> Hit:
    """Say, where there is a curve, from which step on it stayed above the limit."""
    curve = context.curves.like(hit.metric) if context.curves is not None and hit.metric is not None else None
    said = f"above {limit:.4g}" if isinstance(limit, float) else "above that"
    return hit if curve is None else since(context, hit, curve, limit, said)


def _far_above_start(context: Context, name: str, sick: pl.Series, times: float) -> pl.Series:
    """Keep, where there are curves, only what rose to several times the level at which trials usually start."""
    curve = context.curves.like(name) if context.curves is not None else None
    start = middle(curve["first"].abs()) if curve is not None else 0.0
    if curve is None or not start > 0:
        return sick
    return sick & (curve["worst"] > times * start).fill_null(True)


def _limit(known: pl.Series, thresholds: Thresholds) -> float | None:
    """Return the bound for every trial, or None where there are too few."""
    positive = known.filter(known > 0)
    if positive.len() < thresholds["few"]:
        return None
    low, high = (float(np.log10(float(positive.quantile(q, "linear")))) for q in (0.25, 0.75))  # type: ignore[arg-type]
    fence = high + thresholds["fence"] * (high - low)
    median = thresholds["times_median"] * float(positive.median())  # type: ignore[arg-type]
    return max(median, float(10.0 ** min(fence, 300.0)))


def _limit_of_few(values: pl.Series, thresholds: Thresholds) -> pl.Series:
    """Return for each of a few trials `times_few` times the median of the others; null where that is 0."""
    known = values.is_not_null().arg_true().to_list()
    numbers = values.to_list()
    limits: list[float | None] = [None] * values.len()
    for row in known:
        median = float(np.median([numbers[other] for other in known if other != row]))
        limits[row] = thresholds["times_few"] * median if median > 0 else None
    return pl.Series(limits, dtype=pl.Float64)


DETECTOR = Detector(
    issue="exploded_metric",
    tag="EXPLODE",
    title="The loss is out of all proportion",
    severity="error",
    needs=("loss",),
    thresholds=(
        Threshold("fence", 3, "interquartile ranges of log10 loss", "Tukey's outer fence", "how far out"),
        Threshold("times_median", 10, "ratio", "chosen here", "and at least this many times the median"),
        Threshold("times_first", 10, "ratio", "chosen here", "and, with curves, as many times the usual first value"),
        Threshold("times_few", 1000, "ratio", "AutoTrainer check_large_loss, made relative", "bound for few trials"),
        Threshold("few", 8, "trials", "chosen here", "fewer trials have no quartiles worth the name"),
    ),
    check=check,
    advice="Lower the learning rate, warm up, or clip gradients.",
    preempted_by=("nonfinite_metric",),
    examples=(
        Example(
            {"lr": [0.1 * i for i in range(1, 11)], "val_loss": [0.5, 0.6, 0.4, 0.7, 0.5, 0.6, 0.55, 0.8, 0.9, 4e6]},
            (9,),
        ),
        Example({"lr": [0.1, 0.2, 0.3], "val_loss": [0.5, 0.6, 9e5]}, (2,)),
        Example({"lr": [0.1 * i for i in range(1, 11)], "val_mse": [3e4 + 1e3 * i for i in range(10)]}, ()),
    ),
    manual=__doc__,
)
