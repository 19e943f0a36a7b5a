"""Ranges and ticks of an axis: numbers a person would have chosen, robust against values that explode.

A linear axis holds the values themselves, a log axis their decimal logarithm; `Axis.place` turns a value into its
position, so that whoever draws needs not know which.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LARGEST = 1e300
_FENCE = 4.0
_WARM_UP = 0.1
CLIPPED = (1, 99)
OUTER = (5, 95)
_IN_SIGHT = 0.1


@dataclass(frozen=True)
class Axis:
    """A range with its ticks; `low` and `high` are positions (logarithms where `log`), `ticks` position and label."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    def place(self, values: Floats) -> Floats:
        """Return where values stand between the ends, 0 to 1 inside the range; nan where they have no place."""
        position = positions(values, self.log)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray((position - self.low) / (self.high - self.low), dtype=np.float64)


def positions(values: Floats, log: bool) -> Floats:
    """Return values, or their decimal logarithms; nan for what is not finite, or not positive on a log axis."""
    with np.errstate(all="ignore"):
        out = np.log10(values) if log else np.clip(values, -LARGEST, LARGEST)
    out = np.asarray(out, dtype=np.float64)
    return np.where(np.isfinite(values) & np.isfinite(out), out, np.nan)


def value_axis(
    reference: Sequence[tuple[Floats, Floats]],
    own: Sequence[tuple[Floats, Floats]],
    low: float,
    high: float,
    *,
    log: bool,
    most_ticks: int,
    clip: bool = False,
    subject: Sequence[tuple[Floats, Floats]] = (),
) -> Axis:
    """Choose the y range of curves, each given as x and value, shown between x `low` and `high`.

    The first tenth of the x range does not count, so that the drop at the start does not take the height. The curves
    of `reference` are held wholly, those of `own` up to the highest of some percentiles (100, 98, 90, 75, 50) at most
    four times the span of the reference beyond it: what explodes leaves the picture and does not flatten it. A curve
    of `subject`, those of `own` that the picture is about, is never out of sight: where fewer than a tenth of its
    points would be inside, the range goes on to its 5th and 95th percentile.

    With `clip` the range is that from the 1st to the 99th percentile of all values shown, the start among them.
    """
    if clip:
        everything = [
            placed[np.isfinite(placed) & (x >= low) & (x <= high)]
            for x, values in (*reference, *own)
            for placed in (positions(values, log),)
        ]
        shown = np.concatenate(everything) if everything else np.empty(0)
        if shown.size:
            bottom, top = (float(v) for v in np.percentile(shown, CLIPPED))
            return _padded(bottom, top, log, most_ticks)
    start = low + _WARM_UP * (high - low)
    held = _pooled(reference, start, high, log)
    mine = _pooled(own, start, high, log)
    if not held.size and not mine.size:
        return Axis(0.0, 1.0, (), log)
    if not held.size:
        least, quarter, middle, upper, most = np.percentile(mine, [10, 25, 50, 75, 90])
        bottom, top, span = middle, middle, min(max(2 * (upper - quarter), most - least), 20 * (upper - quarter))
    else:
        bottom, top = float(held.min()), float(held.max())
        span = top - bottom
    bottom, top = float(bottom), float(top)
    span = float(span) or (0.3 if log else max(abs(bottom) * 0.1, 1e-12))
    if mine.size:
        lows, highs = (
            np.percentile(mine, [0, 1, 10, 25, 50]).tolist(),
            np.percentile(mine, [100, 98, 90, 75, 50]).tolist(),
        )
        floor, roof = bottom - _FENCE * span, top + _FENCE * span
        bottom = min(bottom, next((v for v in lows if v >= floor), bottom - span))
        top = max(top, next((v for v in highs if v <= roof), top + span))
    for curve in subject:
        points = _pooled([curve], start, high, log)
        if points.size and float(((points >= bottom) & (points <= top)).mean()) < _IN_SIGHT:
            least, most = (float(v) for v in np.percentile(points, OUTER))
            bottom, top = min(bottom, least), max(top, most)
    return _padded(bottom, top, log, most_ticks)


def plain_axis(values: Floats, *, log: bool, most_ticks: int) -> Axis:
    """Choose the range of scattered values: the finite ones between their 1st and 99th percentile, widened a little."""
    pool = positions(values, log)
    pool = pool[np.isfinite(pool)]
    if not pool.size:
        return Axis(0.0, 1.0, (), log)
    least, quarter, upper, most = (float(v) for v in np.percentile(pool, [0, 25, 75, 100]))
    span = (upper - quarter) or (most - least) or 1.0
    return _padded(max(least, quarter - 6 * span), min(most, upper + 6 * span), log, most_ticks)


def step_axis(low: float, high: float, most_ticks: int) -> Axis:
    """Return the x axis from `low` to `high` as they are, with ticks at round steps."""
    if not high > low:
        low, high = low - 0.5, high + 0.5
    marks = [v for v in nice_ticks(low, high, most_ticks) if low <= v <= high]
    return Axis(low, high, tuple((v, short_number(v)) for v in marks))


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most about `most` round numbers between two finite ones: 1, 2 or 5 (or 2.5) times a power of ten."""
    if not (math.isfinite(low) and math.isfinite(high) and high > low) or most < 1:
        return []
    rough = (high / most) - (low / most)
    if rough <= 0 or not math.isfinite(rough):
        return []
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999), 10 * power)
    if step <= 0 or not math.isfinite(step) or low + step == low or high + step == high:
        return []
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, min(last, first + 50) + 1)]


def short_number(value: float, decimals: int | None = None) -> str:
    """Write a tick: `10k`, `2.5M`, `5.0`, `1e-3`; `decimals` fixes those of a plain number."""
    size = abs(value)
    if size == 0:
        return "0" if not decimals else f"{0:.{decimals}f}"
    if size >= 1e9 or size < 1e-3:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    if size >= 1e6:
        return f"{value / 1e6:.4g}M"
    if size >= 1e3 and decimals in (None, 0):
        return f"{value / 1e3:.4g}k"
    return f"{value:.{decimals}f}" if decimals is not None else f"{value:.6g}"


def _pooled(curves: Sequence[tuple[Floats, Floats]], start: float, end: float, log: bool) -> Floats:
    parts = []
    for x, values in curves:
        placed = positions(values, log)
        late = placed[(x >= start) & (x <= end) & np.isfinite(placed)]
        parts.append(late if late.size else placed[np.isfinite(placed) & (x <= end)][-1:])
    return np.concatenate(parts) if parts else np.empty(0)


def _padded(bottom: float, top: float, log: bool, most_ticks: int) -> Axis:
    if not top > bottom:
        pad = 0.5 if log else (abs(bottom) * 0.1 or 0.5)
    else:
        pad = (top / 20 - bottom / 20) if not math.isfinite(top - bottom) else (top - bottom) * 0.06
    low, high = bottom - pad, top + pad
    if not high > low:
        low, high = np.nextafter(bottom, -np.inf) - abs(bottom) * 1e-9, np.nextafter(top, np.inf) + abs(top) * 1e-9
    low, high = float(np.clip(low, -LARGEST * 2, LARGEST * 2)), float(np.clip(high, -LARGEST * 2, LARGEST * 2))
    ticks = [(at, label) for at, label in _value_ticks(low, high, log, most_ticks) if low <= at <= high]
    return Axis(low, high, tuple(ticks), log)


def _value_ticks(low: float, high: float, log: bool, most: int) -> list[tuple[float, str]]:
    if not log:
        return labelled(nice_ticks(low, high, most))
    if high - low >= 1:
        every = max(1, math.ceil((high - low) / max(1, most)))
        first = math.ceil(low / every) * every
        return [(float(p), _power(p)) for p in range(first, math.floor(high) + 1, every)]
    marks = nice_ticks(10.0**low, 10.0**high, most) if low > -300 and high < 300 else []
    return [(math.log10(v), label) for v, label in labelled([v for v in marks if v > 0])]


def labelled(marks: Sequence[float]) -> list[tuple[float, str]]:
    """Return ticks with labels of one format: the same decimals, at least one where they are small numbers."""
    if len(marks) < 2:
        return [(v, f"{v:.1f}" if 1e-1 <= abs(v) < 100 else short_number(v)) for v in marks]
    step = marks[1] - marks[0]
    largest = max(abs(v) for v in marks)
    if largest >= 1e6 or step < 1e-5:
        digits = max(0, math.floor(math.log10(largest)) - math.floor(math.log10(step)))
        return [(v, _scientific(v, min(digits, 6))) for v in marks]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if round(step * 10**decimals, 6) % 1:
        decimals += 1
    return [(v, short_number(v, max(decimals, 1) if largest < 100 else decimals)) if abs(v) >= 1e-3 or v == 0
            else (v, f"{v:.{decimals}f}") for v in marks]  # fmt: skip


def _power(exponent: int) -> str:
    return short_number(10.0**exponent) if -3 < exponent < 6 else f"1e{exponent}"


def _scientific(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def as_floats(values: Any) -> Floats:
    """Return an array of 64-bit floats."""
    return np.asarray(values, dtype=np.float64)
