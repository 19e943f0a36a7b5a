"""What MLflow's runs logged: histories taken run by run as they are read, and given back as last values and curves.

Of every point only what a curve needs is kept, so that a store takes little more than the curves it ends as. A metric
no run logged more than once is a value and has no curve.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from hpi_core import frames
from hpi_core.curves.measured import kind_of
from hpi_core.tables.clocks import CLOCK
from hpi_core.tables.curve_frames import whole_trials
from hpi_core.tables.ledger import Entry

# `time` is in milliseconds since 1970, and counts logged values in the order they came where it stands still.
POINTS = pl.Schema(
    {"row": pl.UInt32(), "metric": pl.Categorical(), "step": pl.Int64(), "time": pl.Int64(), "value": pl.Float64()}
)
_LAST = pl.Schema({"row": pl.UInt32(), "metric": pl.Categorical(), "value": pl.Float64()})
_ALIVE = pl.Schema({"row": pl.UInt32(), "time": pl.Int64()})
_KEPT = pl.Schema({"row": pl.UInt32(), "metric": pl.Categorical(), "step": pl.Int64(), "value": pl.Float64()})
_PARTS, _LEAST = 32, 8_192
# Times before this (1973) are counts: of values in the order they came.
_FIRST_TIME = 100_000_000_000
Integers = np.ndarray[tuple[int, ...], np.dtype[Any]]


@dataclass
class Histories:
    """The histories of the runs so far; `row` is the place of a run among those that were read.

    Attributes:
        several: the metrics that some run logged more than once.
        still: histories that were logged without steps.
        replaced: values that were logged again at the same step.
    """

    several: set[str] = field(default_factory=set)
    still: int = 0
    replaced: int = 0
    _last: list[pl.DataFrame] = field(default_factory=lambda: [frames.empty(_LAST)])
    _alive: list[pl.DataFrame] = field(default_factory=lambda: [frames.empty(_ALIVE)])
    _kept: list[pl.DataFrame] = field(default_factory=list)

    def take(self, points: pl.DataFrame) -> None:
        """Take the `POINTS` of whole runs, in the order they were logged; no other call holds points of these runs."""
        if points.is_empty():
            return
        points = points.sort("row", "metric", "step", "time", maintain_order=True)
        row, metric = points["row"].to_numpy(), points["metric"].to_physical().to_numpy()
        step = points["step"].to_numpy()
        begins = np.concatenate([[True], (row[1:] != row[:-1]) | (metric[1:] != metric[:-1])])
        starts = np.flatnonzero(begins)
        ends = np.append(starts[1:], len(row)) - 1
        self._last.append(points[ends].select(_LAST.names()))
        runs = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))
        times = np.maximum.reduceat(points["time"].to_numpy(), runs)
        self._alive.append(pl.DataFrame({"row": row[runs], "time": times}, schema=_ALIVE))
        many = starts != ends
        self.several |= set(points["metric"].gather(starts[many]).unique().to_list())
        still = many & (step[starts] == step[ends])
        if still.any():
            self.still += int(still.sum())
            order = np.arange(len(row)) - np.repeat(starts, ends - starts + 1)
            step = np.where(np.repeat(still, ends - starts + 1), order, step)
            points = points.with_columns(pl.Series("step", step))
        last_of_step = np.append(begins[1:] | (step[1:] != step[:-1]), True)
        self.replaced += int((~last_of_step).sum())
        kept = points if last_of_step.all() else points.filter(pl.Series(last_of_step))
        self._kept.append(self._with_times(kept, np.repeat(many, ends - starts + 1)[last_of_step]))

    def _with_times(self, points: pl.DataFrame, curved: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> pl.DataFrame:
        """Return the points without their times, which become a metric of their own: seconds since 1970 of each step.

        Only points of curves tell the time: a result is often logged at step 0 when all is done.
        """
        real = pl.Series(curved) & (points["time"] > _FIRST_TIME)
        times = points.filter(real).group_by("row", "step").agg(pl.col("time").min() / 1000).rename({"time": "value"})
        passing = times.filter(pl.col("value").n_unique().over("row") > 1)
        plain = points.select(_KEPT.names())
        if passing.is_empty() or (points["metric"] == CLOCK).any():
            return plain
        self.several.add(CLOCK)
        clock = passing.with_columns(pl.lit(CLOCK).cast(pl.Categorical).alias("metric")).select(_KEPT.names())
        return pl.concat([plain, clock]).sort("row", "metric", "step")

    def take_all(self, points: pl.DataFrame) -> None:
        """Take the `POINTS` of all runs, which may stand in any order."""
        if not points["row"].is_sorted():
            points = points.sort("row", maintain_order=True)
        for part in whole_trials(points, "row"):
            self.take(part)

    def last(self) -> pl.DataFrame:
        """Return `row, metric, value`: the last value of every metric of every run, of the highest step the latest."""
        return pl.concat(self._last)

    def alive(self) -> pl.DataFrame:
        """Return `row, time`: when each run logged its last value, in milliseconds since 1970."""
        return pl.concat(self._alive)

    def curves(self, place: pl.Series, entries: list[Entry]) -> pl.DataFrame | None:
        """Return the histories as curves, and keep none; None where no metric was logged twice.

        Args:
            place: for every row the place of its run among the trials, null where it is none.
            entries: where the ledger's notes go.
        """
        if not self.several:
            return None
        if self.still:
            message = f"{self.still:,} histories were logged without steps: their steps are the order of logging"
            entries.append(Entry("reshaped", message, count=self.still))
        if self.replaced:
            message = f"{self.replaced:,} values were logged again at the same step: the last of them counts"
            entries.append(Entry("reshaped", message, count=self.replaced))
        points = pl.concat(self._kept, rechunk=True)
        self._kept = []
        if any(name != CLOCK and kind_of(name) == "clock" for name in self.several):
            self.several.discard(CLOCK)
        curved = pl.col("metric").is_in(pl.Series(sorted(self.several), dtype=pl.Categorical).implode())
        blocks = []
        for part in _by_place(points, place.to_numpy()):
            placed = part.with_columns(place.gather(part["row"]).alias("_row")).filter(curved)
            blocks.append(placed.select(pl.col(name).cast(dtype) for name, dtype in frames.CURVES.items()))
        return pl.concat(blocks, rechunk=False)


def _by_place(points: pl.DataFrame, place: Integers) -> Iterator[pl.DataFrame]:
    """Yield the points of whole runs in the order of their places, in parts that are small beside all of them."""
    row = points["row"].to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))
    counts = np.diff(np.append(starts, len(row)))
    turn = np.argsort(place[row[starts]], kind="stable")
    part = np.cumsum(counts[turn]) // max(len(row) // _PARTS, _LEAST)
    for runs in np.split(turn, np.flatnonzero(np.diff(part)) + 1):
        if (np.diff(runs) == 1).all():
            yield points.slice(starts[runs[0]], int(counts[runs].sum()))
        else:
            yield points[np.concatenate([np.arange(starts[run], starts[run] + counts[run]) for run in runs])]
