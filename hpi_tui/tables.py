"""What the run table can show: a source of columns and cells, either the file's head or the whole sweep.

`PreviewTable` stands before polars is imported; `SweepTable` takes its place when the sweep is there. Columns are
measured only when they come into sight, so ten thousand of them cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from hpi_core.text import safe
from hpi_tui.cell_format import MISSING, Cell, choose_format, number_writer, plain_cell

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from hpi_core.charts.sick import Standing
    from hpi_core.sweep import Sweep
    from hpi_core.triage import Decision

WIDEST = 28
NARROWEST = 3
_HEADING_WIDEST = 14  # a longer name widens no column: what stands below it is what is read
_SAMPLE = 2000
ID, STATUS = "_id", "_status"
ISSUES, DECISION = ":issues", ":decision"  # columns the app adds; no source column is likely to be called so
ADDED = frozenset({ID, ISSUES, DECISION})
WORDS = {"acknowledged": "ack", "rerun": "rerun", "ignored": "ignore"}
_ISSUES_WIDEST = 16
_INCOMPLETE = "incomplete"
_SIGNS = {"error": ("✗", "err"), "warn": ("!", "warn")}


@dataclass(frozen=True)
class ColumnLook:
    """How a column is shown: heading, width in cells, side."""

    heading: str
    width: int
    right: bool


@dataclass(frozen=True)
class RowLook:
    """What is said of a whole row: its sign, and the token its sign, id and issues are written in.

    A muted row is muted as a whole; of the best trial the objective is coloured as well.
    """

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
        longest = max((len(text) for text in texts), default=0)
        return _headed(name, longest, all(_numeric(text) for text in texts))

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
    """The trials of a sweep, seen through a row-index view: `view[i]` is the `_row` at position `i`.

    With `like`, the columns stand in the order they had in another table: nobody who reads is to lose their place.
    """

    def __init__(
        self,
        sweep: Sweep,
        view: np.ndarray[Any, Any],
        best: int | None,
        standing: Standing | None = None,
        decided: Mapping[int, Decision] | None = None,
        *,
        like: SweepTable | None = None,
    ) -> None:
        self.sweep = sweep
        self.view = view
        self.best = best
        self.standing = standing
        self.decided = {} if decided is None else decided
        names = natural_columns(sweep, () if standing is None else _suspects(standing))
        names = names if like is None else like._ordered(names)
        if STATUS in names and _says_the_same(sweep):
            names = tuple(name for name in names if name != sweep.roles.status)
        self._natural = names
        lead = (names[0], ISSUES) if standing is not None and len(standing.sick_rows) else names[:1]
        self._undecided, self._decided = (*lead, *names[1:]), (*lead, DECISION, *names[1:])
        self.count = len(view)
        self.objective = sweep.roles.objective.metric if sweep.roles.objective else None
        self._log = {p.name for p in sweep.roles.hyperparameters if p.scale == "log"}
        self._measured: dict[str, tuple[ColumnLook, Callable[[Any], Cell]]] = {}
        self._best_of: dict[str | None, int] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns in their natural order; that of the decisions once there is one."""
        return self._decided if self.decided else self._undecided

    def best_for(self, row: int) -> int | None:
        """Return the best trial a trial is compared with: that of its own sweep where the source mixes several."""
        if self.sweep.roles.group is None:
            return self.best
        from hpi_core.charts.standing import best_of_each, sweep_of_trial

        if self._best_of is None:
            self._best_of = best_of_each(self.sweep, None if self.standing is None else self.standing.inspection)
        return self._best_of.get(sweep_of_trial(self.sweep, row))

    def seen_through(self, view: np.ndarray[Any, Any]) -> SweepTable:
        """Return the same table with other rows or another order, keeping what was measured."""
        table = SweepTable(self.sweep, view, self.best, self.standing, self.decided, like=self)
        table._measured, table._best_of = self._measured, self._best_of
        return table

    def _ordered(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return these columns in the order of this table, whose column of states stays where there was one."""
        states = (STATUS,) if STATUS in names or STATUS in self._natural else ()
        kept = [name for name in self._natural if name in set(names)]
        return tuple(dict.fromkeys([*kept[:1], *states, *kept[1:], *names]))

    def keep_measures(self, other: SweepTable) -> None:
        """Take over how the columns of the same sweep were measured."""
        self._measured = {name: look for name, look in other._measured.items() if name not in ADDED}

    def keep_fitting(self, other: SweepTable, rows: Sequence[int]) -> None:
        """Take over how columns were measured before these rows came or changed, where these fit in."""
        before, now = other.sweep.trials.schema, self.sweep.trials.schema
        for name, (look, write) in other._measured.items():
            if name in ADDED or now.get(name) != before.get(name) or name not in now:
                continue
            if name == STATUS and self.sweep.incomplete and look.width < len(_INCOMPLETE):
                continue
            texts = (write(value).text for value in self.sweep.trials[name].gather(list(rows)).to_list())
            if all(len(text) <= look.width or look.width >= WIDEST for text in texts):
                self._measured[name] = (look, write)

    def look(self, name: str) -> ColumnLook:
        """Return how a column is shown, measuring it when it is first asked for."""
        return self._measure(name)[0]

    def write(self, name: str, value: object) -> Cell:
        """Write one value in the format of its column."""
        return self._measure(name)[1](value)

    def cells(self, name: str, start: int, stop: int) -> list[Cell]:
        """Return the cells of a column for the rows shown from `start` to `stop`."""
        rows = self.view[start:stop]
        if name == ISSUES and self.standing is not None:
            return [Cell(tags) for tags in self.standing.tags.gather(rows).to_list()]
        if name == DECISION:
            return [decision_cell(self.decided.get(row)) for row in rows.tolist()]
        if name == STATUS:
            words = self.sweep.trials[STATUS].gather(rows).to_list()
            cut = self.sweep.incomplete
            return [
                Cell(_INCOMPLETE) if row in cut else plain_cell(word)
                for row, word in zip(rows.tolist(), words, strict=True)
            ]
        write = self._measure(name)[1]
        return [write(value) for value in self._series(name).gather(rows).to_list()]

    def rows(self, start: int, stop: int) -> list[RowLook]:
        """Say of each row whether it is sick, decided, the best or cut off."""
        return [self._said(row) for row in self.view[start:stop].tolist()]

    def _said(self, row: int) -> RowLook:
        if row == self.best_for(row):
            return RowLook("★", "good")
        severity = self.standing.severity(row) if self.standing is not None else None
        sign, token = _SIGNS[severity] if severity is not None else ("", "text")
        decision = self.decided.get(row)
        handled = (decision is not None and decision.verdict is not None) or row in self.sweep.incomplete
        return RowLook(sign, "muted" if handled else token)

    def row_at(self, position: int) -> int:
        """Return the `_row` at a position."""
        return int(self.view[position])

    def _series(self, name: str) -> pl.Series:
        return self.sweep.trials["_row"] if name == ID else self.sweep.trials[name]

    def _measure(self, name: str) -> tuple[ColumnLook, Callable[[Any], Cell]]:
        found = self._measured.get(name)
        if found is None and name == DECISION:
            found = (ColumnLook("decision", 8, False), plain_cell)
        elif found is None and name == ISSUES and self.standing is not None:
            longest = int(self.standing.tags.str.len_chars().max() or 0)  # type: ignore[arg-type]
            found = (ColumnLook("issues", max(6, min(_ISSUES_WIDEST, longest)), False), plain_cell)
        if found is None:
            twice = name == self.sweep.roles.status and column_name(STATUS) == name and STATUS in self._natural
            found = measure(self._series(name), f"own {name}" if twice else name, log=name in self._log)
            if name == STATUS and self.sweep.incomplete:
                found = (replace(found[0], width=max(found[0].width, len(_INCOMPLETE))), found[1])
        self._measured[name] = found
        return found


def column_name(name: str) -> str:
    """Return what a column is called on the screen: the source's own by their names, those the app adds in a word."""
    return {ID: "trial", STATUS: "status", ISSUES: "issues", DECISION: "decision"}.get(name, name)


def decision_cell(decision: Decision | None) -> Cell:
    """Write what was decided in one word, `n` behind it where there is a note."""
    if decision is None:
        return Cell("")
    words = [WORDS[decision.verdict]] if decision.verdict is not None else []
    return Cell(" ".join([*words, "n"] if decision.note else words), token="you")


def natural_columns(sweep: Sweep, suspects: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the columns in reading order: id, status where it says more, objective, parameters, metrics, rest.

    `suspects` are the columns that stand before the other parameters.
    """
    roles = sweep.roles
    first = [roles.id or ID]
    flagged = {"completed", "failed", "oom", "timeout"}  # the ways to fail are issues and stand among those
    known = flagged if roles.status is not None else flagged | {"unknown"}
    if sweep.incomplete or set(sweep.trials[STATUS].unique().to_list()) - known:
        first.append(STATUS)
    if roles.objective is not None:
        first += [roles.objective.metric, *(name for name, _ in sweep.other_objectives)]
    last = [name for name in (*roles.constants, *roles.ignored, roles.status) if name and name not in first]
    middle = [*suspects, *(p.name for p in roles.hyperparameters), *(m.name for m in roles.metrics)]
    ordered = dict.fromkeys([*first, *middle])
    ordered.update(dict.fromkeys(name for name in sweep.trials.columns if name not in ("_row", STATUS, *last)))
    ordered.update(dict.fromkeys(last))
    return tuple(ordered)


def _says_the_same(sweep: Sweep) -> bool:
    """Whether the source's own words of how trials ended are those of the column the app adds."""
    own = sweep.roles.status
    if own is None:
        return False
    known = ~sweep.trials["_row"].is_in(sorted(sweep.incomplete))
    words = sweep.trials.filter(known).select(own, STATUS).unique()
    return all(str(word or "unknown").casefold() == status for word, status in words.iter_rows())


def _suspects(standing: Standing) -> list[str]:
    """Return the columns that causes name, the strongest first, then those of leads."""
    causes = [cause.parameter for cause in standing.inspection.causes]
    return list(dict.fromkeys([*causes, *(lead.parameter for lead in standing.inspection.leads)]))


def measure(series: pl.Series, name: str, *, log: bool = False) -> tuple[ColumnLook, Callable[[Any], Cell]]:
    """Choose the width, side and number format of a column from a spread-out sample of its values."""
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
    return _headed(column_name(name), longest, right), write


def _headed(name: str, longest: int, right: bool) -> ColumnLook:
    """Return the look of a column by its name and longest cell; of a long name the middle is left out."""
    heading = safe(name)
    width = max(NARROWEST, min(longest, WIDEST), min(len(heading), _HEADING_WIDEST))
    if len(heading) > width:
        head = (width - 1) // 2
        heading = f"{heading[:head]}…{heading[head + 1 - width :]}"
    return ColumnLook(heading, width, right)


def _numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text in ("", "–")
    return True
