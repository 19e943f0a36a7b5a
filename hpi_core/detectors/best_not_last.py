"""The best value was not the last one.

MEANING
    An earlier checkpoint of the trial was better than the one it ended with.

WHY IT IS BAD
    It is not bad where checkpoints were kept: the result is better than the last value says.

HOW IT IS DECIDED
    The last value is worse than the best by more than `noise` standard deviations of the curve's noise and by more
    than `share` of all it gained. The step is that of the best value.

WHEN IT IS WRONG
    The best of many noisy values is partly luck: the more evaluations, the luckier.

WHAT TO TRY
    The checkpoint of the step that is named.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import DROP, finals, learning_rates, look, ramp, whole
from hpi_core.detectors.verdict import say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare the last value of the main curve with the best."""
    assert context.curves is not None
    hits = []
    for curve in context.curves.main:
        least = pl.max_horizontal(thresholds["noise"] * pl.col("noise"), thresholds["share"] * DROP)
        evidence = say(
            f"{curve.metric.name} was best (", curve.shown("best"), ") at step ", whole(curve["best_step"]),
            "; it ended at ", curve.shown("last"), ": use checkpoint ", whole(curve["best_step"]),
        )  # fmt: skip
        hits.append(
            look(
                curve, (pl.col("last") - pl.col("best") > least) & (DROP > 0), evidence, "info",
                least=thresholds["points"], among=context.ended, value=curve.shown("last"),
                threshold=curve.shown("best"), step=curve["best_step"],
            )
        )  # fmt: skip
    return verdicts(context, hits)


_HEALTHY = [ramp(2.3, 0.5 + 0.02 * i, 40) for i in range(4)]
_EARLIER = [*ramp(2.3, 0.5, 25), *(0.5 + 0.02 * i for i in range(15))]

DETECTOR = Detector(
    issue="best_not_last",
    tag="EARLIER",
    title="An earlier checkpoint was better",
    severity="info",
    needs=("main curve",),
    thresholds=(
        Threshold("noise", 3.0, "standard deviations", "chosen here", "beyond the noise of the curve"),
        Threshold("share", 0.02, "share of all progress", "chosen here", "and at least this much worse at the end"),
        Threshold("points", 5, "points", "chosen here", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Use the checkpoint of the step named.",
    preempted_by=("not_decreasing",),
    self_calibrated=False,
    examples=(
        Example(
            {"lr": learning_rates(5), "val_loss": finals([*_HEALTHY, _EARLIER])},
            (4,),
            curves={"val_loss": [*_HEALTHY, _EARLIER]},
        ),
        Example({"lr": learning_rates(4), "val_loss": finals(_HEALTHY)}, (), curves={"val_loss": _HEALTHY}),
    ),
    manual=__doc__,
)
