"""The rules of other tools on curves, as they specify them, measured beside ours: context -> Boolean series."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from hpi_core.curves.measured import Measured
from hpi_core.detectors.context import Context
from tests.core.curves.flag_rates import Rule

Floats = npt.NDArray[np.float64]


def _curves(context: Context, measured: Measured) -> list[Floats | None]:
    assert context.sweep.curves is not None
    points = context.sweep.curves.filter(pl.col("metric") == measured.metric.name).sort("_row", "step").collect()
    found: dict[int, Floats] = {}
    for (row,), part in points.group_by("_row", maintain_order=True):
        values = part["value"].to_numpy()
        found[int(str(row))] = values[np.isfinite(values)]
    return [found.get(row) for row in range(context.n)]


def _each(chosen: str, judge: Callable[[Floats], bool], least: int) -> Rule:
    def rule(context: Context) -> pl.Series | None:
        assert context.curves is not None
        measured = context.curves.training if chosen == "train" else context.curves.held_out
        if not measured:
            return None
        curves = _curves(context, measured[0])
        flags = [None if c is None or c.size < least else bool(judge(c)) for c in curves]
        return pl.Series(flags, dtype=pl.Boolean)

    return rule


def _pairs(judge: Callable[[Floats, Floats], bool]) -> Rule:
    def rule(context: Context) -> pl.Series | None:
        assert context.curves is not None
        if not context.curves.pairs:
            return None
        train, held_out = (_curves(context, measured) for measured in context.curves.pairs[0])
        flags = [
            None if t is None or v is None or min(t.size, v.size) < 5 else bool(judge(t, v))
            for t, v in zip(train, held_out, strict=True)
        ]
        return pl.Series(flags, dtype=pl.Boolean)

    return rule


def _not_decreasing(values: Floats) -> bool:
    """SageMaker LossNotDecreasing: every num_steps = 10 the loss must fall by diff_percent = 0.1 %."""
    seen = values[::10]
    with np.errstate(all="ignore"):
        return bool((seen[1:] > seen[:-1] * (1 - 0.001)).any())


def _overtraining(values: Floats) -> bool:
    """SageMaker Overtraining: no improvement by delta = 0.01 for patience = 10 evaluations."""
    best, waited = values[0], 0
    for value in values[1:]:
        best, waited = (value, 0) if value < best - 0.01 else (best, waited + 1)
        if waited > 10:
            return True
    return False


def _large_jump(values: Floats) -> bool:
    """A mean of seven standard deviations of the points before, as counted in spike scores of language models."""
    for at in range(10, values.size):
        before = values[max(0, at - 1000) : at]
        if values[at] > before.mean() + 7 * before.std():
            return True
    return False


def _ema_score(values: Floats) -> bool:
    """ZClip: z above 2.5 of exponential means with alpha 0.97 after 25 steps (a clipping rule, not a detector)."""
    mean, variance = values[:25].mean(), values[:25].var()
    for value in values[25:]:
        if value - mean > 2.5 * np.sqrt(variance) > 0:
            return True
        mean = 0.97 * mean + 0.03 * value
        variance = 0.97 * variance + 0.03 * (value - mean) ** 2
    return False


def _oscillating(values: Floats) -> bool:
    """AutoTrainer: swings of zeta = 0.03 of the range at eta = 0.2 of the points."""
    turns = [
        values[i] for i in range(1, values.size - 1) if (values[i] - values[i - 1]) * (values[i + 1] - values[i]) < 0
    ]
    steps = np.abs(np.diff(turns)) if len(turns) > 1 else np.empty(0)
    return bool((steps >= 0.03 * np.ptp(values)).sum() >= 0.2 * values.size)


def _overfit(train: Floats, held_out: Floats) -> bool:
    """SageMaker Overfit: (validation - train) / train above 0.1 at one evaluation."""
    n = min(train.size, held_out.size)
    with np.errstate(all="ignore"):
        return bool(((held_out[:n] - train[:n]) / np.abs(train[:n]) > 0.1).any())


def _umlaut_overfit(train: Floats, held_out: Floats) -> bool:
    """UMLAUT: the validation loss rises from one epoch to the next while the training loss falls."""
    n = min(train.size, held_out.size)
    return bool(((np.diff(held_out[:n]) > 0) & (np.diff(train[:n]) < 0)).any())


VENDOR_RULES: dict[str, Rule] = {
    "~ SageMaker LossNotDecreasing(10, 0.1 %)": _each("train", _not_decreasing, 11),
    "~ SageMaker Overtraining(10, 0.01)": _each("held out", _overtraining, 12),
    "~ SageMaker Overfit(0.1)": _pairs(_overfit),
    "~ UMLAUT overfitting": _pairs(_umlaut_overfit),
    "~ 7 SD of the last 1000 points": _each("train", _large_jump, 20),
    "~ ZClip z > 2.5, on the loss": _each("train", _ema_score, 30),
    "~ AutoTrainer oscillating(.03, .2)": _each("held out", _oscillating, 10),
    "~ AutoTrainer large loss 1e3": _each("train", lambda values: bool((values > 1e3).any()), 1),
}
