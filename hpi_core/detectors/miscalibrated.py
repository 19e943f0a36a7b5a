"""The model's probabilities are off.

MEANING
    The expected calibration error (ECE) is large: when the model says 90 %, it is right much more or less often.

WHY IT IS BAD
    Thresholds, abstention and risk computed from such probabilities are wrong, whatever the accuracy.

HOW IT IS DECIDED
    A column named ECE or expected calibration error above `ece` (percent are understood).

WHEN IT IS WRONG
    ECE depends on its binning and is biased upwards on small held-out sets. Large models without temperature scaling
    are nearly all above the bound: then the rule is demoted.

WHAT TO TRY
    Temperature scaling on the validation split; label smoothing; stopping before the loss rises.
"""

from __future__ import annotations

from hpi_core.detectors.context import Context, finite, words_of
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.verdict import Hit, verdicts

_OTHER = frozenset(["max", "static", "adaptive", "std", "stderr", "rank", "diff"])


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Judge every ECE column."""
    hits = []
    for name in context.numeric_columns:
        words = set(words_of(name))
        if not ("ece" in words or {"calibration", "error"} <= words) or words & _OTHER:
            continue
        values = finite(context.values(name)).abs()
        high = values.max()
        ece = values / 100 if high is not None and float(high) > 1 else values  # type: ignore[arg-type]
        hits.append(Hit(ece > thresholds["ece"], [f"{name} is ", ece], "warn", name, ece, thresholds["ece"]))
    if not hits:
        raise NotAssessable("no calibration error among the columns")
    return verdicts(context, hits)


DETECTOR = Detector(
    issue="miscalibrated",
    tag="CALIB",
    title="Probabilities are off",
    severity="warn",
    needs=(),
    thresholds=(Threshold("ece", 0.05, "fraction", "chosen here", "expected calibration error"),),
    check=check,
    advice="Scale the temperature on the validation split.",
    preempted_by=("nonfinite_metric", "failed_run", "out_of_memory", "timeout"),
    examples=(
        Example({"lr": [0.1, 0.2, 0.3], "val_loss": [0.5, 0.4, 0.3], "val_ece": [0.02, 0.11, 0.03]}, (1,)),
        Example({"lr": [0.1, 0.2, 0.3], "val_loss": [0.5, 0.4, 0.3], "ece": [2.0, 11.0, 3.0]}, (1,)),
        Example({"lr": [0.1, 0.2, 0.3], "val_loss": [0.5, 0.4, 0.3], "val_ece": [0.02, 0.01, 0.03]}, ()),
    ),
    manual=__doc__,
)
