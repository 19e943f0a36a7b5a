"""The rules of other tools as far as final metrics allow, measured beside ours: context -> Boolean series."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from hpi_core.detectors.context import Context, finite, is_loss, is_score
from hpi_core.detectors.generalisation import gaps
from hpi_core.detectors.short_run import progress


def _any(context: Context, series: list[pl.Series]) -> pl.Series | None:
    if not series:
        return None
    total = pl.repeat(False, context.n, eager=True)
    for one in series:
        total = total | one.fill_null(False)
    return total


def _loss_gap(ratio: float) -> Callable[[Context], pl.Series | None]:
    return lambda context: _any(context, [gap.size > ratio for gap in gaps(context) if gap.pair.kind == "loss"])


def _umlaut_overfit(context: Context) -> pl.Series | None:
    return _any(context, [gap.size > 1.0 for gap in gaps(context) if gap.pair.kind == "loss"])


def _umlaut_too_good(context: Context) -> pl.Series | None:
    scores = [m for m in context.final_metrics if m.quantity == "accuracy" and m.split != "train" and is_score(m)]
    return _any(context, [context.fraction(metric) > 0.95 for metric in scores])


def _autotrainer_gap(context: Context) -> pl.Series | None:
    looks = [
        ((gap.train > 0.9) & (gap.size > 0.07)) | ((gap.train <= 0.9) & (gap.size > 0.10))
        for gap in gaps(context)
        if gap.pair.kind == "score"
    ]
    return _any(context, looks)


def _autotrainer_large(context: Context) -> pl.Series | None:
    losses = [m for m in context.final_metrics if is_loss(m)]
    return _any(context, [finite(context.values(metric.name)) > 1e3 for metric in losses])


def _short_decile(context: Context) -> pl.Series | None:
    length = progress(context)
    return None if length is None else length <= length.quantile(0.1, "linear")


VENDOR_RULES: dict[str, Callable[[Context], pl.Series | None]] = {
    "SageMaker Overfit (v-t)/t > 0.1": _loss_gap(1.1),
    "ratio v/t >= 1.5": _loss_gap(1.5),
    "UMLAUT overfitting (v > t at the end)": _umlaut_overfit,
    "UMLAUT val_acc > 0.95": _umlaut_too_good,
    "AutoTrainer test_not_well .10/.07": _autotrainer_gap,
    "AutoTrainer check_large_loss 1e3": _autotrainer_large,
    "short run: length <= 10 % quantile": _short_decile,
}
