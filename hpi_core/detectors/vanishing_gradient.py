"""The gradients vanished.

MEANING
    Over the last tenth of the run the gradients were practically zero, or those of one layer were a tiny part of those
    of another.

WHY IT IS BAD
    Weights that get no gradient do not learn, whatever the learning rate.

HOW IT IS DECIDED
    The median of the last 10 % of a gradient norm is below `level`. Where there is a norm per layer: the smallest is
    below `share` of the largest, and below `small`. The step is the one from which on nine in ten points are below.

WHEN IT IS WRONG
    A model that has fitted its training data perfectly has no gradient left.

WHAT TO TRY
    Another activation or initialisation, normalisation, residual connections; a higher learning rate.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import Layers, finals, layers, learning_rates, look, ramp, since
from hpi_core.detectors.verdict import Hit, mask, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Look at the end of every gradient norm, and at the smallest of the layers beside the largest."""
    assert context.curves is not None
    hits = []
    for gradient in context.curves.of_kind("gradient"):
        evidence = say(f"{gradient.metric.name} was ", gradient["end"], " over the last tenth of the run")
        hit = look(
            gradient, pl.col("end") < thresholds["level"], evidence, "warn", among=context.full_length,
            value=gradient["end"], threshold=thresholds["level"],
        )  # fmt: skip
        level = thresholds["level"]
        hits.append(since(context, hit, gradient, level, f"below {level:g}", below=True))
    if (ends := layers(context, "end")) is not None:
        share = ends.smallest / ends.largest
        tiny = (share < thresholds["share"]) & (ends.smallest < thresholds["small"])
        hits += _of_each_layer(context, ends, mask(tiny, context.full_length), thresholds)
    return verdicts(context, hits)


def _of_each_layer(context: Context, ends: Layers, tiny: pl.Series, thresholds: Thresholds) -> list[Hit]:
    """Say layer by layer of which trials its gradients are the smallest and too small, and since when they are."""
    hits = []
    limit = (ends.largest * thresholds["share"]).clip(upper_bound=thresholds["small"])
    for at, layer in enumerate(ends.curves):
        evidence = say(
            f"the smallest gradient norm of a layer, {layer.metric.name}, was ", ends.smallest, ", the largest, ",
            ends.named(ends.largest_at), ", ", ends.largest, " over the last tenth of the run",
        )  # fmt: skip
        hit = Hit(
            tiny & (ends.smallest_at == at), evidence, "warn", layer.metric.name, ends.smallest, thresholds["small"]
        )
        hits.append(since(context, hit, layer, limit, "as small", below=True))
    return hits


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
