"""The run began from a bad starting point.

MEANING
    Before training had done anything the loss was far above that of other trials, or the gradients of the layers were
    out of proportion to each other.

WHY IT IS BAD
    The first part of the run goes into undoing the start. Where gradients differ by orders of magnitude between layers,
    some layers do not learn at all, and warm-up and learning rate are spent on the others.

HOW IT IS DECIDED
    The first training loss is above `times` times the median first loss of the sweep, which takes at least `trials`
    trials; it is the highest of the run, and that far above the level the trial came down to. Or, with gradient norms
    of at least `layers` layers, the largest of them is above `ratio` times the smallest at the start of the run.

WHEN IT IS WRONG
    Losses on different scales in one sweep. Runs that go on from a checkpoint, beside runs that do not. Logs that begin
    late: a learning rate that is too high looks like a bad start when the first steps are missing. Layers whose
    gradients are small by design, such as normalisation gains.

WHAT TO TRY
    Scale the initial weights to the fan-in (He, Xavier); start biases of the last layer at the class rates; add
    normalisation or residual connections; warm up longer.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import finals, layers, learning_rates, look, ramp, whole
from hpi_core.detectors.verdict import Hit, mask, middle, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare first losses with the sweep's usual one, and the layers' first gradient norms with each other."""
    assert context.curves is not None
    hits = []
    for loss in context.curves.training[:1]:
        known = loss["first"].drop_nulls()
        usual = middle(known)
        if known.len() < thresholds["trials"] or not usual > 0:
            continue
        limit = thresholds["times"] * usual
        at_once = pl.col("worst_step") == pl.col("first_step")  # else the first steps made it so
        sick = at_once & (pl.col("first") > limit) & (pl.col("first") > thresholds["times"] * pl.col("best"))
        step = loss["first_step"]
        evidence = say(
            f"{loss.metric.name} began at ", loss["first"], " at step ", whole(step),
            f"; half of the trials: at most {usual:.3g}",
        )  # fmt: skip
        hits.append(look(loss, sick, evidence, "warn", value=loss["first"], threshold=limit, step=step))
    if len(context.curves.of_kind("gradient")) >= thresholds["layers"]:
        starts = layers(context, "first")
        assert starts is not None
        ratio = starts.largest / starts.smallest
        step = starts.each("first_step", starts.smallest_at)
        evidence = say(
            "at step ", whole(step), " the largest gradient norm of a layer, ", starts.named(starts.largest_at),
            ", was ", ratio, " times the smallest, ", starts.named(starts.smallest_at),
        )  # fmt: skip
        judged = mask(ratio > thresholds["ratio"], (starts.smallest > 0).fill_null(False))
        hits.append(Hit(judged, evidence, "warn", None, ratio, thresholds["ratio"], step))
    if not hits:
        raise NotAssessable("no training losses of enough trials, and no gradient norms of several layers")
    return verdicts(context, hits)


_LOSS = [ramp(2.3, 0.5 + 0.01 * i) for i in range(10)]
_HIGH = ramp(60.0, 0.6)
_LAYERS = {f"grad_norm/layer{n}": [ramp(1.0 + n / 4, 0.5) for _ in range(4)] for n in range(3)}
_UNEVEN = {**_LAYERS, "grad_norm/layer0": [*_LAYERS["grad_norm/layer0"][:3], ramp(1e-5, 1e-5)]}

DETECTOR = Detector(
    issue="poor_initialization",
    tag="INIT",
    title="Began from a bad starting point",
    severity="warn",
    needs=("curves",),
    thresholds=(
        Threshold("times", 5.0, "times the median first loss", "chosen here", "how high a start is too high"),
        Threshold("trials", 8, "trials", "chosen here", "the fewest first losses that make a median"),
        Threshold(
            "ratio",
            1e4,
            "largest / smallest norm",
            "chosen here (SageMaker Debugger: 10 of variances)",
            "how far the layers may lie apart",
        ),
        Threshold("layers", 3, "layers", "chosen here", "the fewest layers that are compared"),
    ),
    check=check,
    advice="Scale the initial weights to the fan-in, set the last layer's bias to the class rates, or warm up longer.",
    preempted_by=("nonfinite_metric", "exploded_metric", "diverged", "failed_run"),
    examples=(
        Example(
            {"lr": learning_rates(10), "train_loss": finals([*_LOSS[:9], _HIGH])},
            (9,),
            curves={"train_loss": [*_LOSS[:9], _HIGH]},
        ),
        Example({"lr": learning_rates(10), "train_loss": finals(_LOSS)}, (), curves={"train_loss": _LOSS}),
        Example(
            {"lr": learning_rates(4), "val_loss": finals(_LOSS[:4])}, (3,), curves={"val_loss": _LOSS[:4], **_UNEVEN}
        ),
        Example(
            {"lr": learning_rates(4), "val_loss": finals(_LOSS[:4])}, (), curves={"val_loss": _LOSS[:4], **_LAYERS}
        ),
    ),
    manual=__doc__,
)
