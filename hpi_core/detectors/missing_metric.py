"""The run completed without reporting the objective.

MEANING
    The trial completed, and the metric that trials are ranked by is empty.

WHY IT IS BAD
    The trial was paid for and cannot be ranked; a tuner that sees no value learns nothing from it.

HOW IT IS DECIDED
    Status completed and the objective null. Where the source has no status column, an empty objective is flagged as a
    warning as long as most trials have one. NaN is a value, and another detector's business. Where the sweep was put
    together from several sources, those that never report the objective are not judged: they look for something else.

WHEN IT IS WRONG
    An objective that only some trials are meant to report (a second stage, say). Choose another objective then.

WHAT TO TRY
    See whether the metric was logged under another name, or whether evaluation was skipped.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Severity, Threshold, Thresholds, Verdicts
from hpi_core.detectors.verdict import Hit, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Judge completed trials by whether the objective is there."""
    assert context.objective is not None
    name = context.objective.name
    missing = _without_others(context, context.trials.get_column(name).is_null())
    if context.roles.status is not None:
        sick = pl.select(pl.when(context.status == "completed").then(missing)).to_series()
        return verdicts(context, [Hit(sick, [f"completed without {name}"], "error", name)])
    if float(missing.mean() or 0) > thresholds["share"]:  # type: ignore[arg-type]
        raise NotAssessable("the objective is empty in most trials, and no status says why")
    severity: Severity = "warn"
    return verdicts(context, [Hit(missing, [f"no {name}, and no status that says why"], severity, name)])


def _without_others(context: Context, missing: pl.Series) -> pl.Series:
    """Return `missing` with null for trials of sources none of whose trials has the objective."""
    hints = context.sweep.hints
    if not hints.grouped or hints.group not in context.trials.columns:
        return missing
    own = pl.DataFrame({"group": context.trials.get_column(hints.group), "missing": missing})
    return own.select(pl.when(~pl.col("missing").all().over("group")).then("missing")).to_series()


DETECTOR = Detector(
    issue="missing_metric",
    tag="NO-METR",
    title="Completed without the objective",
    severity="error",
    needs=("objective",),
    thresholds=(
        Threshold("share", 0.5, "share of trials", "chosen here", "without status: more empty ones are no fault"),
    ),
    check=check,
    advice="See whether the metric was logged under another name or evaluation was skipped.",
    preempted_by=("failed_run", "out_of_memory", "timeout"),
    examples=(
        Example(
            {"lr": [0.1, 0.2, 0.3], "status": ["completed"] * 3, "val_loss": [0.5, None, 0.4]}, (1,), severity="error"
        ),
        Example(
            {"lr": [0.1, 0.2, 0.3], "status": ["completed", "failed", "pruned"], "val_loss": [0.5, None, None]}, ()
        ),
        Example({"lr": [0.1, 0.2, 0.3, 0.5], "val_loss": [0.5, None, 0.4, 0.3]}, (1,), severity="warn"),
    ),
    manual=__doc__,
)
