"""The steps are out of proportion to the weights.

MEANING
    The norm of an update, relative to the norm of the weights it changes, is far from what works.

WHY IT IS BAD
    Much larger steps throw the weights about; much smaller ones leave them where they are.

HOW IT IS DECIDED
    A curve or column of update ratios ends below `low` or above `high`. About 0.001 is usual. Of a curve the step is
    named from which on nine in ten points are.

WHEN IT IS WRONG
    At the end of a schedule that decays to zero the updates are meant to be tiny. Ratios logged as logarithms are
    negative and are not judged.

WHAT TO TRY
    A learning rate changed by as much as the ratio is off; another initialisation.
"""

from __future__ import annotations

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import final_levels
from hpi_core.detectors.verdict import Hit, mask, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Look at the end of every measurement of update ratios."""
    hits = []
    low, high = thresholds["low"], thresholds["high"]
    for level in final_levels(context, "update ratio"):
        judged = mask(level.values, level.values >= 0)
        for far, size, limit in ((judged < low, "small", low), (judged > high, "large", high)):
            evidence = say(f"{level.name} ended at ", judged, f": steps are too {size}")
            hit = Hit(far, evidence, "warn", level.name, judged, limit)
            said = f"{'below' if size == 'small' else 'above'} {limit:g}"
            hits.append(level.since(context, hit, limit, said, below=size == "small"))
    if not hits:
        raise NotAssessable("no column or curve of update ratios")
    return verdicts(context, hits)


DETECTOR = Detector(
    issue="update_ratio",
    tag="UPD",
    title="Steps out of proportion to the weights",
    severity="warn",
    needs=(),
    thresholds=(
        Threshold(
            "low", 1e-5, "update / weight norm", "chosen here (SageMaker Debugger: 1e-8)", "below it nothing moves"
        ),
        Threshold(
            "high", 1e-1, "update / weight norm", "chosen here (SageMaker Debugger: 10)", "above it all is thrown"
        ),
    ),
    check=check,
    advice="Change the learning rate by as much as the ratio is off; 0.001 is usual.",
    examples=(
        Example(
            {"lr": [0.1, 0.2, 0.3], "val_loss": [0.4, 0.5, 0.6]},
            (2,),
            curves={"update_ratio": [[0.001] * 20, [0.001] * 20, [*[0.001] * 12, *[0.4] * 8]]},
        ),
        Example({"lr": [0.1, 0.2, 0.3], "val_loss": [0.4, 0.5, 0.6], "update_ratio": [1e-3, 2e-3, 0.4]}, (2,)),
        Example({"lr": [0.1, 0.2, 0.3], "val_loss": [0.4, 0.5, 0.6], "update_ratio": [1e-3, 2e-3, 5e-4]}, ()),
    ),
    manual=__doc__,
)
