"""What the run table can show: a source of columns and cells, either the file's head or the whole sweep.

`PreviewTable` stands before polars is imported; `SweepTable` takes its place when the sweep is there. Columns are
measured only when they come into sight, so ten thousand of them cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from hpi_core.text import safe
from hpi_tui.cell_format import MISSING, Cell, choose_format, number_writer, plain_cell

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from hpi_core.sweep import Sweep

WIDEST = 28
NARROWEST = 3
_SAMPLE = 2000
ID, STATUS = "_id", "_status"


@dataclass(frozen=True)
class ColumnLook:
    """How a column is shown: heading, width in cells, side."""

    heading: str
    width: int
    right: bool


@dataclass(frozen=True)
class RowLook:
    """What is said of a whole row: its sign, and the token it is written in."""

    sign: str = ""
    token: str = "text"


class TableSource(Protocol):
    """What the run table draws from; positions count the rows shown."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns in their natural order, the one that names the trials first."""

    @property
    def count(self) -> int:
        """How many rows are shown."""

    @property
    def objective(self) -> str | None:
        """The column trials are ranked by."""

    def look(self, name: str) -> ColumnLook:
        """Return how a column is shown."""

    def cells(self, name: str, start: int, stop: int) -> list[Cell]:
        """Return the cells of a column for rows `start` to `stop`."""

    def rows(self, start: int, stop: int) -> list[RowLook]:
        """Return what is said of rows `start` to `stop`."""

    def row_at(self, position: int) -> int:
        """Return the `_row` at a position."""


class PreviewTable:
    """The head of a file as strings, shown until the sweep is loaded."""

    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.names = tuple(names)
        self.count = len(rows)
        self.objective: str | None = None
        self._index = {name: at for at, name in enumerate(self.names)}
        self._rows = rows

    def look(self, name: str) -> ColumnLook:
        """Measure the strings that are there."""
        texts = self._texts(name, 0, self.count)
        heading = safe(name, WIDEST)
        width = max([NARROWEST, len(heading), *(len(text) for text in texts)])
        return ColumnLook(heading, min(width, WIDEST), all(_numeric(text) for text in texts))

    def cells(self, name: str, start: int, stop: int) -> list[Cell]:
        """Return the strings as they stand in the file."""
        return [Cell(text) if text else MISSING for text in self._texts(name, start, stop)]

    def rows(self, start: int, stop: int) -> list[RowLook]:
        """Nothing is known of the rows yet."""
        return [RowLook()] * max(0, min(stop, self.count) - start)

    def row_at(self, position: int) -> int:
        """Rows stand in the file's order."""
        return position

    def _texts(self, name: str, start: int, stop: int) -> list[str]:
        at = self._index[name]
        return [safe(row[at], WIDEST * 2) if at < len(row) else "" for row in self._rows[start:stop]]


class SweepTable:
    """The trials of a sweep, seen through a row-index view: `view[i]` is the `_row` at position `i`."""

    def __init__(self, sweep: Sweep, view: np.ndarray[Any, Any], best: int | None) -> None:
        self.sweep = sweep
        self.view = view
        self.best = best
        self.names = natural_columns(sweep)
        self.count = len(view)
        self.objective = sweep.roles.objective.metric if sweep.roles.objective else None
        self._log = {p.name for p in sweep.roles.hyperparameters if p.scale == "log"}
        self._measured: dict[str, tuple[ColumnLook, Callable[[Any], Cell]]] = {}

    def seen_through(self, view: np.ndarray[Any, Any]) -> SweepTable:
        """Return the same table with other rows or another order, keeping what was measured."""
        table = SweepTable(self.sweep, view, self.best)
        table._measured = self._measured
        return table

    def look(self, name: str) -> ColumnLook:
        """Return how a column is shown, measuring it when it is first asked for."""
        return self._measure(name)[0]

    def write(self, name: str, value: object) -> Cell:
        """Write one value in the format of its column."""
        return self._measure(name)[1](value)

    def cells(self, name: str, start: int, stop: int) -> list[Cell]:
        """Return the cells of a column for the rows shown from `start` to `stop`."""
        rows = self.view[start:stop]
        if name == STATUS:
            words = self.sweep.trials[STATUS].gather(rows).to_list()
            cut = self.sweep.incomplete
            return [
                Cell("incomplete") if row in cut else plain_cell(word)
                for row, word in zip(rows.tolist(), words, strict=True)
            ]
        write = self._measure(name)[1]
        return [write(value) for value in self._series(name).gather(rows).to_list()]

    def rows(self, start: int, stop: int) -> list[RowLook]:
        """Say of each row whether it is the best or cut off."""
        cut, best = self.sweep.incomplete, self.best
        return [
            RowLook("★", "good") if row == best else (RowLook("", "muted") if row in cut else RowLook())
            for row in self.view[start:stop].tolist()
        ]

    def row_at(self, position: int) -> int:
        """Return the `_row` at a position."""
        return int(self.view[position])

    def _series(self, name: str) -> pl.Series:
        return self.sweep.trials["_row"] if name == ID else self.sweep.trials[name]

    def _measure(self, name: str) -> tuple[ColumnLook, Callable[[Any], Cell]]:
        found = self._measured.get(name)
        if found is None:
            found = self._measured[name] = measure(self._series(name), name, log=name in self._log)
        return found


def natural_columns(sweep: Sweep) -> tuple[str, ...]:
    """Return the columns in reading order: id, status where it says more, objective, parameters, metrics, rest."""
    roles = sweep.roles
    first = [roles.id or ID]
    telling = {"completed", "failed"} if roles.status is not None else {"completed", "failed", "unknown"}
    if sweep.incomplete or set(sweep.trials[STATUS].unique().to_list()) - telling:
        first.append(STATUS)
    if roles.objective is not None:
        first.append(roles.objective.metric)
    last = [name for name in (*roles.constants, *roles.ignored, roles.status) if name and name not in first]
    ordered = dict.fromkeys([*first, *(p.name for p in roles.hyperparameters), *(m.name for m in roles.metrics)])
    ordered.update(dict.fromkeys(name for name in sweep.trials.columns if name not in ("_row", STATUS, *last)))
    ordered.update(dict.fromkeys(last))
    return tuple(ordered)


def measure(series: pl.Series, name: str, *, log: bool = False) -> tuple[ColumnLook, Callable[[Any], Cell]]:
    """Choose the width, side and number format of a column from a spread-out sample of its values."""
    heading = safe({ID: "trial", STATUS: "status"}.get(name, name), WIDEST)
    sample = series.gather_every(max(1, len(series) // _SAMPLE)) if len(series) > _SAMPLE else series
    right = series.dtype.is_numeric()
    if series.dtype.is_float():
        finite = sample.drop_nulls().filter(sample.drop_nulls().is_finite())
        write: Callable[[Any], Cell] = number_writer(choose_format(finite.to_list(), log=log))
        extremes = [series.min(), series.max(), *sample.to_list()]
        texts = [write(value).text for value in extremes]
    else:
        write = plain_cell
        extremes = [series.min(), series.max()] if series.dtype.is_integer() else []
        texts = [write(value).text for value in [*extremes, *sample.to_list()]]
        right = right or (bool(texts) and all(_numeric(text) for text in texts))
    if series.is_empty():
        texts = []
    longest = max((len(text) for text in texts), default=0)
    return ColumnLook(heading, max(NARROWEST, min(WIDEST, max(longest, len(heading)))), right), write


def _numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text in ("", "–")
    return True
