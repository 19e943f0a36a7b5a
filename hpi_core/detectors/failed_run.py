"""The run crashed or was killed.

MEANING
    The source says that the run failed, crashed, was cancelled or ended with an exit code other than 0.

WHY IT IS BAD
    It used budget and gives no result; where failures share a hyperparameter range, that range is infeasible.

HOW IT IS DECIDED
    From the status (failed, crashed, error, killed, cancelled) or, where an exit code stands beside it, from that.
    Pruned and early-stopped runs are healthy. A status nobody knows is not assessable.

WHEN IT IS WRONG
    A run that a person cancelled after it had what it was run for is called failed. Many trackers call a run crashed
    when only the connection was lost.

WHAT TO TRY
    Read the error of one of the trials; look at the causes: a shared range or a shared machine.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Thresholds, Verdicts
from hpi_core.detectors.outcomes import error_text, exit_codes
from hpi_core.detectors.verdict import Hit, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Judge by status, then by exit code."""
    codes = exit_codes(context)
    if context.roles.status is None and codes is None:
        raise NotAssessable("no status column")
    hits = []
    if context.roles.status is not None:
        known = context.status.is_in(["failed", "oom", "timeout", "completed", "pruned"])
        failed = context.status == "failed"
        said = context.trials.get_column(context.roles.status).cast(pl.String, strict=False)
        evidence = say("the source says ", said, *error_text(context, failed))
        hits.append(Hit(pl.select(pl.when(known).then(failed)).to_series(), evidence, "error"))
    if codes is not None:
        hits.append(Hit(codes != 0, ["exit code ", codes], "error", codes.name, codes, 0.0))
    return verdicts(context, hits)


DETECTOR = Detector(
    issue="failed_run",
    tag="FAILED",
    title="The run failed",
    severity="error",
    needs=(),
    thresholds=(),
    check=check,
    advice="Read the error of one such trial; then see which range or machine the failed ones share.",
    preempted_by=("out_of_memory", "timeout"),
    quick=True,
    self_calibrated=False,  # a fact of the source: a run that logged a good result before it failed has failed still
    examples=(
        Example(
            {"lr": [0.1, 0.2, 0.3], "status": ["completed", "crashed", "pruned"], "val_loss": [1.0, None, 2.0]}, (1,)
        ),
        Example({"lr": [0.1, 0.2, 0.3], "status": ["finished"] * 3, "val_loss": [1.0, 1.5, 2.0]}, ()),
        Example({"lr": [0.1, 0.2, 0.3], "status": ["done", "running", "ok"], "val_loss": [1.0, 1.5, 2.0]}, ()),
    ),
    manual=__doc__,
)
