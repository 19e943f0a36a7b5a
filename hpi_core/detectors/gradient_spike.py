"""The gradients jumped.

MEANING
    At some step the norm of the gradients was many times what it had been just before.

WHY IT IS BAD
    One such step can undo thousands of others; it often comes just before a spike of the loss.

HOW IT IS DECIDED
    A point lies above the median of the points before it (a tenth of the run, 8 to 100 points) by more than `score`
    times their scaled median absolute deviation, and is more than `times` that median. The step is that of the
    highest.

WHEN IT IS WRONG
    Where gradients are clipped at a level below the jump, the weights never saw it.

WHAT TO TRY
    Gradient clipping, a longer warm-up, a lower learning rate; look at the batches of that step.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import finals, learning_rates, look, of, ramp, whole
from hpi_core.detectors.verdict import say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Look for spikes in every curve of gradient norms."""
    assert context.curves is not None
    hits = []
    for gradient in context.curves.of_kind("gradient"):
        times = of(gradient, pl.col("spike_jump") + 1)
        sick = (pl.col("spike_jump") + 1 > thresholds["times"]) & (pl.col("spike_score") > thresholds["score"])
        evidence = say(
            f"{gradient.metric.name} was ", times, " times what it had been, at step ", whole(gradient["spike_step"])
        )
        hits.append(
            look(
                gradient, sick, evidence, "warn", least=thresholds["points"], value=times,
                threshold=thresholds["times"], step=gradient["spike_step"],
            )
        )  # fmt: skip
    return verdicts(context, hits)


_LOSS = [ramp(2.3, 0.5, 60) for _ in range(4)]
_NORM = [ramp(3.0, 1.0, 60) for _ in range(4)]
_JUMP = [*_NORM[0][:40], 25.0, *_NORM[0][41:]]

DETECTOR = Detector(
    issue="gradient_spike",
    tag="G-SPK",
    title="The gradients jumped",
    severity="warn",
    needs=("gradient curve",),
    thresholds=(
        Threshold("score", 6.0, "scaled median absolute deviations", "chosen here", "how far above the points before"),
        Threshold("times", 10.0, "times the median before", "chosen here", "and how many times as large"),
        Threshold("points", 20, "points", "chosen here", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Clip gradients, warm up longer or lower the learning rate; look at the batches of the step named.",
    examples=(
        Example(
            {"lr": learning_rates(4), "val_loss": finals(_LOSS)},
            (3,),
            curves={"val_loss": _LOSS, "grad_norm": [*_NORM[:3], _JUMP]},
        ),
        Example(
            {"lr": learning_rates(4), "val_loss": finals(_LOSS)}, (), curves={"val_loss": _LOSS, "grad_norm": _NORM}
        ),
    ),
    manual=__doc__,
)
