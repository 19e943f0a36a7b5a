"""Many units of the network are saturated.

MEANING
    A large share of the units sits at the flat ends of its activation.

WHY IT IS BAD
    At the flat ends there is hardly a gradient: these units learn very slowly or not at all.

HOW IT IS DECIDED
    A curve or column that measures the share of saturated units is above `share` at the end.
    Of a curve the step is named from which on nine in ten points are.

WHEN IT IS WRONG
    Gates are meant to be open or closed. What the column measures is told by its name alone.

WHAT TO TRY
    Smaller initial weights, normalisation of inputs and layers, a lower learning rate.
"""

from __future__ import annotations

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import final_levels
from hpi_core.detectors.verdict import Hit, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Look at the end of every measurement of saturated units."""
    hits = []
    most = thresholds["share"]
    for level in final_levels(context, "saturated"):
        evidence = say(f"{level.name} is ", level.values * 100, " %")
        hit = Hit(level.values > most, evidence, "warn", level.name, level.values, most)
        hits.append(level.since(context, hit, most, f"above {100 * most:g} %"))
    if not hits:
        raise NotAssessable("no column or curve of saturated units")
    return verdicts(context, hits)


DETECTOR = Detector(
    issue="saturated_units",
    tag="SATU",
    title="Many units are saturated",
    severity="warn",
    needs=(),
    thresholds=(Threshold("share", 0.5, "share of units", "SageMaker Debugger", "at the flat ends"),),
    check=check,
    advice="Start from smaller weights, normalise inputs and layers, lower the learning rate.",
    examples=(
        Example(
            {"lr": [0.1, 0.2, 0.3], "val_loss": [0.4, 0.5, 0.6]},
            (2,),
            curves={"saturated_fraction": [[0.05] * 20, [0.05] * 20, [*[0.05] * 12, *[0.8] * 8]]},
        ),
        Example({"lr": [0.1, 0.2, 0.3], "val_loss": [0.4, 0.5, 0.6], "saturated_fraction": [0.05, 0.1, 0.8]}, (2,)),
        Example({"lr": [0.1, 0.2, 0.3], "val_loss": [0.4, 0.5, 0.6], "saturated_fraction": [0.05, 0.1, 0.2]}, ()),
    ),
    manual=__doc__,
)
