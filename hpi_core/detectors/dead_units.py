"""Many units of the network are dead.

MEANING
    A large share of the units is never active, so that no gradient flows through them.

WHY IT IS BAD
    The network is smaller than it looks, and dead units do not come back by themselves.

HOW IT IS DECIDED
    A curve or column that measures the share of dead units or of zero gradients is above `share` at the end.
    Of a curve the step is named from which on nine in ten points are.

WHEN IT IS WRONG
    Architectures that are sparse on purpose. What the column measures is told by its name alone.

WHAT TO TRY
    A lower learning rate, leaky or smooth activations, another initialisation of biases, normalisation.
"""

from __future__ import annotations

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import final_levels
from hpi_core.detectors.verdict import Hit, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Look at the end of every measurement of dead units."""
    hits = []
    most = thresholds["share"]
    for level in final_levels(context, "dead"):
        evidence = say(f"{level.name} is ", level.values * 100, " %")
        hit = Hit(level.values > most, evidence, "warn", level.name, level.values, most)
        hits.append(level.since(context, hit, most, f"above {100 * most:g} %"))
    if not hits:
        raise NotAssessable("no column or curve of dead units")
    return verdicts(context, hits)


DETECTOR = Detector(
    issue="dead_units",
    tag="DEAD",
    title="Many units are dead",
    severity="warn",
    needs=(),
    thresholds=(Threshold("share", 0.5, "share of units", "SageMaker Debugger DeadRelu", "that are never active"),),
    check=check,
    advice="Lower the learning rate, use leaky activations or normalisation, initialise biases differently.",
    examples=(
        Example(
            {"lr": [0.1, 0.2, 0.3], "val_loss": [0.4, 0.5, 0.6]},
            (2,),
            curves={"dead_relu_fraction": [[0.05] * 20, [0.05] * 20, [*[0.05] * 12, *[0.8] * 8]]},
        ),
        Example({"lr": [0.1, 0.2, 0.3], "val_loss": [0.4, 0.5, 0.6], "dead_relu_fraction": [0.05, 0.1, 0.8]}, (2,)),
        Example({"lr": [0.1, 0.2, 0.3], "val_loss": [0.4, 0.5, 0.6], "dead_relu_fraction": [0.05, 0.1, 0.2]}, ()),
    ),
    manual=__doc__,
)
