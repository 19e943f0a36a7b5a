"""Density: how many of hundreds of curves pass through each cell and each dot of a plot.

Every curve counts once in a cell, however often it crosses it. All curves are worked out together: a segment becomes
one vertical stretch per column it spans, stretches of one curve in one column are joined, and the counts are running
sums over where stretches begin and end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    Integers = np.ndarray[Any, np.dtype[np.int64]]
    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Booleans = np.ndarray[Any, np.dtype[np.bool_]]

_BRAILLE = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])


@dataclass(frozen=True, eq=False)
class Stretches:
    """Points of many curves in the unit square, y upwards, cut down to one vertical stretch per curve and column."""

    curve: Integers
    column: Integers
    low: Floats
    high: Floats


def stretches(curve: Integers, x: Floats, y: Floats, joined: Booleans, columns: int) -> Stretches:
    """Return the vertical stretches of curves in each of `columns`.

    Args:
        curve: which curve a point belongs to, ascending.
        x: 0 to 1 inside the picture, ascending within a curve.
        y: 0 to 1 inside the picture; nan where a value has no place.
        joined: ties a point to the one before it.
        columns: how many there are.
    """
    tied = joined & np.isfinite(y)
    tied[1:] &= np.isfinite(y[:-1])
    end = np.flatnonzero(tied)
    alone = np.flatnonzero(np.isfinite(y) & ~tied)
    begin = np.concatenate([end - 1, alone])
    end = np.concatenate([end, alone])
    order = np.argsort(end, kind="stable")
    begin, end = begin[order], end[order]
    place = np.clip(x, -1, 2) * columns
    x0, x1, y0, y1 = place[begin], place[end], np.clip(y[begin], -9, 9), np.clip(y[end], -9, 9)
    first = np.clip(np.floor(x0), 0, columns - 1).astype(np.int64)
    last = np.clip(np.floor(x1), 0, columns - 1).astype(np.int64)
    inside = (x1 >= 0) & (x0 <= columns)
    spans = np.where(inside, last - first + 1, 0)
    which = np.repeat(np.arange(spans.size), spans)
    column = first[which] + np.arange(which.size) - np.repeat(np.cumsum(spans) - spans, spans)
    width = np.where(x1 > x0, x1 - x0, 1.0)[which]
    slope = (y1 - y0)[which] / width
    enters = y0[which] + slope * np.clip(column - x0[which], 0, width)
    leaves = np.where((x1 > x0)[which], y0[which] + slope * np.clip(column + 1 - x0[which], 0, width), y1[which])
    return _joined(curve[end][which], column, np.minimum(enters, leaves), np.maximum(enters, leaves), columns)


def _joined(curve: Integers, column: Integers, low: Floats, high: Floats, columns: int) -> Stretches:
    """Make one stretch of those of the same curve in the same column; they come in this order."""
    key = curve * columns + column
    if not key.size:
        return Stretches(curve, column, low, high)
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    return Stretches(
        curve[starts], column[starts], np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
    )  # fmt: skip


def halved(fine: Stretches, columns: int) -> Stretches:
    """Return the same stretches in half as many columns, `columns` of them."""
    return _joined(fine.curve, fine.column // 2, fine.low, fine.high, columns)


def counts(found: Stretches, columns: int, rows: int) -> Integers:
    """Return how many stretches cover each cell: rows x columns, the top row first."""
    bottom = np.rint(found.low * (rows - 1)).astype(np.int64)
    top = np.rint(found.high * (rows - 1)).astype(np.int64)
    seen = (top >= 0) & (bottom < rows)
    column, bottom, top = found.column[seen], np.maximum(bottom[seen], 0), np.minimum(top[seen], rows - 1)
    size = (rows + 1) * columns
    change = np.bincount(bottom * columns + column, minlength=size) - np.bincount(
        (top + 1) * columns + column, minlength=size
    )
    out: Integers = np.cumsum(change.reshape(rows + 1, columns), axis=0)[rows - 1 :: -1]
    return out


def braille(dots: Integers) -> list[str]:
    """Return dots (4 x rows, 2 x columns; any count is a dot) as rows of braille, blank where there is none."""
    rows, columns = dots.shape[0] // 4, dots.shape[1] // 2
    codes = ((dots > 0).reshape(rows, 4, columns, 2) * _BRAILLE[None, :, None, :]).sum(axis=(1, 3))
    return ["".join(chr(0x2800 + code) if code else " " for code in row) for row in codes.tolist()]


def levels(most: int, steps: int) -> tuple[int, ...]:
    """Return the least count of each of `steps` shades, evenly spaced in its logarithm, for counts up to `most`."""
    edges = [round(most ** (at / steps)) for at in range(steps)]
    kept: list[int] = []
    for edge in edges:
        least = edge if not kept else max(edge, kept[-1] + 1)
        if least <= max(1, most):
            kept.append(least)
    return tuple(kept)
