"""Table: what a file reader hands on: a typed frame, what was repaired in it, and where every line went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import polars as pl

from hpi_core import frames
from hpi_core.lines import LineCounts
from hpi_core.roles import RoleHints

if TYPE_CHECKING:
    from hpi_core.tables.content import Content

# Called with what is being done (a short phrase) and how far it is (0 to 1, or None where nobody can know).
Progress = Callable[[str, float | None], None]
# Called often; true once the person has asked to stop.
Cancelled = Callable[[], bool]


class FileReader(Protocol):
    """A reader of files, as far as who reads through it has to know it."""

    @property
    def name(self) -> str:
        """The word for what it reads."""

    @property
    def read_table(self) -> Callable[[Content, ReadOptions, Progress, Cancelled], Table]:
        """Reads everything; raises SourceError or Cancelled."""


class TableReader(Protocol):
    """Reads the table of one file as its reader does, or from what it knows of the file already."""

    def __call__(
        self, reader: FileReader, content: Content, options: ReadOptions, progress: Progress, cancelled: Cancelled
    ) -> Table:
        """Return what `reader.read_table` returns for this content, and raise what it raises."""
        ...


@dataclass(frozen=True)
class ReadOptions:
    """How to read a source.

    Attributes:
        complete: accept a last record that has no line end as complete.
        encoding: name of the encoding, or None to recognise it.
        separator: the one-character separator, or None to recognise it.
        experiment: name or id of the one experiment or study to read from a store of several, or None to choose.
        curves: files of curves that belong to the trials; None: one beside the source is looked for; empty: none is.
        outside_logs: also open logs that a column names for its trial outside the folder of the source.
        ask: raise SeveralExperimentsError where a store holds several experiments with trials and none is named.
        through: reads the tables of files in place of their readers: who follows a source keeps what it has read.
    """

    complete: bool = False
    encoding: str | None = None
    separator: str | None = None
    experiment: str | None = None
    curves: tuple[str, ...] | None = None
    outside_logs: bool = False
    through: TableReader | None = field(default=None, compare=False)
    ask: bool = False


@dataclass(frozen=True)
class Table:
    """One table as read from one file: one row per record.

    `frame` is typed (String, Float64, Int64, Boolean, Datetime, List) under the source's own, made-unique column
    names. `ledger` has the schema `frames.LEDGER`, its `row` being the index of a row of `frame`. `incomplete` holds
    the rows whose record was cut off. `curves` has the schema `frames.CURVES`, its `_row` being the index of a row of
    `frame`; None where the table holds no curves. `scanned` are such curves where they stay in their file, sorted.
    `shaped` says that a row is a trial, whatever the columns look like; `experiment` names the experiment or study of
    a store that it was read from.
    """

    frame: pl.DataFrame
    ledger: pl.DataFrame = field(default_factory=lambda: frames.empty(frames.LEDGER))
    lines: LineCounts | None = None
    incomplete: frozenset[int] = frozenset()
    hints: RoleHints = field(default_factory=RoleHints)
    curves: pl.DataFrame | None = None
    scanned: pl.LazyFrame | None = None
    shaped: bool = False
    experiment: str = ""

    def loaded(self) -> Table:
        """Return the table with curves that stayed in their file until now."""
        return self if self.scanned is None else replace(self, curves=self.scanned.collect(), scanned=None)


def silent(_what: str, _fraction: float | None) -> None:
    """Take progress and show it to nobody."""


def never() -> bool:
    """Answer that nobody has asked to stop."""
    return False
