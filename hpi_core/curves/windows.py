"""Curves side by side in one matrix, each left-aligned and NaN after its end; medians and lines of parts of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# Scales the median absolute deviation to the standard deviation of a normal distribution.
MAD_TO_SD = 1.4826


def window(matrix: Floats, begin: Ints, length: Ints) -> Floats:
    """Return row by row the `length` values from `begin` on, NaN after their end: k x max(length)."""
    reach = np.arange(int(length.max(initial=0)))
    at = np.minimum(begin[:, None] + reach, matrix.shape[1] - 1)
    out: Floats = np.where(reach < length[:, None], np.take_along_axis(matrix, at, axis=1), np.nan)
    return out


def medians(matrix: Floats, counts: Ints) -> Floats:
    """Return the median of each row, of which the first `counts` in sorted order are values and the others NaN."""
    if matrix.shape[1] == 0:
        return np.full(matrix.shape[0], np.nan)
    ordered = np.sort(matrix, axis=1)
    low = np.maximum(counts - 1, 0) // 2
    high = np.minimum(counts // 2, matrix.shape[1] - 1)
    rows = np.arange(matrix.shape[0])
    out: Floats = np.where(counts > 0, ordered[rows, low] / 2 + ordered[rows, high] / 2, np.nan)
    return out


def noise(matrix: Floats, counts: Ints) -> Floats:
    """Return the robust standard deviation of each curve's noise: scaled MAD of the differences over root two."""
    if matrix.shape[1] < 2:
        return np.zeros(matrix.shape[0])
    differences = np.diff(matrix, axis=1)
    counts = np.maximum(counts - 1, 0)
    centre = np.nan_to_num(medians(differences, counts))
    spread = medians(np.abs(differences - centre[:, None]), counts)
    out: Floats = np.nan_to_num(MAD_TO_SD * spread / np.sqrt(2))
    return out


def line(matrix: Floats, counts: Ints) -> tuple[Floats, Floats, Floats]:
    """Fit a line to each row over its index: slope, its t-statistic, and the standard deviation about the line."""
    present = np.isfinite(matrix)
    n = counts.astype(float)
    x = np.where(present, np.arange(matrix.shape[1], dtype=float), 0.0)
    y = np.where(present, matrix, 0.0)
    with np.errstate(all="ignore"):
        centre = x.sum(1) / n
        level = y.sum(1) / n
        dx = np.where(present, x - centre[:, None], 0.0)
        dy = np.where(present, y - level[:, None], 0.0)
        across = (dx * dx).sum(1)
        slope = (dx * dy).sum(1) / across
        residual = dy - slope[:, None] * dx
        spread = np.sqrt((residual**2).sum(1) / np.maximum(n - 2, 1))
        t = slope / (spread / np.sqrt(across))
    return slope, np.where(np.isnan(t), 0.0, t), spread
