"""The gap between train and held-out metrics, per trial, in the unit its kind asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from hpi_core.detectors.context import Pair, finite
from hpi_core.detectors.verdict import mask

if TYPE_CHECKING:
    from hpi_core.detectors.context import Context


@dataclass(frozen=True)
class Gap:
    """One metric pair in numbers; null where either side is missing, not finite or not comparable.

    `size` is held-out / train for losses (both positive) and train - held-out in fractions for scores.
    """

    pair: Pair
    train: pl.Series
    held_out: pl.Series
    size: pl.Series


def gaps(context: Context) -> list[Gap]:
    """Return the gap of every metric pair, of trials that ran their full length."""
    return [_gap(context, pair) for pair in context.pairs]


def _gap(context: Context, pair: Pair) -> Gap:
    if pair.kind == "score":
        train, held_out = (context.fraction(metric) for metric in (pair.train, pair.held_out))
        return Gap(pair, train, held_out, mask(train - held_out, context.full_length))
    train, held_out = (finite(context.values(metric.name)) for metric in (pair.train, pair.held_out))
    comparable = context.full_length & (train > 0) & (held_out > 0)
    return Gap(pair, train, held_out, mask(held_out / train, comparable))
