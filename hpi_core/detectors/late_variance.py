"""The held-out curve is still noisy at its end.

MEANING
    In the last fifth of the run the curve scatters about its trend by a sizeable part of its whole range.

WHY IT IS BAD
    The final value, and any comparison of trials by it, is drawn from that scatter.

HOW IT IS DECIDED
    The standard deviation about a straight line through the last fifth (at least five points) is above `share` of the
    range of the whole curve. Curves under `points` points are not judged.

WHEN IT IS WRONG
    A curve that hardly moves at all has a range of nothing but noise: such trials are not judged here.

WHAT TO TRY
    A learning rate that decays to the end, a larger batch or validation set, averaging of weights; compare trials by
    the mean of the last points.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import DROP, finals, learning_rates, look, of, ramp, whole
from hpi_core.detectors.verdict import say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare the scatter of the last fifth with the range of the main curve."""
    assert context.curves is not None
    hits = []
    for curve in context.curves.main:
        reach = pl.col("worst") - pl.col("best")
        share = of(curve, pl.when(reach > 0).then(pl.col("late_spread") / reach))
        percent = share * 100
        evidence = say(
            f"{curve.metric.name} scatters by ", percent, " % of its range over the last fifth of the run, from step ",
            whole(curve["late_step"]), " on",
        )  # fmt: skip
        learned = of(curve, pl.max_horizontal(0.01 * pl.col("first").abs(), 3 * pl.col("noise")) < DROP)
        hits.append(
            look(
                curve, (reach > 0) & (pl.col("late_spread") > thresholds["share"] * reach), evidence, "warn",
                least=thresholds["points"], among=context.full_length & learned.fill_null(False), value=share,
                threshold=thresholds["share"], step=curve["late_step"],
            )
        )  # fmt: skip
    return verdicts(context, hits)


_HEALTHY = [ramp(2.3, 0.5 + 0.02 * i, 40) for i in range(4)]
_NOISY = [*_HEALTHY[0][:30], *(value + 0.2 * ((i * 7) % 3 - 1) for i, value in enumerate(_HEALTHY[0][30:]))]

DETECTOR = Detector(
    issue="late_variance",
    tag="NOISY",
    title="Still noisy at the end",
    severity="warn",
    needs=("main curve",),
    thresholds=(
        Threshold("share", 0.05, "share of the range", "chosen here", "how much scatter at the end is too much"),
        Threshold("points", 15, "points", "chosen here", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Let the learning rate decay to the end, enlarge the batch, or average weights; compare by late means.",
    preempted_by=("nonfinite_metric", "exploded_metric", "diverged", "not_decreasing"),
    examples=(
        Example(
            {"lr": learning_rates(5), "val_loss": finals([*_HEALTHY, _NOISY])},
            (4,),
            curves={"val_loss": [*_HEALTHY, _NOISY]},
        ),
        Example({"lr": learning_rates(4), "val_loss": finals(_HEALTHY)}, (), curves={"val_loss": _HEALTHY}),
    ),
    manual=__doc__,
)
