"""Where a curve that came down and rose again turned: the corner of a falling line and a rising parabola.

The lowest value of a moving average lies anywhere in the flat part around the turn, and up to half a window off. A
corner fitted to the points on both sides of it says where the curve was lowest for good before it rose. The rise is a
parabola so that one which slows down or picks up does not pull the corner with it.
"""

from __future__ import annotations

import numpy as np

from hpi_core.curves.windows import Bools, Floats, Ints, window

BEFORE = 0.15
AFTER = 0.3
_FEWEST = 4


def turns(values: Floats, counts: Ints, low: Ints, since: Ints) -> Ints:
    """Return the place of the corner near `low` in each row, `low` itself where no corner with a rise after it fits.

    Least squares over 15 % of the row before `low` and 30 % after it, for every corner at most 15 % away.

    Args:
        values: k rows, of which the first `counts` are values and the others NaN.
        counts: how many values each row has.
        low: about where each row is lowest.
        since: where each row came down to the level it rose to again; how it fell before says nothing of the turn.
    """
    before = np.maximum(_FEWEST, np.ceil(BEFORE * counts).astype(np.int64))
    after = np.maximum(_FEWEST, np.ceil(AFTER * counts).astype(np.int64))
    begin = np.maximum(np.maximum(0, low - before), since)
    length = np.minimum(counts, low + after + 1) - begin
    points = _without_spikes(window(values, begin, length))
    fit, rises = _corners(points, length)
    place = np.arange(fit.shape[1])
    near = np.abs(place - (low - begin)[:, None]) <= before[:, None]
    inside = (place >= 1) & (place < length[:, None] - 3)
    fit = np.where(near & inside & rises, fit, -np.inf)
    out: Ints = np.where(np.isfinite(fit).any(axis=1), begin + fit.argmax(axis=1), low)
    return out


def _without_spikes(points: Floats) -> Floats:
    """Return running medians of three, the ends as they are."""
    if points.shape[1] < 3:
        return points
    left, middle, right = points[:, :-2], points[:, 1:-1], points[:, 2:]
    median = np.maximum(np.minimum(left, right), np.minimum(np.maximum(left, right), middle))
    out = points.copy()
    out[:, 1:-1] = np.where(np.isnan(median), middle, median)
    return out


def _corners(points: Floats, length: Ints) -> tuple[Floats, Bools]:
    """Return for a corner at each place how much of the squares it explains, and whether the fit is lowest there.

    With d the distance to the corner the fit is level + fall d before it, and level + rise d + bend d^2 after it.
    """
    at = np.arange(points.shape[1], dtype=float)
    present = at < length[:, None]
    y = np.where(present, points - points[:, :1], 0.0)
    sums = [np.cumsum(y * at**power, axis=1) for power in range(3)]
    rest = [total[:, -1:] - total for total in sums]
    m, r = at[None, :], np.maximum(length[:, None] - 1 - at, 0)
    left1, left2, right1, right2, right3, right4 = -_powers(m)[0], _powers(m)[1], *_powers(r)
    y_left = sums[1] - at * sums[0]
    y_right = rest[1] - at * rest[0]
    y_bent = rest[2] - 2 * at * rest[1] + at**2 * rest[0]
    with np.errstate(all="ignore"):
        # The slopes are eliminated from the normal equations first, which leaves one equation for the level.
        across = right2 * right4 - right3**2
        rise_y, rise_level = (y_right * right4 - y_bent * right3) / across, (right1 * right4 - right2 * right3) / across
        bend_y, bend_level = (y_bent * right2 - y_right * right3) / across, (right2**2 - right1 * right3) / across
        total = sums[0][:, -1:]
        level = (total - left1 * y_left / left2 - right1 * rise_y - right2 * bend_y) / (
            length[:, None] - left1**2 / left2 - right1 * rise_level - right2 * bend_level
        )
        fall = (y_left - left1 * level) / left2
        rise, bend = rise_y - rise_level * level, bend_y - bend_level * level
        explained = level * total + fall * y_left + rise * y_right + bend * y_bent
        lowest = (fall <= 0) & (rise + bend > 0) & (rise + bend * r >= 0)
    return np.where(np.isnan(explained), -np.inf, explained), lowest


def _powers(n: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the sums of 1..n to the powers one to four."""
    first = n * (n + 1) / 2
    second = first * (2 * n + 1) / 3
    return first, second, first**2, second * (3 * n**2 + 3 * n - 1) / 5
