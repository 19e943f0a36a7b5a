"""The weights never changed.

MEANING
    The norm of the weights is the same at every step of the run.

WHY IT IS BAD
    Nothing was trained: a frozen layer, an optimizer without parameters, a learning rate of zero.

HOW IT IS DECIDED
    A curve of weight norms with at least `points` points stays within `change` of its level from first to last.

WHEN IT IS WRONG
    Layers that are frozen on purpose; weights that are normalised to a constant norm.

WHAT TO TRY
    Check that the parameters were given to the optimizer, that they require gradients, and that steps are taken.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import finals, learning_rates, look, ramp, whole
from hpi_core.detectors.verdict import say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare the largest and the smallest value of every curve of weight norms."""
    assert context.curves is not None
    hits = []
    for weights in context.curves.of_kind("parameters"):
        still = pl.col("worst") - pl.col("best") <= thresholds["change"] * pl.col("best").abs()
        evidence = say(
            f"{weights.metric.name} stayed at ", weights["last"], " for ", weights["n"].cast(pl.String),
            " points, from step ", whole(weights["first_step"]), " to ", whole(weights["last_step"]),
        )  # fmt: skip
        step = weights["first_step"]
        hits.append(look(weights, still, evidence, "error", least=thresholds["points"], step=step))
    if not hits:
        raise NotAssessable("no curve of weight norms")
    return verdicts(context, hits)


_LOSS = [ramp(2.3, 0.5) for _ in range(4)]
_MOVING = [ramp(10.0, 14.0) for _ in range(4)]

DETECTOR = Detector(
    issue="unchanged_weights",
    tag="FROZEN",
    title="The weights never changed",
    severity="error",
    needs=("curves",),
    thresholds=(
        Threshold("change", 1e-5, "share of the norm", "SageMaker Debugger UnchangedTensor", "below it is no change"),
        Threshold("points", 5, "points", "DeepDiagnosis", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Check that the optimizer got the parameters, that they require gradients, and that steps are taken.",
    examples=(
        Example(
            {"lr": learning_rates(4), "val_loss": finals(_LOSS)},
            (3,),
            curves={"val_loss": _LOSS, "weight_norm": [*_MOVING[:3], [10.0] * 30]},
        ),
        Example(
            {"lr": learning_rates(4), "val_loss": finals(_LOSS)},
            (),
            curves={"val_loss": _LOSS, "weight_norm": _MOVING},
        ),
    ),
    manual=__doc__,
)
