"""Spikes: points far above the points before them, and whether the curve came down again.

The reference of a point is the median of the `width` points before it, renewed every tenth of the width; its scale is
the larger of their scaled MAD and 1 % of the median. Lower is better throughout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hpi_core.curves.windows import MAD_TO_SD, Bools, Floats, Ints

WIDTH = (8, 100)
LEVEL_SHARE = 0.01
# Candidates are what `spike` may ask for at the least.
LEAST_SCORE = 5.0
LEAST_JUMP = 0.04
RECOVERY_SHARE = 0.05
_LEAST_RECOVERY = 3
_CELLS = 8_000_000


@dataclass(frozen=True, eq=False)
class Spikes:
    """Onsets of spikes, one entry each: row of the matrix, index, score in scales, jump relative to the level.

    `length` is the number of points until the curve is back (half-way down to its level), 0 where it never is within
    a twentieth of the run; `held` is true where it stayed up all that time.
    """

    row: Ints
    at: Ints
    score: Floats
    jump: Floats
    height: Floats
    length: Ints
    held: Bools


def widths(n: Ints) -> Ints:
    """Return how many points before a point are its reference: a tenth of the run, at least 8, at most 100."""
    return np.clip(n // 10, *WIDTH)


def find_spikes(matrix: Floats, n: Ints, score: float = LEAST_SCORE, jump: float = LEAST_JUMP) -> Spikes:
    """Find the spikes in each row of a left-aligned matrix of curves of `n` points."""
    width = widths(n)
    parts = [
        _with_width(matrix, n, np.flatnonzero(width == one), int(one), score, jump)
        for one in np.unique(width[n > WIDTH[0]])
    ]
    joined = [np.concatenate([part[i] for part in parts]) if parts else np.empty(0) for i in range(5)]
    row, at = joined[0].astype(np.int64), joined[1].astype(np.int64)
    length, held = _recovery(matrix, n, row, at, joined[4])
    return Spikes(row, at, joined[2], joined[3], joined[4], length, held)


def _with_width(
    matrix: Floats, n: Ints, rows: Ints, width: int, score: float, jump: float
) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    stride = max(1, width // 10)
    longest = int(n[rows].max())
    per = max(1, _CELLS // max(1, (longest // stride) * width))
    found = [
        _in_rows(matrix[chosen, :longest], chosen, width, stride, score, jump)
        for chosen in (rows[i : i + per] for i in range(0, rows.size, per))
    ]
    rows, at, scores, jumps, half = (np.concatenate(column) for column in zip(*found, strict=True))
    return rows, at, scores, jumps, half


def _in_rows(
    curves: Floats, rows: Ints, width: int, stride: int, score: float, jump: float
) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    """Return row, index, score, relative jump and level half-way up of every onset."""
    views = sliding_window_view(curves, width, axis=1)[:, :-1:stride]
    marks = views.shape[1]
    centre = np.median(views, axis=2)
    reach = np.minimum(np.arange(curves.shape[1] - width) // stride, marks - 1)
    with np.errstate(invalid="ignore", over="ignore"):
        above = curves[:, width:] - centre[:, reach]
        level = np.abs(centre)
        high = above > jump * level[:, reach]
    k, i = np.nonzero(high & (above > 0))
    mark = reach[i]
    cells, which = np.unique(k * marks + mark, return_inverse=True)
    windows = views[cells // marks, cells % marks]
    middle = centre.reshape(-1)[cells]
    with np.errstate(all="ignore"):
        spread = MAD_TO_SD * np.median(np.abs(windows - middle[:, None]), axis=1)
        scale = np.maximum(spread, LEVEL_SHARE * np.abs(middle))[which]
        up = above[k, i]
        scores = np.where(scale > 0, up / scale, np.inf)
        jumps = np.where(middle[which] != 0, up / np.abs(middle[which]), np.inf)
    keep = scores > score
    k, i, scores, jumps, up, middle = k[keep], i[keep], scores[keep], jumps[keep], up[keep], middle[which][keep]
    fresh = np.ones(k.size, bool)
    fresh[1:] = (k[1:] != k[:-1]) | (i[1:] > i[:-1] + width // 4)
    # An onset stands for the run of points after it: its height is the highest of them.
    peaks = np.flatnonzero(fresh)
    if peaks.size:
        scores, jumps, up = (np.maximum.reduceat(part, peaks) for part in (scores, jumps, up))
    return rows[k[fresh]], i[fresh] + width, scores, jumps, middle[fresh] + up / 2


def _recovery(matrix: Floats, n: Ints, row: Ints, at: Ints, half: Floats) -> tuple[Ints, Bools]:
    """Return how long each spike lasts, and whether it stayed up for a twentieth of the run that was still to come."""
    if not row.size:
        return np.empty(0, np.int64), np.empty(0, bool)
    wait = np.maximum(_LEAST_RECOVERY, np.ceil(RECOVERY_SHARE * n[row]).astype(np.int64))
    reach = np.arange(1, int(wait.max()) + 1)
    length = np.zeros(row.size, np.int64)
    held = np.zeros(row.size, bool)
    per = max(1, _CELLS // reach.size)
    for chosen in (np.arange(row.size)[i : i + per] for i in range(0, row.size, per)):
        index = at[chosen][:, None] + reach
        inside = (reach <= wait[chosen][:, None]) & (index < n[row[chosen]][:, None])
        after = matrix[row[chosen][:, None], np.minimum(index, matrix.shape[1] - 1)]
        down = inside & (after <= half[chosen][:, None])
        back = down.any(axis=1)
        length[chosen] = np.where(back, down.argmax(axis=1) + 1, 0)
        held[chosen] = ~back & (at[chosen] + wait[chosen] < n[row[chosen]])
    return length, held
