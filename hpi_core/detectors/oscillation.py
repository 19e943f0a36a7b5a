"""The curve goes up and down all the way.

MEANING
    Again and again the curve comes down from a peak by a sizeable part of all it has gained.

WHY IT IS BAD
    The last value is a matter of luck: a point earlier or later it would be another one.

HOW IT IS DECIDED
    Swings from a local maximum down to the next local minimum by at least 5 % of the way from start to best are
    counted on the held-out curve (the training loss where there is none). More than `share` of the points must be such
    swings. Curves under `points` points are not judged.

WHEN IT IS WRONG
    A small validation set makes every curve of the sweep jump; then the best trials are flagged, and the rule is
    demoted. A cyclic learning rate swings on purpose.

WHAT TO TRY
    A lower learning rate or one that decays, a larger batch, averaging of weights.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import finals, learning_rates, look, of, ramp, whole
from hpi_core.detectors.verdict import say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Count the swings of the main curve."""
    assert context.curves is not None
    hits = []
    for curve in context.curves.main:
        share = of(curve, pl.col("swings") / pl.col("n"))
        evidence = say(
            f"{curve.metric.name} swings ", curve["swings"].cast(pl.String), " times in ", curve["n"].cast(pl.String),
            " points by 5 % or more of all it gained, first at step ", whole(curve["swing_step"]),
        )  # fmt: skip
        hits.append(
            look(
                curve, pl.col("swings") >= thresholds["share"] * pl.col("n"), evidence, "warn",
                least=thresholds["points"], value=share, threshold=thresholds["share"], step=curve["swing_step"],
            )
        )  # fmt: skip
    return verdicts(context, hits)


_HEALTHY = [ramp(2.3, 0.5 + 0.02 * i, 40) for i in range(4)]
_SWINGING = [value + 0.3 * (i % 2) for i, value in enumerate(_HEALTHY[0])]

DETECTOR = Detector(
    issue="oscillation",
    tag="OSCILL",
    title="Goes up and down all the way",
    severity="warn",
    needs=("main curve",),
    thresholds=(
        Threshold("share", 0.25, "swings per point", "AutoTrainer eta = 0.25, zeta = 0.05", "how many swings are many"),
        Threshold("points", 10, "points", "chosen here", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Lower the learning rate or let it decay; a larger batch or averaged weights help as well.",
    preempted_by=("nonfinite_metric", "exploded_metric", "diverged", "not_decreasing"),
    examples=(
        Example(
            {"lr": learning_rates(5), "val_loss": finals([*_HEALTHY, _SWINGING])},
            (4,),
            curves={"val_loss": [*_HEALTHY, _SWINGING]},
        ),
        Example({"lr": learning_rates(4), "val_loss": finals(_HEALTHY)}, (), curves={"val_loss": _HEALTHY}),
    ),
    manual=__doc__,
)
