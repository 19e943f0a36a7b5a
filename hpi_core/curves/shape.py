"""The shape of curves: levels at start, best and end, noise, slopes, turning points; one number per curve and feature.

Curves stand side by side in a matrix, left-aligned, finite, lower is better. Places are indices into the curve; -1
where there is none.
"""

from __future__ import annotations

import numpy as np

from hpi_core.curves.spikes import Spikes, find_spikes
from hpi_core.curves.turning import levels_off, turns
from hpi_core.curves.windows import Floats, Ints, line, medians, noise, window

FIRST_SHARE = 0.02
LATE_SHARE = 0.2
SWING = 0.05
RISE = 0.25
BLOWN_UP = 0.5
SETTLED = 0.01
# In standard errors of a moving average; the lowest of twenty lies two below their mean.
SETTLED_NOISE = 4.0
DIVERGED_NOISE = 6.0
# A curve whose lowest value lies in its last tenth has not turned.
TURN_SHARE = 0.1
TURN_HEIGHT = 0.25
# Curves longer than this are smoothed by the means of as many equal parts.
COARSE = 512
Shape = dict[str, Floats | Ints]


def shape_of(matrix: Floats, n: Ints) -> Shape:
    """Return the features of each row: `n` finite points, NaN after them."""
    tenth, twentieth = _share(n, 0.1), _share(n, 0.05)
    best_at = np.nanargmin(matrix, axis=1)
    worst_at = np.nanargmax(matrix, axis=1)
    rows = np.arange(n.size)
    best, worst = matrix[rows, best_at], matrix[rows, worst_at]
    end = medians(window(matrix, n - tenth, tenth), tenth)
    spread = noise(matrix, n)
    first = _start(matrix, n, spread)
    out: Shape = {
        "n": n,
        "start": matrix[:, 0],
        "first": first,
        "best": best,
        "best_at": best_at,
        "worst": worst,
        "worst_at": worst_at,
        "last": matrix[rows, n - 1],
        "early": medians(window(matrix, np.zeros_like(n), _share(n, LATE_SHARE)), _share(n, LATE_SHARE)),
        "end": end,
        "very_end": medians(window(matrix, n - twentieth, twentieth), twentieth),
        "noise": spread,
    }
    out |= _late(matrix, n)
    out |= _smoothed(matrix, n, first, end, spread)
    out |= _left_best(matrix, n, best + DIVERGED_NOISE * spread)
    out |= _swings(matrix, n, SWING * np.maximum(first - best, 0), RISE * (worst - best))
    out |= _spikes(find_spikes(matrix, n), n)
    return out


def _share(n: Ints, share: float) -> Ints:
    """Return that share of the points, at least one."""
    out: Ints = np.maximum(1, np.ceil(share * n - 1e-9).astype(np.int64))
    return out


def _start(matrix: Floats, n: Ints, spread: Floats) -> Floats:
    """Return the level each curve started at: the median of its first points, or the first where it blew up at once.

    Blown up is what the median lies above by more than half and by many times the noise.
    """
    few = _share(n, FIRST_SHARE)
    median, first = medians(window(matrix, np.zeros_like(n), few), few), matrix[:, 0]
    risen = median - first
    out: Floats = np.where((risen > DIVERGED_NOISE * spread) & (risen > BLOWN_UP * np.abs(first)), first, median)
    return out


def _late(matrix: Floats, n: Ints) -> Shape:
    """Return line and spread of the last fifth (at least five points), and means of the last two tenths."""
    fifth = np.minimum(n, np.maximum(5, _share(n, LATE_SHARE)))
    slope, t, spread = line(window(matrix, n - fifth, fifth), fifth)
    tenth = np.minimum(np.maximum(3, _share(n, 0.1)), np.maximum(1, n // 2))
    last, before = window(matrix, n - tenth, tenth), window(matrix, n - 2 * tenth, tenth)
    with np.errstate(all="ignore"):
        last_mean, before_mean = np.nansum(last, 1) / tenth, np.nansum(before, 1) / tenth
        variance = (
            np.nansum((last - last_mean[:, None]) ** 2, 1) + np.nansum((before - before_mean[:, None]) ** 2, 1)
        ) / (np.maximum(tenth - 1, 1) * tenth)
    return {
        "late_n": fifth,
        "late_at": n - fifth,
        "late_rise": slope * (fifth - 1),
        "late_t": t,
        "late_spread": spread,
        "last_mean": last_mean,
        "before_mean": before_mean,
        "change_error": np.sqrt(variance),
    }  # fmt: skip


def _smoothed(matrix: Floats, n: Ints, first: Floats, end: Floats, spread: Floats) -> Shape:
    """Return of the smoothed curve the lowest value of all and of its first half, and places.

    Where it is lowest, where it turned (at its lowest place where its end is not above that), where it was half-way
    down, and where it was first down but for 1 % of the way or its noise: where that is in the first half, the corner
    after which it stayed level. `spread` is the standard deviation of the noise of single points.
    """
    total, edges, parts = _parts(matrix, n)
    smooth = _moving_average(total, edges, parts)
    centres = (edges[:, :-1] + np.maximum(edges[:, 1:] - 1, 0)) // 2
    at = np.nanargmin(smooth, axis=1)
    rows = np.arange(n.size)
    low = smooth[rows, at]
    half = smooth <= (first - (first - low) / 2)[:, None]
    turned = at.copy()
    unsure = SETTLED_NOISE * spread / np.sqrt(np.maximum(1, n // 20))
    settled = (smooth <= (low + np.maximum(SETTLED * np.maximum(first - low, 0), unsure))[:, None]).argmax(axis=1)
    early = np.flatnonzero(2 * settled < parts)
    risen = np.flatnonzero((end > low) & (at < parts - TURN_SHARE * parts))
    if risen.size:
        turned[risen] = _turned(_levels(total, edges, risen), smooth[risen], parts[risen], at[risen], end[risen])
    if early.size:
        settled[early] = levels_off(_levels(total, edges, early), parts[early], settled[early])
    first_half = np.arange(smooth.shape[1]) < np.maximum(1, parts // 2)[:, None]
    return {
        "smooth_best": low,
        "smooth_best_at": centres[rows, at],
        "turn_at": centres[rows, turned],
        "half_best": np.nanmin(np.where(first_half, smooth, np.nan), axis=1),
        "settled_at": centres[rows, settled],
        "half_at": np.where(half.any(axis=1), centres[rows, half.argmax(axis=1)], -1),
    }


def _levels(total: Floats, edges: Ints, rows: Ints) -> Floats:
    """Return the means of the parts of these curves."""
    with np.errstate(all="ignore"):
        out: Floats = np.diff(np.take_along_axis(total[rows], edges[rows], axis=1)) / np.diff(edges[rows])
    return out


def _turned(levels: Floats, smooth: Floats, parts: Ints, at: Ints, end: Floats) -> Ints:
    """Return where curves turned that are lowest at `at` when smoothed and end above that: in parts of the curve.

    How a curve fell to the level it ended at says nothing of the turn. A corner that lies above the lowest value by
    more than `TURN_HEIGHT` of the rise is that of another bend.
    """
    rows = np.arange(at.size)
    place = np.arange(smooth.shape[1])
    above = (smooth > end[:, None]) & (place < at[:, None])
    since = np.maximum(
        np.where(above, place + 1, 0).max(axis=1), np.minimum(at, (levels <= end[:, None]).argmax(axis=1))
    )
    found = turns(levels, parts, at, since)
    low = smooth[rows, at]
    out: Ints = np.where(smooth[rows, found] - low <= TURN_HEIGHT * (end - low), found, at)
    return out


def _parts(matrix: Floats, n: Ints) -> tuple[Floats, Ints, Ints]:
    """Return the running sums of the curves, and the edges and the number of at most `COARSE` equal parts of them.

    Values far above the curve are cut off first, so that one spike does not swamp its neighbours.
    """
    columns = np.minimum(matrix.shape[1], COARSE)
    parts = np.minimum(n, columns)
    edges: Ints = (n[:, None] * np.minimum(np.arange(columns + 1), parts[:, None])) // parts[:, None]
    return _running_sum(_capped(matrix, n)), edges, parts


def _moving_average(total: Floats, edges: Ints, parts: Ints) -> Floats:
    """Return the means over a twentieth of each curve around each of its parts."""
    width = np.maximum(1, parts // 20)
    j = np.arange(edges.shape[1] - 1)
    low = np.maximum(0, j - (width[:, None] - 1) // 2)
    high = np.minimum(parts[:, None], low + width[:, None])
    inside = j < parts[:, None]
    begin = np.take_along_axis(edges, np.minimum(low, j.size), axis=1)
    end = np.take_along_axis(edges, np.minimum(high, j.size), axis=1)
    sums = np.take_along_axis(total, end, axis=1) - np.take_along_axis(total, begin, axis=1)
    with np.errstate(all="ignore"):
        return np.where(inside, sums / (end - begin), np.nan)


def _capped(matrix: Floats, n: Ints) -> Floats:
    half = medians(matrix, n)
    lowest = np.nanmin(matrix, axis=1)
    start = window(matrix, np.zeros_like(n), np.ones_like(n))[:, 0]
    cap = lowest + 20 * np.maximum(np.maximum(half, start) - lowest, 1e-12 * np.abs(lowest))
    out: Floats = np.minimum(matrix, cap[:, None])
    return out


def _running_sum(matrix: Floats) -> Floats:
    total = np.zeros((matrix.shape[0], matrix.shape[1] + 1))
    np.cumsum(np.nan_to_num(matrix, posinf=0, neginf=0), axis=1, out=total[:, 1:])
    return total


def _left_best(matrix: Floats, n: Ints, level: Floats) -> Shape:
    """Return the first place after which the curve stays above its best by more than its noise."""
    low = matrix <= level[:, None]
    last = matrix.shape[1] - 1 - low[:, ::-1].argmax(axis=1)
    return {"left_best_at": np.where(low.any(axis=1) & (last + 1 < n), last + 1, -1)}


def _swings(matrix: Floats, n: Ints, least: Floats, rise: Floats) -> Shape:
    """Count how often the curve comes down by at least `least` from a local maximum to the next local minimum.

    And how often it rises by at least `rise` from a local minimum to the next local maximum. The place is that of the
    first maximum it comes down from.
    """
    first = np.full(n.size, -1)
    if matrix.shape[1] < 3:
        return {"swings": np.zeros_like(n), "rises": np.zeros_like(n), "swing_at": first}
    differences = np.diff(matrix, axis=1)
    turns = np.signbit(differences[:, 1:]) != np.signbit(differences[:, :-1])
    turns &= np.isfinite(differences[:, 1:])
    k, i = np.nonzero(turns)
    values = matrix[k, i + 1]
    step = values[:-1] - values[1:]
    same, from_row = k[:-1] == k[1:], k[:-1]
    counted = same & (step >= least[from_row]) & (step > 0)
    risen = same & (-step >= rise[from_row]) & (step < 0)
    rows, places = from_row[counted], i[:-1][counted] + 1
    first[rows[::-1]] = places[::-1]
    return {
        "swings": np.bincount(rows, minlength=n.size).astype(np.int64),
        "rises": np.bincount(from_row[risen], minlength=n.size).astype(np.int64),
        "swing_at": first,
    }


def _spikes(found: Spikes, n: Ints) -> Shape:
    """Return the highest spike of each curve, and the first that stayed up."""
    count = np.bincount(found.row, minlength=n.size).astype(np.int64)
    out: Shape = {
        "spikes": count,
        "spike_at": np.full(n.size, -1),
        "spike_score": np.zeros(n.size),
        "spike_jump": np.zeros(n.size),
        "spike_length": np.zeros(n.size, np.int64),
        "held_at": np.full(n.size, -1),
        "held_score": np.zeros(n.size),
        "held_jump": np.zeros(n.size),
    }
    order = np.argsort(found.score, kind="stable")
    _place(out, "spike", found, order)
    out["spike_length"][found.row[order]] = found.length[order]
    held = np.flatnonzero(found.held)[::-1]
    _place(out, "held", found, held)
    return out


def _place(out: Shape, word: str, found: Spikes, order: Ints) -> None:
    """Write the last of each row in `order`."""
    rows = found.row[order]
    out[f"{word}_at"][rows] = found.at[order]
    out[f"{word}_score"][rows] = found.score[order]
    out[f"{word}_jump"][rows] = found.jump[order]
