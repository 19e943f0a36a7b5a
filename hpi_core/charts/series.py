"""One curve as arrays, and what is made of it: extremes per screen column, gaps, a readout, a smoother one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hpi_core.charts.axes import Floats

Booleans = np.ndarray[Any, np.dtype[np.bool_]]
Integers = np.ndarray[Any, np.dtype[np.int64]]
Part = Literal["trial", "best", "median", "overlay"]
Severity = Literal["error", "warn", "none"]


@dataclass(frozen=True, eq=False)
class Curve:
    """One series, whole: `x` ascending, `values` with nan and infinities in their places.

    `best` tells the best healthy trial, which has the part `trial` where it is the one under the cursor.
    """

    part: Part
    name: str
    x: Floats
    values: Floats
    row: int | None = None
    severity: Severity = "none"
    best: bool = False

    @property
    def finite(self) -> bool:
        """Whether there is any finite value."""
        return bool(np.isfinite(self.values).any())


@dataclass(frozen=True)
class Bad:
    """A stretch of non-finite values: where it begins, its first value in words, how many, whether the curve ends."""

    x: float
    word: str
    count: int
    last: bool


def downsample(x: Floats, values: Floats, low: float, high: float, columns: int) -> tuple[Floats, Floats, Booleans]:
    """Reduce one curve to the extremes of every screen column.

    Returns x, value and whether a point is joined to the one before it; only finite points, at most two per column and
    finite stretch, in their order. A curve is cut where values are not finite. One neighbour on either side of the
    range is kept, so that lines enter and leave the picture.
    """
    first = max(0, int(np.searchsorted(x, low, "left")) - 1)
    stop = min(len(x), int(np.searchsorted(x, high, "right")) + 1)
    x, values = x[first:stop], values[first:stop]
    finite = np.isfinite(values)
    stretch = np.cumsum(np.concatenate([[False], ~finite[:-1]]))[finite] if len(x) else np.empty(0, dtype=np.int64)
    x, values = x[finite], values[finite]
    if not x.size:
        return x, values, np.empty(0, dtype=bool)
    if x.size > 2 * columns:
        width = (high - low) / max(1, columns) or 1.0
        column = np.clip(np.floor((x - low) / width), -1, columns)
        starts = np.flatnonzero(np.concatenate([[True], (np.diff(column) != 0) | (np.diff(stretch) != 0)]))
        sizes = np.diff(np.append(starts, x.size))
        lowest = values == np.repeat(np.minimum.reduceat(values, starts), sizes)
        highest = values == np.repeat(np.maximum.reduceat(values, starts), sizes)
        last_highest = x.size - 1 - _first_of_each(highest[::-1], _ends(starts, x.size))
        kept = np.union1d(_first_of_each(lowest, starts), last_highest)
        x, values, stretch = x[kept], values[kept], stretch[kept]
    return x, values, np.concatenate([[False], np.diff(stretch) == 0])


def _first_of_each(chosen: Booleans, starts: Integers) -> Integers:
    """Return the first chosen index of every part, in each of which one at least is chosen."""
    at = np.flatnonzero(chosen)
    return at[np.searchsorted(at, starts)]


def _ends(starts: Integers, size: int) -> Integers:
    """Return where the parts begin when the points are turned round."""
    return size - np.append(starts[1:], size)[::-1]


def bad_stretches(curve: Curve) -> list[Bad]:
    """Return where values of a curve stop being finite."""
    bad = ~np.isfinite(curve.values)
    if not bad.any():
        return []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]])))
    out = []
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        value = curve.values[start]
        word = "nan" if value != value else ("+inf" if value > 0 else "-inf")
        out.append(Bad(float(curve.x[start]), word, stop - start, stop == len(bad)))
    return out


def ended_at(curve: Curve, x: float) -> float | None:
    """Return where a curve ended, if that was before `x`; None where it still runs there, or has no point."""
    return float(curve.x[-1]) if curve.x.size and x > curve.x[-1] else None


def read_out(curve: Curve, x: float) -> tuple[float, float] | None:
    """Return x and value of the last point at or before `x` (the first where there is none); None without points."""
    if not curve.x.size:
        return None
    at = max(0, int(np.searchsorted(curve.x, x, "right")) - 1)
    return float(curve.x[at]), float(curve.values[at])


def smooth(values: Floats, points: int) -> Floats:
    """Return a centred rolling mean over each finite stretch, narrower at its ends; what is not finite stays."""
    if points <= 1 or values.size < 3:
        return values
    finite = np.isfinite(values)
    padded = np.where(finite, values, 0.0)
    stretch = np.cumsum(~finite)
    out = values.copy()
    for number in np.unique(stretch[finite]):
        where = np.flatnonzero(finite & (stretch == number))
        kernel = np.ones(min(points, where.size))
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.convolve(padded[where], kernel, "same")[: where.size]
            mean = total / np.convolve(np.ones(where.size), kernel, "same")[: where.size]
        out[where] = np.where(np.isfinite(mean), mean, values[where])
    return out
