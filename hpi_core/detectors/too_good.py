"""The result is too good to be true.

MEANING
    The objective is perfect, or beyond every other trial by far more than trials differ.

WHY IT IS BAD
    Leakage, a broken metric or an empty evaluation set look like this, and such a trial wins the sweep.

HOW IT IS DECIDED
    On held-out objectives: a score of at least `score`, or a loss between 0 and `loss`. Or: on the logit (scores) or
    log (losses) scale the trial is more than `z` MADs (times 1.4826) beyond the median of the second-best tenth, and
    beyond the next best by more than `gap` seed standard deviations (one MAD where no seed is known). Where more than
    `easy` of the trials qualify, the task is easy and the finding only information.

WHEN IT IS WRONG
    An easy task, or a sweep in which one method is honestly far better than the rest.

WHAT TO TRY
    Evaluate that trial once more by hand, on data it has never seen.
"""

from __future__ import annotations

import math

import polars as pl

from hpi_core.detectors.context import ERROR_RATES, Context, is_score
from hpi_core.detectors.contract import Detector, Example, Severity, Threshold, Thresholds, Verdicts
from hpi_core.detectors.verdict import Hit, mask, middle, verdicts

_ENOUGH = 20


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Judge the objective by its absolute value and by its distance from the rest."""
    metric = context.objective
    assert metric is not None
    assert context.badness is not None
    bounded = is_score(metric) or metric.quantity in ERROR_RATES
    perfect, merit = _bounded(context, thresholds) if bounded else _unbounded(context, thresholds)
    if metric.split == "train":
        perfect = mask(pl.repeat(False, context.n, eager=True), perfect.is_not_null())
    beyond = _beyond(context, merit, thresholds)
    values = context.values(metric.name)
    qualifying = int((perfect.fill_null(False) | beyond.fill_null(False)).sum())
    easy = qualifying > max(1.0, thresholds["easy"] * (values.len() - values.null_count()))
    severity: Severity = "info" if easy else "warn"
    limit = thresholds["score" if bounded else "loss"]
    return verdicts(
        context,
        [
            Hit(perfect, [f"{metric.name} is ", values, ", as good as perfect"], severity, metric.name, values, limit),
            Hit(
                beyond, [f"{metric.name} is ", values, ", far beyond every other trial"], severity, metric.name, values
            ),
        ],
    )


def _bounded(context: Context, thresholds: Thresholds) -> tuple[pl.Series, pl.Series]:
    assert context.objective is not None
    score = context.fraction(context.objective)
    inner = score.clip(1e-6, 1 - 1e-6)
    return score >= thresholds["score"], (inner / (1 - inner)).log()


def _unbounded(context: Context, thresholds: Thresholds) -> tuple[pl.Series, pl.Series]:
    assert context.badness is not None
    assert context.objective is not None
    values = context.badness
    least = values.min()
    if context.objective.direction == "min" and least is not None and float(least) >= 0:  # type: ignore[arg-type]
        return values < thresholds["loss"], -values.clip(1e-12, None).log()
    return mask(pl.repeat(False, context.n, eager=True), values.is_not_null()), -values


def _beyond(context: Context, merit: pl.Series, thresholds: Thresholds) -> pl.Series:
    """Say which trials lie far beyond the second-best tenth and are set apart from all that do not."""
    known = merit.drop_nulls()
    healthy = mask(pl.repeat(False, context.n, eager=True), merit.is_not_null())
    if known.len() < _ENOUGH:
        return healthy
    ranked = known.sort(descending=True)
    tenth = max(2, known.len() // 10)
    second = middle(ranked.slice(tenth, tenth))
    spread = 1.4826 * middle((known - middle(known)).abs())
    if spread <= 0:
        return healthy
    far = merit > second + thresholds["z"] * spread
    if not far.any():
        return healthy  # what comes is dear on a grid of a million trials
    rest = known.filter(known <= second + thresholds["z"] * spread).max()
    deviation = _seed_deviation(context, merit)
    apart = thresholds["gap"] * deviation if deviation is not None else spread
    return far & (merit - rest > apart)


def _seed_deviation(context: Context, merit: pl.Series) -> float | None:
    """Return the pooled standard deviation of trials that differ in their seed only."""
    if context.seed_hash is None or not context.parameters or context.unique_parameters:
        return None
    frame = pl.DataFrame([context.configuration_hash.alias("config"), merit.alias("merit")]).drop_nulls()
    groups = (
        frame.group_by("config").agg(pl.col("merit").var().alias("var"), pl.len().alias("n")).filter(pl.col("n") > 1)
    )
    freedom = groups.select((pl.col("n") - 1).sum()).item()
    if not freedom or freedom < 3:
        return None
    squares = float(groups.select((pl.col("var") * (pl.col("n") - 1)).sum()).item())
    return math.sqrt(squares / freedom)


_LR = [0.01 * i for i in range(1, 25)]
_LOSS = [0.50 + 0.01 * ((7 * i) % 23) for i in range(23)]

DETECTOR = Detector(
    issue="too_good",
    tag="2GOOD",
    title="Too good to be true",
    severity="warn",
    needs=("direction",),
    thresholds=(
        Threshold("score", 0.999, "fraction", "chosen here (UMLAUT: 0.95)", "scores from here are as good as perfect"),
        Threshold("loss", 1e-6, "loss", "chosen here", "losses below are as good as perfect"),
        Threshold("z", 6, "MAD x 1.4826", "chosen here", "how far beyond the second-best tenth"),
        Threshold("gap", 5, "seed standard deviations", "chosen here", "how far beyond the next best"),
        Threshold("easy", 0.05, "share of trials", "chosen here", "more of them: an easy task"),
    ),
    check=check,
    advice="Evaluate it once more by hand, on data it has never seen.",
    preempted_by=("nonfinite_metric", "metric_out_of_range", "failed_run", "out_of_memory", "timeout"),
    self_calibrated=False,
    examples=(
        Example({"lr": _LR, "val_loss": [*_LOSS, 1e-4]}, (23,)),
        Example({"lr": _LR, "val_loss": [*_LOSS, 0.48]}, ()),
        Example({"lr": _LR, "val_acc": [0.8 - x / 10 for x in _LOSS] + [0.9995]}, (23,)),
        Example({"lr": [0.1, 0.2, 0.3], "val_acc": [1.0, 0.9995, 1.0]}, (0, 1, 2), severity="info"),
    ),
    manual=__doc__,
)
