"""The training loss was rising at the end.

MEANING
    Over the last fifth of the run the training loss rose steadily.

WHY IT IS BAD
    Training should lower what it minimises; where it does not, the step is too large for the place, or there is a bug.

HOW IT IS DECIDED
    A straight line through the last fifth (at least five points) rises by more than `rise` of all the curve gained,
    with a t-statistic above `t`. Curves under `points` points, and losses that need not fall, are not judged.

WHEN IT IS WRONG
    Regularisation, augmentation or data that grow harder on the way. A learning rate that restarts in cycles.

WHAT TO TRY
    A lower or decaying learning rate; look for a bug in the order of data, in the schedule, in how losses are averaged.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import DROP, finals, learning_rates, look, of, ramp, whole
from hpi_core.detectors.verdict import say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Fit a line to the last fifth of every training loss."""
    assert context.curves is not None
    hits = []
    for loss in context.curves.training:
        sick = (pl.col("late_rise") > thresholds["rise"] * DROP) & (pl.col("late_t") > thresholds["t"]) & (DROP > 0)
        percent = of(loss, pl.when(DROP > 0).then(100 * pl.col("late_rise") / DROP))
        evidence = say(
            f"{loss.metric.name} rose by ", percent,
            " % of all it had gained over the last fifth of the run, from step ", whole(loss["late_step"]), " on",
        )  # fmt: skip
        hits.append(
            look(
                loss, sick, evidence, "warn", least=thresholds["points"], value=percent / 100,
                threshold=thresholds["rise"], step=loss["late_step"],
            )
        )  # fmt: skip
    return verdicts(context, hits)


_HEALTHY = [ramp(2.3, 0.5 + 0.02 * i, 40) for i in range(4)]
_RISING = [*_HEALTHY[0][:28], *(0.55 + 0.03 * i + 0.003 * (-1) ** i for i in range(12))]

DETECTOR = Detector(
    issue="train_rising",
    tag="RISING",
    title="The training loss was rising at the end",
    severity="warn",
    needs=("loss curve",),
    thresholds=(
        Threshold("rise", 0.05, "share of all progress", "chosen here", "lost over the last fifth"),
        Threshold("t", 3.0, "t-statistic", "chosen here", "and beyond the scatter about the line"),
        Threshold("points", 10, "points", "chosen here", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Lower the learning rate or let it decay; look for a bug in data order, schedule or averaging.",
    preempted_by=("nonfinite_metric", "exploded_metric", "diverged", "not_decreasing"),
    examples=(
        Example(
            {"lr": learning_rates(5), "train_loss": finals([*_HEALTHY, _RISING])},
            (4,),
            curves={"train_loss": [*_HEALTHY, _RISING]},
        ),
        Example({"lr": learning_rates(4), "train_loss": finals(_HEALTHY)}, (), curves={"train_loss": _HEALTHY}),
    ),
    manual=__doc__,
)
