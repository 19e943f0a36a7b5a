"""Much of the search space is infeasible.

MEANING
    A large part of the trials failed, or ended with numbers that are not finite or exploded.

WHY IT IS BAD
    Budget goes to configurations that cannot work, and a tuner's model of the space is fitted to failures.

HOW IT IS DECIDED
    The share of ended trials that are sick with failure, memory, time limit, non-finite, exploded or diverged metrics:
    above `warn` a warning, above `error` an error.

WHEN IT IS WRONG
    An outage of the cluster fails trials whatever their configuration.

WHAT TO TRY
    Narrow the ranges named by the causes; find the highest learning rate that is stable, first.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import (
    Example,
    NotAssessable,
    Severity,
    SweepDetector,
    SweepVerdict,
    Threshold,
    Thresholds,
)

_INFEASIBLE = ("failed_run", "out_of_memory", "timeout", "nonfinite_metric", "exploded_metric", "diverged")


def check(context: Context, verdicts: Mapping[str, pl.Series], thresholds: Thresholds) -> SweepVerdict | None:
    """Count the trials that any of the rules of infeasibility flags."""
    series = [verdicts[issue] for issue in _INFEASIBLE if issue in verdicts]
    judged = pl.repeat(False, context.n, eager=True)
    sick = judged
    for verdict in series:
        judged = judged | verdict.is_not_null()
        sick = sick | verdict.fill_null(False)
    n, count = int((judged & context.ended).sum()), int((sick & context.ended).sum())
    if n < thresholds["trials"]:
        raise NotAssessable(f"fewer than {thresholds['trials']:g} trials that could be judged")
    share = count / n
    if share <= thresholds["warn"]:
        return None
    severity: Severity = "error" if share > thresholds["error"] else "warn"
    limit = thresholds[severity]
    return SweepVerdict(severity, f"{count:,} of {n:,} trials failed or broke down numerically", n, None, share, limit)


DETECTOR = SweepDetector(
    issue="infeasible_share",
    tag="INFEAS",
    title="Much of the search space is infeasible",
    severity="warn",
    needs=(),
    thresholds=(
        Threshold("warn", 0.2, "share of trials", "chosen here", "a warning from here"),
        Threshold("error", 0.5, "share of trials", "chosen here", "an error from here"),
        Threshold("trials", 5, "trials", "chosen here", "fewer tell no share"),
    ),
    check=check,
    advice="Start from a configuration that works and widen one range at a time.",
    examples=(
        Example(
            {"lr": [0.1, 0.2, 0.3, 0.4, 0.5], "val_loss": [0.1, 0.2, float("nan"), float("nan"), 0.2]},
            (0,),
            severity="warn",
        ),
        Example(
            {
                "lr": [0.1, 0.2, 0.3, 0.4, 0.5],
                "status": ["failed", "failed", "ok", "ok", "failed"],
                "val_loss": [None, None, 0.1, 0.2, None],
            },
            (0,),
            severity="error",
        ),
        Example({"lr": [0.1, 0.2, 0.3, 0.4, 0.5], "val_loss": [0.1, 0.2, float("nan"), 0.3, 0.2]}, ()),
    ),
    manual=__doc__,
)
