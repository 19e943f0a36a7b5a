"""The training loss ended higher than it began.

MEANING
    The training loss left its best value for good and ended above the level it started from.

WHY IT IS BAD
    Whatever was learned is lost: the weights at the end are worse than random ones.

HOW IT IS DECIDED
    The median of the last 5 % of the training loss is above the median of the first 2 % by more than `rise`, and above
    the best value by more than `noise` standard deviations of the curve's own noise. The step is the one at which the
    curve left its best values and did not come back. Losses that need not fall (adversarial, reinforcement, KL) are
    not judged, nor curves of fewer than `points` points.

WHEN IT IS WRONG
    A loss whose meaning changes on the way (a growing penalty, a curriculum) may rise although all is well.

WHAT TO TRY
    A lower learning rate, warm-up, gradient clipping; restart from a checkpoint before the step that is named.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import finals, learning_rates, look, ramp, whole
from hpi_core.detectors.verdict import say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare the end of every training loss with its start and its best."""
    assert context.curves is not None
    hits = []
    for loss in context.curves.training:
        end, first = pl.col("very_end"), pl.col("first")
        sick = (end > first + thresholds["rise"] * first.abs()) & (
            end > pl.col("best") + thresholds["noise"] * pl.col("noise")
        )
        evidence = say(
            f"{loss.metric.name} began at ", loss.shown("first"), ", left its best (", loss.shown("best"), ") at step ",
            whole(loss["left_best_step"]), " and ended at ", loss.shown("very_end"),
        )  # fmt: skip
        hits.append(
            look(
                loss, sick, evidence, "error", least=thresholds["points"], value=loss.shown("very_end"),
                threshold=loss.shown("first"), step=loss["left_best_step"],
            )
        )  # fmt: skip
    return verdicts(context, hits)


_HEALTHY = [ramp(2.3, 0.3 + 0.02 * i) for i in range(4)]
_GONE = [*ramp(2.3, 0.4, 15), *(0.4 * 1.3**i for i in range(15))]

DETECTOR = Detector(
    issue="diverged",
    tag="DIVERGE",
    title="The training loss ended above its start",
    severity="error",
    needs=("loss curve",),
    thresholds=(
        Threshold("rise", 0.05, "share of the first loss", "chosen here", "how far above its start the loss ends"),
        Threshold("noise", 6.0, "standard deviations", "chosen here", "and how far above its best, in noise"),
        Threshold("points", 5, "points", "chosen here", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Lower the learning rate, warm up or clip gradients; go back to a checkpoint before the step named.",
    preempted_by=("nonfinite_metric", "exploded_metric"),
    judges_unended=True,
    examples=(
        Example(
            {"lr": learning_rates(5), "train_loss": finals([*_HEALTHY, _GONE])},
            (4,),
            curves={"train_loss": [*_HEALTHY, _GONE]},
        ),
        Example({"lr": learning_rates(4), "train_loss": finals(_HEALTHY)}, (), curves={"train_loss": _HEALTHY}),
    ),
    manual=__doc__,
)
