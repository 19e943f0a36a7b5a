"""The held-out metric got worse again while training went on improving.

MEANING
    The held-out loss reached its best well before the end and rose from there: overtraining.

WHY IT IS BAD
    The last weights are worse than earlier ones, and the compute since then was spent on making them worse.

HOW IT IS DECIDED
    The median of the last 10 % of the held-out curve is above the lowest value of its moving average by more than
    `drop` of what the curve came down, `share` of the lowest value, and `noise` standard errors of the average; the
    lowest value lies before the last 10 %; and the training loss has not risen likewise, where there is one. The step
    named is where it turned: the corner of a falling line and a rising parabola fitted around the lowest value.

WHEN IT IS WRONG
    Double descent: some models get better again later. A small validation set is noisy over its whole length.

WHAT TO TRY
    The checkpoint of the step that is named, earlier stopping, more regularisation or data.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import finals, learning_rates, look, ramp, whole
from hpi_core.detectors.verdict import say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare the end of the held-out curve with the lowest of its moving average."""
    assert context.curves is not None
    training = context.curves.training
    among = context.ended
    if training:
        among = among & training[0].frame.select(~rebounds(thresholds)).to_series().fill_null(True)
    hits = []
    for curve in context.curves.held_out:
        evidence = say(
            f"{curve.metric.name} was best (", curve.shown("smooth_best"), ", smoothed) near step ",
            whole(curve["turn_step"]), " and ended at ", curve.shown("end"),
        )  # fmt: skip
        hits.append(
            look(
                curve, rebounds(thresholds), evidence, "warn", least=thresholds["points"], among=among,
                value=curve.shown("end"), threshold=curve.shown("smooth_best"), step=curve["turn_step"],
            )
        )  # fmt: skip
    return verdicts(context, hits)


def rebounds(thresholds: Thresholds) -> pl.Expr:
    """Say of the features of a curve whether it rose again after its lowest smoothed value."""
    low = pl.col("smooth_best")
    window = pl.max_horizontal(pl.col("n") // 20, 1)
    least = pl.max_horizontal(
        thresholds["drop"] * (pl.col("first") - low),
        thresholds["share"] * low.abs(),
        thresholds["noise"] * pl.col("noise") / window.sqrt(),
    )
    early = pl.col("smooth_best_step") < pl.col("last_finite_step") - 0.1 * (
        pl.col("last_finite_step") - pl.col("first_step")
    )
    return early & (pl.col("end") - low > least)


_HEALTHY = [ramp(2.3, 0.5 + 0.02 * i, 40) for i in range(4)]
_BACK = [*ramp(2.3, 0.5, 20), *(0.6 + 0.03 * i for i in range(20))]
_TRAIN = [ramp(2.2, 0.1, 40) for _ in range(5)]

DETECTOR = Detector(
    issue="rebound",
    tag="REBOUND",
    title="Got worse again on held-out data",
    severity="warn",
    needs=("held-out curve",),
    thresholds=(
        Threshold("drop", 0.1, "share of the way down", "chosen here", "how far it rose again"),
        Threshold("share", 0.02, "share of the lowest value", "chosen here", "and at least this much"),
        Threshold("noise", 3.0, "standard errors", "chosen here", "and beyond the noise of the moving average"),
        Threshold("points", 10, "points", "chosen here", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Use the checkpoint of the step named; stop earlier, regularise more, or add data.",
    preempted_by=("nonfinite_metric", "exploded_metric", "diverged", "not_decreasing", "failed_run"),
    examples=(
        Example(
            {"lr": learning_rates(5), "val_loss": finals([*_HEALTHY, _BACK])},
            (4,),
            curves={"val_loss": [*_HEALTHY, _BACK], "train_loss": _TRAIN},
        ),
        Example({"lr": learning_rates(4), "val_loss": finals(_HEALTHY)}, (), curves={"val_loss": _HEALTHY}),
    ),
    manual=__doc__,
)
