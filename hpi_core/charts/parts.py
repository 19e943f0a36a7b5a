"""Parts: one hyperparameter cut into a few ranges of about equal mass, or values, for a table of two of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from hpi_core.charts.claimed import numbers_of
from hpi_core.numerals import cell

if TYPE_CHECKING:
    from hpi_core.sweep import Sweep

Codes = np.ndarray[Any, np.dtype[np.int64]]
MOST_LEVELS = 7


@dataclass(frozen=True)
class Part:
    """A range (low, high] whose values lie between `least` and `most`, or some values, or trials without one.

    An open end is None. `values` are those of the source; with `others` the part is all values but these, so many.
    """

    low: float | None = None
    high: float | None = None
    least: float | None = None
    most: float | None = None
    values: tuple[object, ...] = ()
    missing: bool = False
    others: int = 0

    def condition(self, name: str) -> str:
        """Return the part as a filter."""
        from hpi_core.filter import condition

        missing = condition(name, missing=True)
        if self.missing:
            return missing
        if self.others:
            return f"not ({condition(name, values=self.values)}) and not {missing}"
        return condition(name, values=self.values) if self.values else condition(name, self.low, self.high)


@dataclass(frozen=True, eq=False)
class Parted:
    """A hyperparameter in parts: the part of every trial as int64, and what the parts hold."""

    name: str
    codes: Codes
    parts: tuple[Part, ...]
    log: bool


def parted(sweep: Sweep, name: str, most: int, ends: Sequence[float] = ()) -> Parted:
    """Cut a hyperparameter into at most `most` parts, ranges cut at `ends` as well; those without a value are last."""
    role = next((item for item in sweep.roles.hyperparameters if item.name == name), None)
    column = sweep.trials[name]
    words = role is None or role.kind == "categorical" or not (column.dtype.is_numeric() or column.dtype == pl.Boolean)
    log = role is not None and role.scale == "log"
    if words or column.dtype == pl.Boolean:
        codes, parts = _levels(column)
    else:
        codes, parts = _ranges(numbers_of(column), most, ends)
    return Parted(name, codes, tuple(parts), log)


def _ranges(
    numbers: np.ndarray[Any, np.dtype[np.float64]], most: int, ends: Sequence[float]
) -> tuple[Codes, list[Part]]:
    known = ~np.isnan(numbers)
    inside = numbers[known]
    codes = np.full(len(numbers), -1, dtype=np.int64)
    parts: list[Part] = []
    if len(inside):
        cuts = _cuts(inside, most, ends)
        place = np.searchsorted(cuts, inside, side="left")
        used, place = np.unique(place, return_inverse=True)
        codes[known] = place
        bounds = [None, *cuts.tolist(), None]
        for at, part in enumerate(used.tolist()):
            held = inside[place == at]
            parts.append(Part(bounds[part], bounds[part + 1], float(held.min()), float(held.max())))
    if not known.all():
        codes[~known] = len(parts)
        parts.append(Part(missing=True))
    return codes, parts


def _cuts(inside: np.ndarray[Any, np.dtype[np.float64]], most: int, ends: Sequence[float]) -> np.ndarray[Any, Any]:
    """Return upper ends of the ranges but the last: between few values all of them, else quantiles.

    A quantile that lies near one of the given ends gives way to it.
    """
    low, high = float(inside.min()), float(inside.max())
    sample = inside if len(inside) <= 20_000 else inside[:: len(inside) // 20_000 + 1]
    distinct = np.unique(sample)
    given = [x for x in ends if low <= x < high]
    if len(distinct) <= max(most, MOST_LEVELS) and len(distinct) == len(np.unique(inside)):
        return np.asarray(distinct[:-1])
    shares = np.arange(1, most) / most
    quantiles = np.quantile(sample, shares, method="lower")
    kept = [
        x for x, share in zip(quantiles.tolist(), shares.tolist(), strict=True)
        if low <= x < high and all(abs(float((sample <= end).mean()) - share) > 0.6 / most for end in given)
    ]  # fmt: skip
    return np.unique(np.array([*kept, *given], dtype=np.float64))


def _levels(column: pl.Series) -> tuple[Codes, list[Part]]:
    """Return a part per frequent value, the less frequent ones together."""
    if column.dtype.is_nested():
        column = pl.Series(column.name, [None if x is None else cell(x) for x in column.to_list()], dtype=pl.String)
    if column.dtype.is_float():
        column = column.fill_nan(None)
    values = column.drop_nulls().value_counts(sort=True)[column.name].to_list()
    kept = sorted(values if len(values) <= MOST_LEVELS + 1 else values[:MOST_LEVELS], key=_in_order)
    parts = [Part(values=(value,)) for value in kept]
    others = values[len(kept) :] if len(values) > len(kept) else []
    place = {value: at for at, value in enumerate(kept)} | dict.fromkeys(others, len(kept))
    if others:
        parts.append(Part(values=tuple(kept), others=len(others)))
    codes = column.replace_strict(place, default=len(parts), return_dtype=pl.Int64).fill_null(len(parts)).to_numpy()
    if column.null_count():
        parts.append(Part(missing=True))
    return np.asarray(codes, dtype=np.int64), parts


def _in_order(value: object) -> tuple[int, float, str]:
    if isinstance(value, int | float) and math.isfinite(value):
        return 0, float(value), ""
    return 1, 0.0, str(value)
