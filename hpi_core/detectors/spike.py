"""The training loss jumped.

MEANING
    The training loss rose suddenly far above the points before it, and came down again or not.

WHY IT IS BAD
    A spike is the first sign of instability. One that does not recover has cost the run what it had learned.

HOW IT IS DECIDED
    A point lies above the median of the points before it (a tenth of the run, 8 to 100 points) by many times their
    scaled median absolute deviation, or 1 % of the median where that is more: `score` times, and by `jump` of the
    median, for a spike that comes down again; `lasting` times, and by `lasting_jump` of the median, for one that is
    not half-way down after 5 % of the run. A lasting spike is an error, any other a warning. The step is that of the
    first lasting spike, or of the highest.

WHEN IT IS WRONG
    A learning rate that restarts in cycles makes the loss jump on purpose. Batches of very different difficulty.

WHAT TO TRY
    Gradient clipping, a longer warm-up, a lower learning rate or beta2; restart about 100 steps before and skip the
    batches of the spike.
"""

from __future__ import annotations

import polars as pl

from hpi_core.curves.schedules import phase
from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import finals, learning_rates, look, of, ramp, whole
from hpi_core.detectors.verdict import choose, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Look for spikes in every training loss."""
    assert context.curves is not None
    hits = []
    for loss in context.curves.training:
        high = (pl.col("spike_score") > thresholds["score"]) & (pl.col("spike_jump") > thresholds["jump"])
        held = (pl.col("held_score") > thresholds["lasting"]) & (pl.col("held_jump") > thresholds["lasting_jump"])
        lasting = of(loss, held).fill_null(False)
        step = of(loss, pl.when(held).then("held_step").otherwise("spike_step"))
        score = of(loss, pl.when(held).then("held_score").when(high).then("spike_score"))
        jump = of(loss, pl.when(held).then("held_jump").when(high).then("spike_jump"))
        length = pl.col("spike_length")
        recovery = of(
            loss,
            pl.when(held).then(pl.lit("never came down again"))
            .when(length == 1).then(pl.lit("was half-way down 1 point later"))
            .when(length > 0).then(pl.format("was half-way down {} points later", length))
            .otherwise(pl.lit("was still up where the curve ends")),
        )  # fmt: skip
        evidence = say(
            f"{loss.metric.name} rose ", _rise(jump), " at step ", whole(step), " (", _figures(score),
            " times the usual spread)", _phase(context, step), " and ", recovery, "; spikes: ",
            loss["spikes"].cast(pl.String),
        )  # fmt: skip
        hits.append(
            look(
                loss, high | held, evidence, choose(lasting, "error", "warn"), least=thresholds["points"],
                value=score, threshold=thresholds["score"], step=step,
            )
        )  # fmt: skip
    return verdicts(context, hits)


def _phase(context: Context, steps: pl.Series) -> pl.Series:
    """Say where in its schedule the learning rate was, where there is a curve of it."""
    rates = context.curves.of_kind("learning rate") if context.curves is not None else ()
    nothing = pl.Series([""], dtype=pl.String).new_from_index(0, context.n)
    if not rates:
        return nothing
    said = phase(rates, steps)
    return (" " + said).fill_null("")


def _figures(values: pl.Series) -> pl.Series:
    """Write numbers with three figures, large ones as powers of ten."""
    return pl.Series([None if value is None else f"{value:.3g}" for value in values.to_list()], dtype=pl.String)


def _rise(jumps: pl.Series) -> pl.Series:
    """Say rises, as shares of the level before, in words."""
    said = [None if j is None else f"by {100 * j:.3g} %" if j < 10 else f"{j + 1:.3g}-fold" for j in jumps.to_list()]
    return pl.Series(said, dtype=pl.String)


_HEALTHY = [ramp(2.3, 0.5 + 0.02 * i, 60) for i in range(4)]
_BRIEF = [*_HEALTHY[0][:40], 3.0, *_HEALTHY[0][41:]]
_LASTING = [*_HEALTHY[1][:40], *(value + 1.0 for value in _HEALTHY[1][40:])]

DETECTOR = Detector(
    issue="spike",
    tag="SPIKE",
    title="The training loss jumped",
    severity="warn",
    needs=("loss curve",),
    thresholds=(
        Threshold("score", 8.0, "scaled median absolute deviations", "chosen here", "how far above the points before"),
        Threshold("lasting", 6.0, "scaled median absolute deviations", "chosen here", "the same for one that lasts"),
        Threshold("jump", 0.10, "share of the median", "chosen here", "and how far as a share of the loss"),
        Threshold("lasting_jump", 0.05, "share of the median", "chosen here", "the same for one that lasts"),
        Threshold("points", 20, "points", "chosen here", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Clip gradients, warm up longer or lower the learning rate; restart before the step named.",
    preempted_by=("nonfinite_metric", "exploded_metric", "diverged"),
    examples=(
        Example(
            {"lr": learning_rates(5), "train_loss": finals([*_HEALTHY, _BRIEF])},
            (4,),
            severity="warn",
            curves={"train_loss": [*_HEALTHY, _BRIEF]},
        ),
        Example(
            {"lr": learning_rates(5), "train_loss": finals([*_HEALTHY, _LASTING])},
            (4,),
            severity="error",
            curves={"train_loss": [*_HEALTHY, _LASTING]},
        ),
        Example({"lr": learning_rates(4), "train_loss": finals(_HEALTHY)}, (), curves={"train_loss": _HEALTHY}),
    ),
    manual=__doc__,
)
