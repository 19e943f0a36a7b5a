"""A metric has a value it cannot have.

MEANING
    An accuracy above 1 (or 100), or a negative cross-entropy or squared error.

WHY IT IS BAD
    The metric is computed or logged wrongly, so that neither it nor the ranking by it can be trusted.

HOW IT IS DECIDED
    Scores (accuracy, AUC, F1, …) outside 0 to 1, or 0 to 100 where the column is written in percent (at least two
    values and one in twenty above 2); losses whose name says cross-entropy, NLL, squared or absolute error below 0.

WHEN IT IS WRONG
    A negative log-likelihood of a density is honestly negative, which is why a bare `nll` or `loss` is never asked.

WHAT TO TRY
    Look at how the metric is averaged: sums over batches divided by the wrong count are the usual slip.
"""

from __future__ import annotations

from hpi_core.detectors.context import Context, finite, is_score, words_of
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.verdict import Hit, choose, say, verdicts

_NEVER_NEGATIVE = frozenset(
    [
        "mse",
        "rmse",
        "mae",
        "mape",
        "smape",
        "rmsle",
        "msle",
        "logloss",
        "perplexity",
        "ce",
        "bce",
        "xent",
        "crossentropy",
        "wer",
        "cer",
        "error",
        "brier",
        "ece",
    ]
)


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Look at every score and at every loss that cannot be negative."""
    slack = thresholds["slack"]
    hits = []
    for metric in context.metrics:
        values = finite(context.values(metric.name))
        words = set(words_of(metric.name))
        if is_score(metric) and not words & {"neg", "negative"}:
            top = context.full_scale(metric)
            sick = (values < -slack * top) | (values > top * (1 + slack))
            bound = choose(values < 0, 0.0, top)
            evidence = say(f"{metric.name} is ", values, f", outside 0 to {top:g}")
            hits.append(Hit(sick, evidence, "warn", metric.name, values, bound))
        elif metric.direction == "min" and (words & _NEVER_NEGATIVE or {"cross", "entropy"} <= words):
            hits.append(
                Hit(values < -slack, [f"{metric.name} is negative: ", values], "warn", metric.name, values, 0.0)
            )
    return verdicts(context, hits)


DETECTOR = Detector(
    issue="metric_out_of_range",
    tag="RANGE",
    title="A metric has an impossible value",
    severity="warn",
    needs=("metrics",),
    thresholds=(Threshold("slack", 1e-6, "share of the scale", "chosen here", "rounding that is forgiven"),),
    check=check,
    advice="Look at how the metric is averaged and logged.",
    self_calibrated=False,
    examples=(
        Example({"lr": [0.1, 0.2, 0.3, 0.4], "val_acc": [0.8, 0.7, 1.3, 0.9]}, (2,)),
        Example({"lr": [0.1, 0.2, 0.3, 0.4], "val_acc": [80.0, 1.0, 93.0, 100.0]}, ()),
        Example({"lr": [0.1, 0.2, 0.3, 0.4], "val_mse": [0.8, 0.7, -0.3, 0.9]}, (2,)),
        Example({"lr": [0.1, 0.2, 0.3, 0.4], "val_loss": [-8.0, -7.5, 0.3, -9.0]}, ()),
    ),
    manual=__doc__,
)
