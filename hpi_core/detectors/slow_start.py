"""It took far longer than others to get going.

MEANING
    The trial needed many times the usual number of steps to come half of the way to the best values of the sweep.

WHY IT IS BAD
    It is not bad in itself; but most often the learning rate is too low, and the result with it.

HOW IT IS DECIDED
    The steps until the smoothed curve has come half of its way, from start to best, are more than `times` the median
    of the sweep. Trials that gained nothing are not judged, nor sweeps of fewer than `trials` judged trials.

WHEN IT IS WRONG
    A long warm-up. Trials that go much further than others also take longer to half of their way.

WHAT TO TRY
    A higher learning rate or a shorter warm-up.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import DROP, finals, learning_rates, look, of, ramp, whole
from hpi_core.detectors.verdict import middle, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare the steps to half of the way with the median of the sweep."""
    assert context.curves is not None
    hits = []
    for curve in context.curves.training[:1] or context.curves.main:
        learned = of(curve, pl.max_horizontal(0.01 * pl.col("first").abs(), 3 * pl.col("noise")) < DROP)
        judged = (learned & context.full_length & (curve["n"] >= thresholds["points"])).fill_null(False)
        taken = of(curve, pl.col("half_step") - pl.col("first_step"))
        if judged.sum() < thresholds["trials"]:
            continue
        between = of(curve, (pl.col("last_step") - pl.col("first_step")) / pl.max_horizontal(pl.col("points") - 1, 1))
        usual = max(middle(taken.filter(judged)), middle(between.filter(judged)))
        evidence = say(
            f"{curve.metric.name} took ", whole(taken), " steps to come half of its way; half of the trials: at most ",
            f"{usual:,.4g}",
        )  # fmt: skip
        hits.append(
            look(
                curve, pl.col("half_step") - pl.col("first_step") > thresholds["times"] * usual, evidence, "info",
                least=thresholds["points"], among=judged, value=taken.cast(pl.Float64),
                threshold=thresholds["times"] * usual, step=curve["half_step"],
            )
        )  # fmt: skip
    return verdicts(context, hits)


_HEALTHY = [ramp(2.3, 0.5 + 0.02 * i, 60, 0.3) for i in range(9)]
_SLOW = ramp(2.3, 0.5, 60, 0.03)

DETECTOR = Detector(
    issue="slow_start",
    tag="SLOW",
    title="Slow to get going",
    severity="info",
    needs=("main curve",),
    thresholds=(
        Threshold("times", 4.0, "times the median", "chosen here", "how much longer than usual"),
        Threshold("trials", 8, "trials", "chosen here", "the fewest trials that make a median"),
        Threshold("points", 10, "points", "chosen here", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Raise the learning rate or shorten the warm-up.",
    preempted_by=("nonfinite_metric", "exploded_metric", "diverged", "not_decreasing", "failed_run"),
    self_calibrated=False,
    examples=(
        Example(
            {"lr": learning_rates(10), "train_loss": finals([*_HEALTHY, _SLOW])},
            (9,),
            curves={"train_loss": [*_HEALTHY, _SLOW]},
        ),
        Example({"lr": learning_rates(9), "train_loss": finals(_HEALTHY)}, (), curves={"train_loss": _HEALTHY}),
    ),
    manual=__doc__,
)
