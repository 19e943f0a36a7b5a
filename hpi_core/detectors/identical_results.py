"""Different configurations have the very same results.

MEANING
    Trials with different hyperparameters agree in every metric to six significant digits.

WHY IT IS BAD
    A hyperparameter is not wired, results were copied or cached, or the model ignores its input.

HOW IT IS DECIDED
    Same metrics (at least two, all finite), at least two configurations. Objectives at 0 or 1 do not count, and the
    metrics must be able to tell trials apart: more than `resolution` of the trials have an objective of their own.

WHEN IT IS WRONG
    A conditional hyperparameter that is inactive changes nothing, rightly.

WHAT TO TRY
    Print the configuration inside the training script; look for a cache keyed by too little.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context, is_score
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.verdict import Hit, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Group by results and count configurations."""
    assert context.objective is not None
    values = context.values(context.objective.name)
    judged = context.result_hash.is_not_null() & values.is_finite().fill_null(False)
    judged = judged & ~context.status.is_in(["failed", "oom", "timeout"])
    if is_score(context.objective):
        judged = judged & (values > 0) & (values < context.full_scale(context.objective))
    frame = pl.DataFrame([context.result_hash, context.configuration_hash.alias("config"), judged.alias("judged")])
    known = frame.filter("judged")
    if known.is_empty():
        raise NotAssessable("no trial with two finite metrics")
    if values.filter(judged).n_unique() <= thresholds["resolution"] * known.height:
        raise NotAssessable("the objective takes too few values to tell trials apart")
    if known.get_column("result").n_unique() == known.height:
        sick = pl.repeat(False, context.n, eager=True)
        counts = pl.repeat(1, context.n, dtype=pl.UInt32, eager=True)
    else:
        groups = known.group_by("result").agg(pl.len().alias("trials"), pl.col("config").n_unique().alias("configs"))
        groups = groups.filter((pl.col("trials") > 1) & (pl.col("configs") > 1))
        joined = frame.join(groups, on="result", how="left", maintain_order="left")
        counts = joined.get_column("trials").fill_null(1)
        sick = counts > 1
    evidence = say("all metrics are those of trials with other hyperparameters; their number: ", counts - 1)
    sick = pl.select(pl.when(judged).then(sick)).to_series()
    return verdicts(context, [Hit(sick, evidence, "warn", context.objective.name, values)])


_LR = [0.1, 0.2, 0.3, 0.4, 0.5]

DETECTOR = Detector(
    issue="identical_results",
    tag="SAME",
    title="Different configurations, same results",
    severity="warn",
    needs=("objective", "two metrics", "hyperparameters"),
    thresholds=(Threshold("resolution", 0.5, "share of trials", "chosen here", "distinct objectives there must be"),),
    check=check,
    advice="Print the configuration inside the training script; look for a cache keyed by too little.",
    preempted_by=("nonfinite_metric", "stuck_at_chance", "failed_run", "out_of_memory", "timeout"),
    self_calibrated=False,
    examples=(
        Example(
            {"lr": _LR, "val_loss": [0.51234, 0.61234, 0.51234, 0.71, 0.8], "val_acc": [0.7, 0.6, 0.7, 0.5, 0.4]},
            (0, 2),
        ),
        Example(
            {"lr": _LR, "val_loss": [0.51234, 0.61234, 0.51234, 0.71, 0.8], "val_acc": [0.7, 0.6, 0.71, 0.5, 0.4]}, ()
        ),
        Example({"lr": _LR, "val_loss": [0.5, 0.5, 0.5, 0.6, 0.6], "val_acc": [0.7, 0.7, 0.7, 0.6, 0.6]}, ()),
    ),
    manual=__doc__,
)
