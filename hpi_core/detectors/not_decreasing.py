"""The training loss never came down.

MEANING
    At its end the training loss is no lower than at its start, beyond the curve's own noise.

WHY IT IS BAD
    Nothing was learned; the trial says nothing about its configuration except that it does not train.

HOW IT IS DECIDED
    The median of the first 2 % minus the median of the last 10 % is below `share` of the first and below `noise`
    standard deviations of the curve's noise (over all of it or over its last fifth, whichever is less); and the loss
    is behind: at least `behind` of the other trials end lower than this one ever was. Curves under `points` points are
    not judged.

WHEN IT IS WRONG
    Fine-tuning that starts at a low loss. A first value that was measured after most of the learning was done.

WHAT TO TRY
    Learning rates in both directions, another initialisation; check that gradients reach the weights and that labels
    match inputs.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import finals, learning_rates, look, ramp, whole
from hpi_core.detectors.verdict import say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare the end of every training loss with its start, and with where the others end."""
    assert context.curves is not None
    hits = []
    for loss in context.curves.training:
        came_down = pl.col("first") - pl.col("end")
        noise = pl.min_horizontal("noise", "late_spread")  # what went to and fro on the way may have settled
        within = pl.max_horizontal(thresholds["share"] * pl.col("first").abs(), thresholds["noise"] * noise)
        level = loss["end"].quantile(thresholds["behind"])
        beaten = pl.col("best") > (float("inf") if level is None else level)
        evidence = say(
            f"{loss.metric.name} went from ", loss.shown("first"), " to ", loss.shown("end"), " in ",
            loss["n"].cast(pl.String), " points, from step ", whole(loss["first_step"]), " to ",
            whole(loss["last_step"]),
        )  # fmt: skip
        hits.append(
            look(
                loss, (came_down < within) & beaten, evidence, "error", least=thresholds["points"],
                among=context.full_length, value=loss.shown("end"), threshold=loss.shown("first"),
                step=loss["first_step"],
            )
        )  # fmt: skip
    return verdicts(context, hits)


_HEALTHY = [ramp(2.3, 0.3 + 0.02 * i) for i in range(4)]
_FLAT = [2.3 + 0.01 * (-1) ** i for i in range(30)]

DETECTOR = Detector(
    issue="not_decreasing",
    tag="FLAT",
    title="The training loss never came down",
    severity="error",
    needs=("loss curve",),
    thresholds=(
        Threshold("share", 0.01, "share of the first loss", "chosen here", "coming down by less is not coming down"),
        Threshold("noise", 3.0, "standard deviations", "chosen here", "nor is coming down by less than this noise"),
        Threshold("behind", 0.25, "share of trials", "chosen here", "that end lower than this trial ever was"),
        Threshold("points", 5, "points", "DeepDiagnosis", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Try learning rates in both directions and another initialisation; check that gradients reach the weights.",
    preempted_by=("nonfinite_metric", "exploded_metric", "diverged", "failed_run", "out_of_memory", "timeout"),
    examples=(
        Example(
            {"lr": learning_rates(5), "train_loss": finals([*_HEALTHY, _FLAT])},
            (4,),
            curves={"train_loss": [*_HEALTHY, _FLAT]},
        ),
        Example({"lr": learning_rates(4), "train_loss": finals(_HEALTHY)}, (), curves={"train_loss": _HEALTHY}),
    ),
    manual=__doc__,
)
