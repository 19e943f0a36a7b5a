"""The curve gained nothing in the second half of the run.

MEANING
    By half-time the best value was within a hair of what it would ever be.

WHY IT IS BAD
    It is not bad for the trial; the compute of the second half bought nothing.

HOW IT IS DECIDED
    The lowest of the moving average in the first half is within `share` of all the curve gained of its lowest overall,
    or within `noise` standard errors of the average where these are at most `most` of all it gained. The step is the
    corner after which the curve stayed level, fitted to the points around where it came that close. Curves under
    `points` points are not judged.

WHEN IT IS WRONG
    Late gains of less than a hundredth matter in a contest. Double descent.

WHAT TO TRY
    Stop such trials at the step that is named, and spend the budget on more trials or seeds.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import finals, learning_rates, look, of, ramp, whole
from hpi_core.detectors.verdict import say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare the best of the first half of the main curve with the best of all of it."""
    assert context.curves is not None
    hits = []
    for curve in context.curves.main:
        drop = pl.max_horizontal(pl.col("first") - pl.col("smooth_best"), 0.0)
        gain = pl.col("half_best") - pl.col("smooth_best")
        error = pl.col("noise") / pl.max_horizontal(pl.col("n") // 20, 1).sqrt()
        doubtful = pl.min_horizontal(thresholds["noise"] * error, thresholds["most"] * drop)
        nothing = gain < pl.max_horizontal(thresholds["share"] * drop, doubtful)
        saved = of(
            curve,
            100 * (pl.col("last_step") - pl.col("settled_step")) / (pl.col("last_step") - pl.col("first_step")),
        )
        evidence = say(
            f"{curve.metric.name} gained nothing more after step ", whole(curve["settled_step"]),
            "; stopping there saves ", saved, " % of the run",
        )  # fmt: skip
        hits.append(
            look(
                curve, nothing & (drop > 0), evidence, "info", least=thresholds["points"],
                among=context.full_length, value=saved / 100, threshold=thresholds["share"],
                step=curve["settled_step"],
            )
        )  # fmt: skip
    return verdicts(context, hits)


_HEALTHY = [[2.3 - 0.02 * i + 0.001 * (-1) ** i for i in range(60)] for _ in range(4)]
_EARLY = ramp(2.3, 0.5, 60, 0.4)

DETECTOR = Detector(
    issue="saturated_early",
    tag="SATURAT",
    title="Gained nothing in the second half",
    severity="info",
    needs=("main curve",),
    thresholds=(
        Threshold("share", 0.01, "share of all progress", "chosen here", "made in the second half"),
        Threshold("noise", 2.0, "standard errors", "chosen here", "or less than the moving average is sure of"),
        Threshold("most", 0.05, "share of all progress", "chosen here", "which may be this much"),
        Threshold("points", 20, "points", "chosen here", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Stop such trials at the step named and spend the budget on more trials or seeds.",
    preempted_by=("nonfinite_metric", "exploded_metric", "diverged", "not_decreasing", "failed_run"),
    self_calibrated=False,
    examples=(
        Example(
            {"lr": learning_rates(5), "val_loss": finals([*_HEALTHY, _EARLY])},
            (4,),
            curves={"val_loss": [*_HEALTHY, _EARLY]},
        ),
        Example({"lr": learning_rates(4), "val_loss": finals(_HEALTHY)}, (), curves={"val_loss": _HEALTHY}),
    ),
    manual=__doc__,
)
