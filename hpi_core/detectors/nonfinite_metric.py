"""A metric became NaN or infinite.

MEANING
    A metric of the trial is the literal NaN or an infinity.

WHY IT IS BAD
    The arithmetic broke down: every number after it, and the trained weights, are unusable.

HOW IT IS DECIDED
    Any metric that is not finite, the objective first. An empty cell is missing, not NaN. A metric other than the
    objective that is not finite in more than `placeholder` of the trials whose objective is fine is left out: there NaN
    means that nothing was measured.

WHEN IT IS WRONG
    Tools write NaN for a validation that never ran; where few trials do so, they are flagged. A ratio metric may be
    0 / 0 in a healthy run.

WHAT TO TRY
    A lower learning rate, warm-up or gradient clipping; look for log(0), a division by a count of zero, half precision.
"""

from __future__ import annotations

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.verdict import Hit, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Look at every metric, the objective first."""
    first = context.objective.name if context.objective else None
    usable = context.values(first).is_finite() if first else None
    hits = []
    for metric in context.metrics:
        values = context.values(metric.name)
        broken = ~values.is_finite()
        if broken.any() and metric.name != first and usable is not None:
            among = broken.filter(usable.fill_null(False)).mean()
            if among is not None and among > thresholds["placeholder"]:  # type: ignore[operator]
                continue
        hits.append(Hit(broken, [f"{metric.name} is ", values], "error", metric.name, values))
    return verdicts(context, hits)


DETECTOR = Detector(
    issue="nonfinite_metric",
    tag="NONFIN",
    title="A metric is NaN or infinite",
    severity="error",
    needs=("metrics",),
    thresholds=(
        Threshold(
            "placeholder", 0.5, "share of trials", "chosen here", "above it NaN means not measured (not the objective)"
        ),
    ),
    check=check,
    advice="Lower the learning rate, warm up or clip gradients; look for log(0) and half precision.",
    examples=(
        Example({"lr": [0.1, 0.2, 9.0], "val_loss": [0.5, 0.4, float("nan")]}, (2,)),
        Example({"lr": [0.1, 0.2, 9.0], "val_loss": [0.5, 0.4, 0.6], "train_loss": [0.5, 0.4, float("inf")]}, (2,)),
        Example({"lr": [0.1, 0.2, 9.0], "val_loss": [0.5, None, 0.4]}, ()),
        Example(
            {"lr": [0.1, 0.2, 9.0], "val_loss": [0.5, 0.6, 0.4], "test_loss": [float("nan"), float("nan"), 0.4]}, ()
        ),
    ),
    manual=__doc__,
)
