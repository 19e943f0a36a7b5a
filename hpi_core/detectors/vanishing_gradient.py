"""The gradients vanished.

MEANING
    Over the last tenth of the run the gradients were practically zero, or those of one layer were a tiny part of those
    of another.

WHY IT IS BAD
    Weights that get no gradient do not learn, whatever the learning rate.

HOW IT IS DECIDED
    The median of the last 10 % of a gradient norm is below `level`. Where there is a norm per layer: the smallest is
    below `share` of the largest, and below `small`.

WHEN IT IS WRONG
    A model that has fitted its training data perfectly has no gradient left.

WHAT TO TRY
    Another activation or initialisation, normalisation, residual connections; a higher learning rate.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import finals, layers, learning_rates, look, ramp
from hpi_core.detectors.verdict import Hit, mask, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Look at the end of every gradient norm, and at the smallest of the layers beside the largest."""
    assert context.curves is not None
    hits = []
    for gradient in context.curves.of_kind("gradient"):
        evidence = say(f"{gradient.metric.name} was ", gradient["end"], " over the last tenth of the run")
        hits.append(
            look(
                gradient, pl.col("end") < thresholds["level"], evidence, "warn", among=context.full_length,
                value=gradient["end"], threshold=thresholds["level"],
            )
        )  # fmt: skip
    if (ends := layers(context, "end")) is not None:
        share = ends["smallest"] / ends["largest"]
        tiny = (share < thresholds["share"]) & (ends["smallest"] < thresholds["small"])
        evidence = say(
            "the smallest gradient norm of a layer was ", ends["smallest"], ", the largest ", ends["largest"]
        )
        hits.append(Hit(mask(tiny, context.full_length), evidence, "warn", None, ends["smallest"], thresholds["small"]))
    return verdicts(context, hits)


_LOSS = [ramp(2.3, 0.5) for _ in range(4)]
_NORM = [ramp(3.0, 1.0) for _ in range(4)]
_GONE = [3.0 * 0.4**i for i in range(30)]

DETECTOR = Detector(
    issue="vanishing_gradient",
    tag="G-VAN",
    title="The gradients vanished",
    severity="warn",
    needs=("gradient curve",),
    thresholds=(
        Threshold("level", 1e-7, "gradient norm", "SageMaker Debugger, DeepDiagnosis", "below it there is none"),
        Threshold("share", 1e-3, "of the largest layer", "AutoTrainer", "the smallest layer may be no smaller"),
        Threshold("small", 1e-4, "gradient norm", "AutoTrainer", "unless it is at least this large"),
    ),
    check=check,
    advice="Change activation or initialisation, normalise, add residual connections, or raise the learning rate.",
    examples=(
        Example(
            {"lr": learning_rates(4), "val_loss": finals(_LOSS)},
            (3,),
            curves={"val_loss": _LOSS, "grad_norm": [*_NORM[:3], _GONE]},
        ),
        Example(
            {"lr": learning_rates(4), "val_loss": finals(_LOSS)},
            (3,),
            curves={
                "val_loss": _LOSS, "grad_norm/layer1": [*_NORM[:3], [1e-5] * 30], "grad_norm/layer9": _NORM,
            },
        ),
        Example(
            {"lr": learning_rates(4), "val_loss": finals(_LOSS)}, (), curves={"val_loss": _LOSS, "grad_norm": _NORM}
        ),
    ),
    manual=__doc__,
)  # fmt: skip
