"""From long-form curves to batches of whole trials: flat arrays, one segment per trial and metric.

A batch holds at most `POINTS` points (or one trial, however long), so that memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from hpi_core.curves.windows import Floats, Ints
from hpi_core.frames import ROW

POINTS = 2_000_000


@dataclass(frozen=True, eq=False)
class Segments:
    """Curves end to end: segment i is `values[start[i]:start[i + 1]]` at `steps[...]`, ordered by step.

    `rows` and `metrics` have one entry per segment, `start` one more; no segment is empty.
    """

    rows: Ints
    metrics: pl.Series
    start: Ints
    steps: Ints
    values: Floats


def batches(curves: pl.LazyFrame, points: int = POINTS) -> Iterator[Segments]:
    """Yield the curves (schema `frames.CURVES`, sorted by trial, metric and step) in batches of whole trials."""
    sizes = curves.group_by(ROW).agg(pl.len().alias("n").cast(pl.Int64)).sort(ROW).collect()["n"].to_numpy()
    if not sizes.size:
        return
    ends = np.cumsum(sizes)
    done = 0
    while done < sizes.size:
        offset = int(ends[done - 1]) if done else 0
        until = max(done + 1, int(np.searchsorted(ends, offset + points, side="right")))
        length = int(ends[until - 1]) - offset
        part = curves if length == ends[-1] else curves.slice(offset, length)
        yield segments(part.select(ROW, "metric", "step", "value").collect())
        done = until


def segments(points: pl.DataFrame) -> Segments:
    """Return sorted points as segments."""
    rows = points[ROW].to_numpy()
    names = points["metric"].cast(pl.String).cast(pl.Categorical)
    codes = names.to_physical().to_numpy()
    cut = np.flatnonzero((rows[1:] != rows[:-1]) | (codes[1:] != codes[:-1])) + 1
    first = np.concatenate([np.zeros(1, np.int64), cut]) if rows.size else np.empty(0, np.int64)
    return Segments(
        rows[first].astype(np.int64),
        names.gather(first).cast(pl.String),
        np.append(first, rows.size).astype(np.int64),
        points["step"].to_numpy(),
        points["value"].to_numpy(),
    )
