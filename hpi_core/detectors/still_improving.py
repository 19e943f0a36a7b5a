"""The curve was still getting better when it ended.

MEANING
    The last tenth of the run is clearly better than the tenth before it: the trial is undertrained.

WHY IT IS BAD
    Its result says how fast it learns rather than how far it gets; slow configurations look worse than they are.

HOW IT IS DECIDED
    The mean of the last 10 % is better than that of the 10 % before by more than `share` of all the curve gained, and
    by more than `errors` standard errors of the difference. Pruned and unfinished trials are not judged.

WHEN IT IS WRONG
    A learning rate that decays to zero gives a last drop that would not have gone on.

WHAT TO TRY
    More steps, or a higher learning rate; compare such trials at equal cost.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import DROP, finals, learning_rates, look, of, ramp, whole
from hpi_core.detectors.verdict import say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare the last tenth of the main curve with the tenth before it."""
    assert context.curves is not None
    hits = []
    for curve in context.curves.main:
        gain = pl.col("before_mean") - pl.col("last_mean")
        percent = of(curve, pl.when(DROP > 0).then(100 * gain / DROP))
        evidence = say(
            f"{curve.metric.name} made ", percent,
            " % of all its progress in the last tenth of the run, which ended at step ", whole(curve["last_step"]),
        )  # fmt: skip
        sick = (gain > thresholds["share"] * DROP) & (gain > thresholds["errors"] * pl.col("change_error")) & (DROP > 0)
        hits.append(
            look(
                curve, sick, evidence, "info", least=thresholds["points"], among=context.full_length,
                value=percent / 100, threshold=thresholds["share"], step=curve["last_step"],
            )
        )  # fmt: skip
    return verdicts(context, hits)


_HEALTHY = [ramp(2.3, 0.5 + 0.02 * i, 60) for i in range(4)]
_SLOW = [2.3 - 0.02 * i + 0.001 * (-1) ** i for i in range(60)]

DETECTOR = Detector(
    issue="still_improving",
    tag="UNDER",
    title="Still improving at the end",
    severity="info",
    needs=("main curve",),
    thresholds=(
        Threshold("share", 0.01, "share of all progress", "chosen here", "made in the last tenth"),
        Threshold("errors", 2.0, "standard errors", "chosen here", "and beyond chance"),
        Threshold("points", 10, "points", "chosen here", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Train longer or raise the learning rate; compare such trials at equal cost only.",
    preempted_by=("nonfinite_metric", "exploded_metric", "diverged", "not_decreasing", "failed_run"),
    self_calibrated=False,
    examples=(
        Example(
            {"lr": learning_rates(5), "val_loss": finals([*_HEALTHY, _SLOW])},
            (4,),
            curves={"val_loss": [*_HEALTHY, _SLOW]},
        ),
        Example({"lr": learning_rates(4), "val_loss": finals(_HEALTHY)}, (), curves={"val_loss": _HEALTHY}),
    ),
    manual=__doc__,
)
