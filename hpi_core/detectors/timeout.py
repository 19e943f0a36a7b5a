"""The run was ended by a time limit.

MEANING
    The run reached its time limit before it was done.

WHY IT IS BAD
    Its result, if it has one, is that of a shorter training than the others had.

HOW IT IS DECIDED
    The status says so (SLURM's TIMEOUT among others), the exit code is 124, or at least `pile` runs that did not
    complete ended within `closeness` of the longest run time of the sweep, while some other run completed.

WHEN IT IS WRONG
    Runs with an equal time budget pile up at the maximum, too; only those that did not complete are flagged. Crashes
    that all happen at the end (a failing evaluation, say) look the same.

WHAT TO TRY
    A longer limit, fewer steps for slow configurations, or pruning by time.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.outcomes import exit_codes, runtime
from hpi_core.detectors.verdict import Hit, say, verdicts

_TIMED_OUT = 124


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Judge by status, exit code, and the pile-up of run times."""
    hits = []
    if context.roles.status is not None:
        sick = pl.select(pl.when(context.status != "unknown").then(context.status == "timeout")).to_series()
        said = context.trials.get_column(context.roles.status).cast(pl.String, strict=False)
        hits.append(Hit(sick, ["the source says ", said], "error"))
    codes = exit_codes(context)
    if codes is not None:
        hits.append(Hit(codes == _TIMED_OUT, ["exit code 124 (time limit)"], "error", codes.name, codes, 124.0))
    hits += _pile(context, thresholds)
    if not hits:
        raise NotAssessable("no status, exit code or run time")
    return verdicts(context, hits)


def _pile(context: Context, thresholds: Thresholds) -> list[Hit]:
    times = runtime(context)
    if times is None or context.roles.status is None:
        return []
    known = times.drop_nulls().to_numpy()
    longest = float(known.max()) if known.size else None
    completed = context.status == "completed"
    if longest is None or not completed.any():
        return []
    edge = longest * (1 - thresholds["closeness"])
    late = (times >= edge) & context.status.is_in(["failed", "unknown"])
    if edge <= 0 or int(late.sum()) < thresholds["pile"]:
        return []
    evidence = say(f"{int(late.sum())} runs that did not complete ended at ", times, " of at most ", f"{longest:.6g}")
    return [Hit(late, evidence, "error", times.name, times, edge)]


DETECTOR = Detector(
    issue="timeout",
    tag="TIMEOUT",
    title="The run hit its time limit",
    severity="error",
    needs=(),
    thresholds=(
        Threshold("closeness", 0.01, "share of the longest run time", "chosen here", "how near the maximum counts"),
        Threshold("pile", 3, "trials", "chosen here", "how many must end there together"),
    ),
    check=check,
    advice="Give the slow range more time or fewer steps, or prune by time.",
    quick=True,
    examples=(
        Example({"width": [8, 16, 32], "state": ["COMPLETED", "TIMEOUT", "COMPLETED"], "loss": [0.5, None, 0.4]}, (1,)),
        Example(
            {
                "width": [1, 2, 3, 4, 5],
                "status": ["completed", "failed", "failed", "failed", "failed"],
                "runtime_sec": [1800.0, 3600.0, 3599.0, 3598.0, 20.0],
                "loss": [0.5, None, None, None, None],
            },
            (1, 2, 3),
        ),
        Example(
            {"width": [1, 2, 3], "status": ["completed"] * 3, "runtime_sec": [3600.0] * 3, "loss": [1.0, 2.0, 3.0]}, ()
        ),
    ),
    manual=__doc__,
)
