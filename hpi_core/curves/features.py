"""curve_features(): everything the detectors need to know of every curve, in one pass over all points.

The lazy frame is read in batches of whole trials, so a file larger than memory costs no more than a batch. Within a
batch curves of similar length stand side by side and are measured together.

Curves of metrics that are to be large are turned round first: in the features lower is better everywhere.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import cast

import numpy as np
import polars as pl

from hpi_core.curves.segments import POINTS, Segments, batches
from hpi_core.curves.shape import Shape, shape_of
from hpi_core.curves.windows import Bools, Floats, Ints
from hpi_core.frames import ROW

# Columns of `curve_features` beside `_row` and `metric`. Those ending in `_step` are steps of the source.
COUNTS = ("points", "n", "swings", "rises", "spikes", "spike_length", "late_n", "nonfinite")
LEVELS = (
    "start", "first", "best", "worst", "last", "early", "end", "very_end", "noise", "late_rise", "late_t",
    "late_spread", "last_mean", "before_mean", "change_error", "smooth_best", "half_best", "spike_score", "spike_jump",
    "held_score", "held_jump",
)  # fmt: skip
PLACES = ("best", "worst", "smooth_best", "turn", "half", "settled", "left_best", "late", "swing", "spike", "held")
SCHEMA = pl.Schema(
    {
        ROW: pl.UInt32,
        "metric": pl.String,
        **dict.fromkeys(COUNTS, pl.Int64),
        **dict.fromkeys(LEVELS, pl.Float64),
        **{f"{place}_step": pl.Int64 for place in PLACES},
        "first_step": pl.Int64,
        "last_step": pl.Int64,
        "nonfinite_step": pl.Int64,
        "last_finite_step": pl.Int64,
        "ends_nonfinite": pl.Boolean,
    }
)
_CELLS = 4_000_000
_WORKERS = min(4, max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))


def curve_features(
    curves: pl.LazyFrame, maximised: Mapping[str, bool] | None = None, *, points: int = POINTS
) -> pl.DataFrame:
    """Return one row per trial and metric with the schema `SCHEMA`, sorted by trial and metric.

    Args:
        curves: schema `frames.CURVES`, sorted by trial, metric and step.
        maximised: metric -> whether it is to be large; those it does not name are to be small.
        points: how many points to hold at once.
    """
    parts = _in_turn(batches(curves, points), maximised or {})
    return pl.concat([pl.DataFrame(schema=SCHEMA), *parts])


def _in_turn(parts: Iterator[Segments], maximised: Mapping[str, bool]) -> list[pl.DataFrame]:
    """Measure batch after batch, a few at a time (the kernels leave the interpreter free), never holding more."""
    done: list[pl.DataFrame] = []
    waiting: deque[Future[pl.DataFrame]] = deque()
    with ThreadPoolExecutor(_WORKERS) as pool:
        for part in parts:
            waiting.append(pool.submit(_batch, part, maximised))
            if len(waiting) >= _WORKERS:
                done.append(waiting.popleft().result())
        done += [future.result() for future in waiting]
    return done


def _batch(batch: Segments, maximised: Mapping[str, bool]) -> pl.DataFrame:
    start, values = batch.start, batch.values
    sign = pl.Series(batch.metrics).replace_strict(
        {name: -1.0 for name, large in maximised.items() if large}, default=1.0, return_dtype=pl.Float64
    )
    finite = np.isfinite(values)
    sizes = np.diff(start)
    last = start[1:] - 1
    cells: dict[str, Floats | Ints | pl.Series] = {
        "points": sizes,
        "first_step": batch.steps[start[:-1]],
        "last_step": batch.steps[last],
        "ends_nonfinite": ~finite[last],
    }
    kept, counts, offsets = _finite_part(batch, finite, cells)
    whole = kept is None
    flat = values if kept is None else values[kept]
    steps = batch.steps if kept is None else batch.steps[kept]
    turned = flat * np.repeat(sign.to_numpy(), counts) if (sign != 1.0).any() else flat
    shapes = _shapes(turned, counts, offsets)
    last_finite = np.where(counts > 0, steps[np.maximum(offsets[1:] - 1, 0)] if steps.size else 0, -1)
    cells["last_finite_step"] = batch.steps[last] if whole else last_finite
    absent = counts == 0
    frame: dict[str, pl.Series] = {
        ROW: pl.Series(batch.rows).cast(pl.UInt32),
        "metric": batch.metrics,
    }
    for name in SCHEMA.names()[2:]:
        place = name.removesuffix("_step")
        if name in cells:
            frame[name] = pl.Series(name, cells[name])
        elif place in PLACES and name.endswith("_step"):
            at = cast("Ints", shapes[f"{place}_at"])
            missing = absent | (at < 0)
            index = np.where(missing, 0, offsets[:-1] + np.maximum(at, 0))
            found = steps[np.minimum(index, max(steps.size - 1, 0))] if steps.size else np.zeros(at.size, np.int64)
            frame[name] = _nulled(found, missing)
        else:
            frame[name] = _nulled(shapes[name], absent if name in LEVELS else np.zeros(absent.size, bool))
    return pl.DataFrame(frame).cast(dict(SCHEMA.items())).select(SCHEMA.names())


def _finite_part(
    batch: Segments,
    finite: Bools,
    cells: dict[str, Floats | Ints | pl.Series],
) -> tuple[Bools | None, Ints, Ints]:
    """Return which points are finite (None: all), how many per segment and where each begins among them."""
    sizes = np.diff(batch.start)
    cells["nonfinite"] = np.zeros(sizes.size, np.int64)
    cells["nonfinite_step"] = pl.Series([None], dtype=pl.Int64).new_from_index(0, sizes.size)
    if finite.all():
        return None, sizes, batch.start
    broken = np.flatnonzero(~finite)
    segment = np.searchsorted(batch.start, broken, side="right") - 1
    which, first = np.unique(segment, return_index=True)
    bad = np.bincount(segment, minlength=sizes.size)
    steps = np.zeros(sizes.size, np.int64)
    steps[which] = batch.steps[broken[first]]
    cells["nonfinite"] = bad
    cells["nonfinite_step"] = _nulled(steps, bad == 0)
    counts = sizes - bad
    return finite, counts, np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


def _shapes(values: Floats, counts: Ints, offsets: Ints) -> Shape:
    """Measure curves of similar length together; those without a point get zeros."""
    out: Shape = {}
    with np.errstate(all="ignore"):
        _measure(values, counts, offsets, out)
    names = (*COUNTS, *LEVELS, *(f"{place}_at" for place in PLACES))
    return out or {name: np.zeros(counts.size) for name in names}


def _measure(values: Floats, counts: Ints, offsets: Ints, out: Shape) -> None:
    length = np.ceil(np.log2(np.maximum(counts, 1))).astype(np.int64)
    for size in np.unique(length[counts > 0]):
        rows = np.flatnonzero((length == size) & (counts > 0))
        per = max(1, _CELLS // int(counts[rows].max()))
        for chosen in (rows[i : i + per] for i in range(0, rows.size, per)):
            n = counts[chosen]
            longest = int(n.max())
            if bool((n == longest).all()) and bool((np.diff(offsets[chosen]) == longest).all()):
                begin = int(offsets[chosen[0]])
                matrix = values[begin : begin + longest * n.size].reshape(n.size, longest)
            else:
                reach = np.arange(longest)
                at = np.minimum(offsets[chosen][:, None] + reach, values.size - 1)
                matrix = np.where(reach < n[:, None], values[at], np.nan)
            for name, found in shape_of(matrix, n).items():
                if name not in out:
                    real = found.dtype.kind == "f"
                    out[name] = np.zeros(counts.size) if real else np.zeros(counts.size, np.int64)
                out[name][chosen] = found


def _nulled(values: Floats | Ints, missing: Bools) -> pl.Series:
    series = pl.Series(values)
    if not missing.any():
        return series
    return pl.select(pl.when(pl.Series(~missing)).then(series)).to_series()
