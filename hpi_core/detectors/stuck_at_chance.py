"""The model learned nothing.

MEANING
    The final loss is that of guessing (ln C for C classes), or the accuracy that of guessing (1/C), or one accuracy far
    below the best is shared to the digit by many trials (the same class predicted for everything).

WHY IT IS BAD
    The trial says nothing about its configuration except that it does not train; it is a failure in disguise.

HOW IT IS DECIDED
    A value within `near` of chance, for the C that a column names, or for C in 2 to 10, 20, 100, 1000 where at least
    `pile` of the trials stand there, several times more densely than right beside it. Either the best tenth of the
    trials must be clearly better than chance, or loss and accuracy must agree on C: else it may be an honest result.

WHEN IT IS WRONG
    A loss that is no cross-entropy can pile up near ln C for other reasons. Hard tasks end near chance honestly.

WHAT TO TRY
    A different learning rate (both directions), warm-up, another initialisation; check that labels match inputs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from hpi_core.curves.crossings import crossings
from hpi_core.detectors.context import Context, finite, is_score, words_of
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import of, whole
from hpi_core.detectors.verdict import Hit, mask, say, verdicts
from hpi_core.roles import Metric

if TYPE_CHECKING:
    from hpi_core.curves.measured import Measured

_CLASSES = (*range(2, 11), 20, 100, 1000)
_NOT_ENTROPY = frozenset(["mse", "rmse", "mae", "mape", "huber", "l1", "l2", "smape", "hinge", "ctc"])
_DENSER = 3.0
_LEAST = 3
# A curve is at chance where it is this close to it, as a share of that.
_AT = 0.02


@dataclass(frozen=True)
class _Chance:
    value: float
    tolerance: float
    classes: int


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Look at the held-out losses and accuracies, at those of train where there are none."""
    known = _known_classes(context)
    chosen = [m for m in context.final_metrics if m.split != "train"] or list(context.final_metrics)
    losses = [m for m in chosen if m.quantity == "loss" and m.direction == "min" and _entropy(m)]
    scores = [m for m in chosen if m.quantity == "accuracy" and is_score(m) and "top5" not in words_of(m.name)]
    if not losses and not scores:
        raise NotAssessable("no cross-entropy and no accuracy")
    hits = []
    for metric in losses:
        values = mask(finite(context.values(metric.name)), context.full_length)
        levels = [_Chance(math.log(c), thresholds["near"] * math.log(c), c) for c in known or _CLASSES]
        hits.append(_look(metric, values, levels, bool(known), thresholds, lower_is_better=True))
    for metric in scores:
        values = mask(context.fraction(metric), context.full_length)
        levels = [_Chance(1 / c, min(thresholds["near"], 0.1 / c), c) for c in known or _CLASSES]
        hits.append(_look(metric, values, levels, bool(known), thresholds, lower_is_better=False))
        hits.append(_same_class(metric, values, thresholds))
    return verdicts(context, [_with_history(context, hit) for hit in hits])


def _with_history(context: Context, hit: Hit) -> Hit:
    """Say, where there is a curve, whether the trial never learned or lost again what it had learned."""
    curve = context.curves.like(hit.metric) if context.curves is not None and hit.metric is not None else None
    if curve is None or not hit.evidence:
        return hit
    level = pl.col("first").abs()
    still = pl.col("worst") - pl.col("best") < 0.02 * level
    fell = pl.col("last") - pl.col("best") > 0.1 * level
    back = _since(context, hit, curve, of(curve, fell & ~still))
    frame = curve.frame.with_columns(back.alias("back"))
    since = frame.select(
        pl.when(still).then("first_step").when(fell).then(pl.coalesce("back", "best_step")).otherwise("settled_step")
    ).to_series()
    told = of(
        curve,
        pl.when(still).then(pl.lit("; it never learned: its curve hardly moved from step "))
        .when(fell).then(pl.lit("; it had been better: collapsed at step "))
        .otherwise(pl.lit("; it came no further from step ")),
    )  # fmt: skip
    on = of(curve, pl.when(fell & ~still).then(pl.lit("")).otherwise(pl.lit(" on")))
    known = since.is_not_null()
    said = [mask(part, known).fill_null("") for part in (told, whole(since), on)]
    return replace(hit, evidence=[*hit.evidence, *said], step=since)


def _since(context: Context, hit: Hit, curve: Measured, fell: pl.Series) -> pl.Series:
    """Return the step from which on the curves that had been better stayed at chance."""
    assert context.curves is not None
    high = curve.metric.direction == "max"
    metric = next((metric for metric in context.metrics if metric.name == hit.metric), None)
    unit = context.full_scale(metric) if metric is not None and high else 1.0
    level = float(hit.threshold) if isinstance(hit.threshold, float | int) else math.nan
    limit = level * unit * (1 + _AT if high else 1 - _AT)
    return crossings(context.curves.points(curve), curve, hit.sick & fell, limit, below=high).since


def _look(
    metric: Metric,
    values: pl.Series,
    levels: list[_Chance],
    sure: bool,
    thresholds: Thresholds,
    *,
    lower_is_better: bool,
) -> Hit:
    present = values.drop_nulls().sort().to_numpy()
    best = float(np.quantile(present, 0.1 if lower_is_better else 0.9)) if present.size else None
    piles = [(_count(present, level.value, level.tolerance), level) for level in levels]
    count, level = max(piles, key=lambda item: item[0])
    least = 1 if sure else max(_LEAST, thresholds["pile"] * present.size)
    stuck = count >= least and best is not None and (sure or _stands_out(present, count, level))
    if stuck and not sure and best is not None:
        stuck = best < 0.9 * level.value if lower_is_better else best > 1.25 * level.value
    at = ((values - level.value).abs() <= level.tolerance) if stuck else (values.is_null() & False)
    word = "ln" if lower_is_better else "1 in"
    evidence = say(
        f"{metric.name} is ",
        values,
        f", that of guessing among {level.classes} classes ({word} {level.classes})",
    )
    return Hit(mask(at, values.is_not_null()), evidence, "error", metric.name, values, level.value)


def _same_class(metric: Metric, values: pl.Series, thresholds: Thresholds) -> Hit:
    """Find one accuracy, far below the best, that many trials share to six digits while others differ."""
    present = values.drop_nulls().round_sig_figs(6).alias("value")
    healthy = mask(values.is_null() & False, values.is_not_null())
    if present.n_unique() > (1 - thresholds["pile"]) * present.len() + 1:
        return Hit(healthy, [], "error")  # no value can be shared by that many
    counts = present.value_counts(name="count").sort("count", "value", descending=True)
    if not counts.height or counts.height < 0.3 * present.len():
        return Hit(healthy, [], "error")
    shared, count = float(counts.item(0, 0)), int(counts.item(0, 1))
    best = present.quantile(0.9)
    if count < max(_LEAST, thresholds["pile"] * present.len()) or best is None or shared > 0.8 * best:
        return Hit(healthy, [], "error")
    evidence = say(f"{metric.name} is {shared:.4g} in {count} trials alike: the same class predicted for everything")
    return Hit((values - shared).abs() <= 1e-6 * shared, evidence, "error", metric.name, values, shared)


def _count(ordered: npt.NDArray[np.float64], centre: float, tolerance: float) -> int:
    low, high = np.searchsorted(ordered, [centre - tolerance, centre + tolerance], side="right")
    return int(high - low)


def _stands_out(values: npt.NDArray[np.float64], count: int, level: _Chance) -> bool:
    """Say whether the pile is denser than both sides of it together, by width."""
    beside = (_count(values, level.value, 3 * level.tolerance) - count) / 2
    return count >= _DENSER * beside


def _entropy(metric: Metric) -> bool:
    return not _NOT_ENTROPY & set(words_of(metric.name))


def _known_classes(context: Context) -> list[int]:
    for name in context.numeric_columns:
        if "_".join(words_of(name)) in ("num_classes", "n_classes", "nclasses", "classes", "num_labels", "n_labels"):
            values = context.trials.get_column(name).drop_nulls().unique().cast(pl.Float64)
            return sorted(int(value) for value in values if math.isfinite(value) and value >= 2)[:8]
    return []


_LR = [0.01 * i for i in range(1, 21)]
_LOSS = [0.4 + 0.02 * i for i in range(16)]

_FLAT = [[2.3026] * 8] * 4

DETECTOR = Detector(
    issue="stuck_at_chance",
    tag="CHANCE",
    title="Learned nothing: stuck at chance",
    severity="error",
    needs=("metrics",),
    thresholds=(
        Threshold("near", 0.005, "share of ln C; fraction for accuracy", "chosen here", "how close to chance"),
        Threshold("pile", 0.05, "share of trials", "chosen here", "how many must be there where C is not known"),
    ),
    check=check,
    advice="Try learning rates in both directions, warm-up, another initialisation; check the labels.",
    preempted_by=("nonfinite_metric", "exploded_metric", "failed_run", "out_of_memory", "timeout"),
    examples=(
        Example({"lr": _LR, "val_loss": [*_LOSS, 2.3026, 2.3030, 2.3027, 2.3021]}, (16, 17, 18, 19)),
        Example({"lr": _LR, "val_acc": [1 - x for x in _LOSS] + [0.1, 0.1002, 0.0999, 0.1]}, (16, 17, 18, 19)),
        Example({"lr": _LR, "val_mse": [*_LOSS, 2.3026, 2.3030, 2.3027, 2.3021]}, ()),
        Example({"lr": _LR, "val_loss": [0.690 + 0.0004 * i for i in range(20)]}, ()),
        Example({"lr": [0.1, 0.2], "num_classes": [4, 4], "val_loss": [0.9, 1.3863]}, (1,)),
        Example(
            {"lr": _LR, "val_loss": [*_LOSS, 2.3026, 2.3030, 2.3027, 2.3021]},
            (16, 17, 18, 19),
            curves={"val_loss": [*([2.3, 1.0, value] for value in _LOSS), *_FLAT]},
        ),
    ),
    manual=__doc__,
)
