"""Strands: the lines of very many trials between two axes, counted by where they begin and end on a screen.

A screen has a few hundred dots from top to bottom, so there are only so many different lines, whatever the number of
trials; each is drawn once, for all who take it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    Integers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class Strands:
    """The different lines between two axes: the dot each begins and ends at, and how many trials take it."""

    start: Integers
    stop: Integers
    trials: Integers


def strands(left: Integers, right: Integers, dots: int) -> Strands:
    """Count which trials go from which of `dots` dots of one axis to which of the next.

    However many trials there are, no more than `dots` squared lines are left.
    """
    counted = np.bincount(left * dots + right)
    pairs = np.flatnonzero(counted)
    return Strands(pairs // dots, pairs % dots, counted[pairs])


def covered(lines: Strands, columns: int, dots: int) -> Integers:
    """Return how many trials' lines pass through each dot between two axes: dots x columns, the highest row first.

    A line is one vertical stretch of dots per column, so that steep ones have no holes; the dot it ends at is
    that where the next one begins.
    """
    rise = lines.stop - lines.start
    out = np.zeros((dots, columns), dtype=np.int64)
    for column in range(columns):
        one = np.rint(lines.start + rise * (column / columns)).astype(np.int64)
        other = np.rint(lines.start + rise * ((column + 1) / columns)).astype(np.int64)
        # the last dot of a stretch is the first of the next one
        low = np.where(rise >= 0, one, np.minimum(one, other + 1))
        high = np.where(rise >= 0, np.maximum(one, other - 1), one)
        change = np.bincount(low, weights=lines.trials, minlength=dots + 1) - np.bincount(
            high + 1, weights=lines.trials, minlength=dots + 1
        )
        out[:, column] = np.rint(np.cumsum(change)[dots - 1 :: -1])
    return out
