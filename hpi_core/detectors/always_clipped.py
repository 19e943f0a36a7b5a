"""Gradients are clipped at nearly every step.

MEANING
    The norm of the gradients lies above the level at which they are clipped almost always.

WHY IT IS BAD
    Then only their direction counts: the clipping level and the learning rate are one setting, tuned twice.

HOW IT IS DECIDED
    A column of the trials names the clipping level (`clip_norm`, `max_grad_norm`, …). The share of points of the
    gradient norm above it is more than `share`.

WHEN IT IS WRONG
    Norms that were logged after clipping never exceed it, and are not found.

WHAT TO TRY
    A higher clipping level, or a learning rate scaled with it.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context, words_of
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import finals, learning_rates, ramp, whole
from hpi_core.detectors.verdict import Hit, mask, say, verdicts
from hpi_core.frames import ROW

_NOT_LEVELS = frozenset(["range", "coef", "mode", "type", "by", "fn", "logits", "reward"])


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare every point of the gradient norms with the clipping level of its trial."""
    assert context.curves is not None
    column = _level(context)
    if column is None:
        raise NotAssessable("no column of a clipping level")
    level = context.trials.get_column(column).cast(pl.Float64)
    level = mask(level, (level > 0) & level.is_finite())
    assert context.sweep.curves is not None
    hits = []
    for gradient in context.curves.of_kind("gradient"):
        trials = pl.LazyFrame([context.rows, level.alias("level")]).drop_nulls()
        shares = (
            context.sweep.curves.filter(pl.col("metric") == gradient.metric.name)
            .join(trials, on=ROW)
            .group_by(ROW)
            .agg(
                (pl.col("value") > pl.col("level")).mean().alias("share"),
                pl.col("step").filter(pl.col("value") > pl.col("level")).min().alias("step"),
            )
            .collect()
        )
        found = context.trials.select(ROW).join(shares, on=ROW, how="left", maintain_order="left")
        share, step = found["share"], found["step"]
        percent = share * 100
        evidence = say(
            f"{gradient.metric.name} was above {column} (", level, ") at ", percent, " % of the points, first at step ",
            whole(step),
        )  # fmt: skip
        most = thresholds["share"]
        hits.append(Hit(share > most, evidence, "info", gradient.metric.name, share, most, step))
    return verdicts(context, hits)


def _level(context: Context) -> str | None:
    for name in context.numeric_columns:
        said = set(words_of(name))
        if said & {"clip", "clipping", "clipped"} and not said & _NOT_LEVELS:
            return name
        if said >= {"max", "grad", "norm"} or said >= {"max", "gradient", "norm"}:
            return name
    return None


_LOSS = [ramp(2.3, 0.5) for _ in range(4)]
_NORM = [ramp(3.0, 1.0) for _ in range(4)]

DETECTOR = Detector(
    issue="always_clipped",
    tag="G-CLIP",
    title="Gradients are clipped nearly always",
    severity="info",
    needs=("gradient curve",),
    thresholds=(Threshold("share", 0.9, "share of points", "chosen here", "above the clipping level"),),
    check=check,
    advice="Raise the clipping level, or tune it together with the learning rate.",
    self_calibrated=False,
    examples=(
        Example(
            {"lr": learning_rates(4), "clip_norm": [5.0, 5.0, 5.0, 0.5], "val_loss": finals(_LOSS)},
            (3,),
            curves={"val_loss": _LOSS, "grad_norm": _NORM},
        ),
        Example(
            {"lr": learning_rates(4), "clip_norm": [5.0, 5.0, 5.0, 4.0], "val_loss": finals(_LOSS)},
            (),
            curves={"val_loss": _LOSS, "grad_norm": _NORM},
        ),
    ),
    manual=__doc__,
)
