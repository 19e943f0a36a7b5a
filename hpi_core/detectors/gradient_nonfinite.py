"""A gradient became NaN or infinite.

MEANING
    The norm of the gradients was not finite at some step.

WHY IT IS BAD
    One such step makes every weight not finite, unless it is skipped; then the step was lost.

HOW IT IS DECIDED
    Any point of a curve of gradient norms that is not finite. The step is that of the first.

WHEN IT IS WRONG
    Mixed precision with loss scaling skips such steps on purpose: a few of them at the start are part of its way.

WHAT TO TRY
    A lower learning rate, gradient clipping, a smaller initial loss scale; look for log(0) and divisions by zero.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import finals, learning_rates, look, ramp, whole
from hpi_core.detectors.verdict import say, verdicts


def check(context: Context, _thresholds: Thresholds) -> Verdicts:
    """Look at every curve of gradient norms."""
    assert context.curves is not None
    hits = []
    for gradient in context.curves.of_kind("gradient"):
        evidence = say(
            f"{gradient.metric.name} was first not finite at step ", whole(gradient["nonfinite_step"]), ", in all at ",
            gradient["nonfinite"].cast(pl.String), " of ", gradient["points"].cast(pl.String), " points",
        )  # fmt: skip
        hits.append(
            look(gradient, pl.col("nonfinite") > 0, evidence, "error", least=0, step=gradient["nonfinite_step"])
        )
    return verdicts(context, hits)


_LOSS = [ramp(2.3, 0.5) for _ in range(4)]
_NORM = [ramp(3.0, 1.0) for _ in range(4)]
_BROKEN = [*_NORM[0][:20], float("nan"), *_NORM[0][21:]]

DETECTOR = Detector(
    issue="gradient_nonfinite",
    tag="G-NONF",
    title="A gradient is NaN or infinite",
    severity="error",
    needs=("gradient curve",),
    thresholds=(),
    check=check,
    advice="Lower the learning rate, clip gradients or start with a smaller loss scale.",
    examples=(
        Example(
            {"lr": learning_rates(4), "val_loss": finals(_LOSS)},
            (3,),
            curves={"val_loss": _LOSS, "grad_norm": [*_NORM[:3], _BROKEN]},
        ),
        Example(
            {"lr": learning_rates(4), "val_loss": finals(_LOSS)}, (), curves={"val_loss": _LOSS, "grad_norm": _NORM}
        ),
    ),
    manual=__doc__,
)
