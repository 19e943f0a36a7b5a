"""Where a curve that came down turned: the corner of a line that falls and one that rises, or stays level.

The lowest value of a moving average lies anywhere in the flat part around the turn, and up to half a window off. A
corner fitted to the points on both sides of it says where the curve was lowest for good before it rose. How it fell and
how it rises, evenly or along a parabola, is not known: each place is judged by all four ways at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpi_core.curves.windows import Bools, Floats, Ints, window

BEFORE = 0.08
AFTER = 0.25
# How much earlier than where a curve is first low its corner may be, as a share of the curve: half a moving average.
EARLIER = 0.025
_FEWEST = 4
# Of the squares that a corner leaves over, as a share of all: less than this is taken for rounding.
_LEAST_LEFT = 1e-9


def turns(values: Floats, counts: Ints, low: Ints, since: Ints) -> Ints:
    """Return the place of the corner near `low` in each row, `low` itself where no corner with a rise after it fits.

    Least squares over `BEFORE` of the row before `low` and `AFTER` of it after, for every corner in between.

    Args:
        values: k rows, of which the first `counts` are values and the others NaN.
        counts: how many values each row has.
        low: about where each row is lowest.
        since: where each row came down to the level it rose to again; how it fell before says nothing of the turn.
    """
    begin, length = _around(counts, low)
    begin, length = np.maximum(begin, since), length - np.maximum(since - begin, 0)
    likely = _corners(_without_spikes(window(values, begin, length)), length, _ways)
    out: Ints = np.where(np.isfinite(likely).any(axis=1), begin + likely.argmax(axis=1), low)
    return out


def levels_off(values: Floats, counts: Ints, near: Ints) -> Ints:
    """Return the place of the corner near `near` in each row after which it stays level, `near` where none fits.

    Args:
        values: k rows, of which the first `counts` are values and the others NaN.
        counts: how many values each row has.
        near: where each row is about as low as it will be; a corner well before it is that of an earlier bend.
    """
    begin, length = _around(counts, near)
    likely = _corners(_without_spikes(window(values, begin, length)), length, _level)
    place = begin[:, None] + np.arange(likely.shape[1])
    likely = np.where(place >= (near - np.maximum(1, EARLIER * counts))[:, None], likely, -np.inf)
    out: Ints = np.where(np.isfinite(likely).any(axis=1), begin + likely.argmax(axis=1), near)
    return out


def _around(counts: Ints, near: Ints) -> tuple[Ints, Ints]:
    """Return where the points that a corner near `near` is fitted to begin in each row, and how many they are."""
    before = np.maximum(_FEWEST, np.ceil(BEFORE * counts).astype(np.int64))
    after = np.maximum(_FEWEST, np.ceil(AFTER * counts).astype(np.int64))
    begin: Ints = np.maximum(0, near - before)
    return begin, np.minimum(counts, near + after + 1) - begin


def _without_spikes(points: Floats) -> Floats:
    """Return running medians of three, the ends as they are."""
    if points.shape[1] < 3:
        return points
    left, middle, right = points[:, :-2], points[:, 1:-1], points[:, 2:]
    median = np.maximum(np.minimum(left, right), np.minimum(np.maximum(left, right), middle))
    out = points.copy()
    out[:, 1:-1] = np.where(np.isnan(median), middle, median)
    return out


def _corners(points: Floats, length: Ints, after: Callable[[Floats, Floats, Floats], tuple[_Way, ...]]) -> Floats:
    """Return the log likelihood of a corner at each place up to a constant, -inf where none fits.

    The sum over the ways to fall before it and those to go on `after` it of (squares left)^(-n/2) n^(-p/2), the
    approximation to the probability of a model of p numbers for n points by the Bayesian information criterion
    (Schwarz 1978).
    """
    at = np.arange(points.shape[1], dtype=float)
    present = at < length[:, None]
    y = np.where(present, points - points[:, :1], 0.0)
    n = length[:, None].astype(float)
    sums = [np.cumsum(y * at**power, axis=1) for power in range(3)]
    rest = [total[:, -1:] - total for total in sums]
    total = sums[0][:, -1:]
    squares = (y * y).sum(axis=1, keepdims=True) - total**2 / n
    left = _ways(at[None, :], at * sums[0] - sums[1], at**2 * sums[0] - 2 * at * sums[1] + sums[2])
    right = after(np.maximum(n - 1 - at, 0), rest[1] - at * rest[0], rest[2] - 2 * at * rest[1] + at**2 * rest[0])
    inside = (at >= 1) & (at < n - 3)
    out = np.full(y.shape, -np.inf)
    with np.errstate(all="ignore"):
        for fall in left:
            for rise in right:
                level = (total - fall.apart - rise.apart) / (n - fall.shared - rise.shared)
                explained = level * total + fall.explained(level) + rise.explained(level) - total**2 / n
                over = np.maximum(1 - explained / squares, _LEAST_LEFT)
                fits = inside & fall.upward(level) & rise.upward(level) & np.isfinite(over)
                likely = -n / 2 * np.log(over) - (fall.degree + rise.degree) / 2 * np.log(n)
                out = np.where(fits, np.logaddexp(out, likely), out)
    return out


@dataclass(frozen=True, eq=False)
class _Way:
    """How the curve goes away from a corner at each place to one side: slope d + bend d^2 at the distance d.

    The two follow from the level of the corner, which both sides share: slope = slopes[0] - level slopes[1], and bend
    likewise. `apart` and `shared` are what that leaves of the sum of the values and of the number of points.
    """

    degree: int
    slopes: tuple[Floats, Floats]
    bends: tuple[Floats, Floats]
    apart: Floats
    shared: Floats
    products: tuple[Floats, Floats]
    reach: Floats

    def _at(self, level: Floats) -> tuple[Floats, Floats]:
        return self.slopes[0] - level * self.slopes[1], self.bends[0] - level * self.bends[1]

    def explained(self, level: Floats) -> Floats:
        slope, bend = self._at(level)
        out: Floats = slope * self.products[0] + bend * self.products[1]
        return out

    def upward(self, level: Floats) -> Bools:
        """Say whether it lies above the corner right beside it and at its far end, if it goes anywhere."""
        if not self.degree:
            return np.ones(level.shape, bool)
        slope, bend = self._at(level)
        out: Bools = (slope + bend > 0) & (slope + bend * self.reach >= 0)
        return out


def _ways(reach: Floats, first: Floats, second: Floats) -> tuple[_Way, _Way]:
    """Return the line and the parabola for `reach` points on a side; `first` and `second` are sums of y d and y d^2."""
    one, two, three, four = _powers(reach)
    none = np.zeros_like(first)
    with np.errstate(all="ignore"):
        slope, falls = first / two, one / two + none
        line = _Way(1, (slope, falls), (none, none), one * slope, one * falls, (first, second), reach)
        across = two * four - three**2
        slopes = (first * four - second * three) / across, (one * four - two * three) / across + none
        bends = (second * two - first * three) / across, (two**2 - one * three) / across + none
        apart, shared = (one * a + two * b for a, b in zip(slopes, bends, strict=True))
    return line, _Way(2, slopes, bends, apart, shared, (first, second), reach)


def _level(reach: Floats, first: Floats, second: Floats) -> tuple[_Way]:
    """Return the way that goes nowhere for `reach` points on a side."""
    none = np.zeros_like(first)
    return (_Way(0, (none, none), (none, none), none, none, (first, second), reach),)


def _powers(n: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the sums of 1..n to the powers one to four."""
    first = n * (n + 1) / 2
    second = first * (2 * n + 1) / 3
    return first, second, first**2, second * (3 * n**2 + 3 * n - 1) / 5
