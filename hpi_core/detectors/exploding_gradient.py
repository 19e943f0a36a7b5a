"""The gradients are far larger than in other trials, or grow from layer to layer.

MEANING
    At the end of the run the norm of the gradients is out of all proportion.

WHY IT IS BAD
    Steps are as large as the gradients: training is unstable, or lives by clipping alone.

HOW IT IS DECIDED
    The median of the last 10 % of a gradient norm is more than `times` the median of the sweep. Where there is a norm
    per layer: the largest is more than `ratio` times the next one. The step is the one from which on nine in ten points
    are above.

WHEN IT IS WRONG
    Losses that are sums rather than means have large gradients where batches are large.

WHAT TO TRY
    Gradient clipping, a lower learning rate, normalisation, another initialisation.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import Layers, finals, layers, learning_rates, look, ramp, since
from hpi_core.detectors.verdict import Hit, mask, middle, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare the end of every gradient norm with the sweep's usual one, and the largest layer with the next."""
    assert context.curves is not None
    hits = []
    for gradient in context.curves.of_kind("gradient"):
        known = gradient["end"].filter(context.full_length)
        usual = middle(known)
        if known.len() - known.null_count() < thresholds["trials"] or not usual > 0:
            continue
        limit = thresholds["times"] * usual
        evidence = say(
            f"{gradient.metric.name} was ", gradient["end"],
            f" over the last tenth of the run; half of the trials: at most {usual:.3g}",
        )  # fmt: skip
        hit = look(
            gradient, pl.col("end") > limit, evidence, "warn", among=context.full_length, value=gradient["end"],
            threshold=limit,
        )  # fmt: skip
        hits.append(since(context, hit, gradient, limit, f"above {limit:.3g}"))
    if (ends := layers(context, "end")) is not None:
        many = mask(ends.largest / ends.next > thresholds["ratio"], context.full_length)
        hits += _of_each_layer(context, ends, many, thresholds)
    return verdicts(context, hits)


def _of_each_layer(context: Context, ends: Layers, many: pl.Series, thresholds: Thresholds) -> list[Hit]:
    """Say layer by layer of which trials its gradients are the largest and too large, and since when they are."""
    hits = []
    ratio = ends.largest / ends.next
    for at, layer in enumerate(ends.curves):
        evidence = say(
            f"the largest gradient norm of a layer, {layer.metric.name}, was ", ratio,
            " times the next over the last tenth of the run",
        )  # fmt: skip
        hit = Hit(many & (ends.largest_at == at), evidence, "warn", layer.metric.name, ratio, thresholds["ratio"])
        hits.append(since(context, hit, layer, ends.next * thresholds["ratio"], "as large"))
    return hits


_LOSS = [ramp(2.3, 0.5) for _ in range(10)]
_NORM = [ramp(3.0, 1.0 + 0.05 * i) for i in range(10)]
_HUGE = [3.0 * 1.3**i for i in range(30)]

DETECTOR = Detector(
    issue="exploding_gradient",
    tag="G-EXP",
    title="The gradients are out of all proportion",
    severity="warn",
    needs=("gradient curve",),
    thresholds=(
        Threshold("times", 100.0, "times the median of the sweep", "chosen here", "how large is too large"),
        Threshold("trials", 8, "trials", "chosen here", "the fewest trials that make a median"),
        Threshold("ratio", 70.0, "times the next layer", "AutoTrainer", "how far one layer may be above the next"),
    ),
    check=check,
    advice="Clip gradients, lower the learning rate, normalise, or initialise differently.",
    examples=(
        Example(
            {"lr": learning_rates(10), "val_loss": finals(_LOSS)},
            (9,),
            curves={"val_loss": _LOSS, "grad_norm": [*_NORM[:9], _HUGE]},
        ),
        Example(
            {"lr": learning_rates(10), "val_loss": finals(_LOSS)}, (), curves={"val_loss": _LOSS, "grad_norm": _NORM}
        ),
    ),
    manual=__doc__,
)
