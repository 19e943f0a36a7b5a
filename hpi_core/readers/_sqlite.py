"""A SQLite file opened to be looked at: never written, never migrated, never locked for longer than one short page.

Where nobody has left a log of unfinished writes beside the file, it is opened read-only in place. Pages of rows are
read in transactions of their own, so that a writer at full speed waits for milliseconds at most. A file whose last
writer died in the middle (a rollback journal or a write-ahead log that only a writer may clear up) is copied to a
temporary folder, and the copy is cleared up and read: nothing appears beside the file and not one byte of it changes.
So is one that was copied by halves, which SQLite itself refuses to read as long as its head promises the rest.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers._sqlite_copies import copied, missing_pages, promise_less
from hpi_core.tables.table import Cancelled, Progress, never, silent
from hpi_core.text import safe

MAGIC = b"SQLite format 3\x00"
# Rows of one page: a few milliseconds of reading, which is all a writer ever waits for.
PAGE = 5_000
_PATIENCE = 5.0
# What lasts longer is no writer's usual moment, and is told.
_TOLD_AFTER, _TOLD_EVERY = 0.5, 0.25
# SQLite's own waiting grows to a tenth of a second, in which a fast writer starts over many times.
_PAUSE = 0.002
_MOMENT = 0.03
_STEPS = 100_000
_BUSY_WORDS = ("locked", "busy")
_TABLES = (
    "SELECT m.name, c.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c "
    "WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%'"
)
Row = tuple[Any, ...]


class LockedError(SourceError):
    """A database that its writer holds for itself, for longer than anybody should wait unasked."""


class Database(Protocol):
    """What the readers of relational stores need of a database, whichever it is.

    Attributes:
        name: short name for sentences.
        tables: columns by table, all in the database's own spelling.
        damage: what could not be read, in words, one entry per table.
    """

    name: str
    tables: Mapping[str, frozenset[str]]
    damage: list[str]

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a small query; `?` marks its values."""
        ...

    def pages(self, table: str, key: str, columns: Sequence[str], where: str = "") -> Iterator[list[Row]]:
        """Yield the rows of a table in pages, in the order of its integer `key`, as far as they can be read."""
        ...


@dataclass
class Sqlite:
    """A `Database` in a SQLite file."""

    name: str
    connection: sqlite3.Connection
    cancelled: Cancelled
    tables: Mapping[str, frozenset[str]] = field(default_factory=dict)
    damage: list[str] = field(default_factory=list)
    progress: Progress = silent
    _since: float = 0.0

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query, waiting for a writer where one is busy.

        Raises:
            SourceError: locked for long, or damaged.
            Cancelled: the person asked to stop.
        """
        try:
            return self._patiently(sql, values)
        except sqlite3.DatabaseError as error:
            raise SourceError(
                f"{safe(self.name)} is a damaged SQLite database ({safe(str(error), 200)}).",
                "It may have been copied while it was written: copy it again, with its -wal file if there is one.",
            ) from error

    def pages(self, table: str, key: str, columns: Sequence[str], where: str = "") -> Iterator[list[Row]]:
        """Yield `(key, *columns)` of a table in pages of `PAGE` rows; damage ends the table and is kept in `damage`."""
        condition = f"AND ({where})" if where else ""
        sql = f"SELECT {key}, {', '.join(columns)} FROM {table} WHERE {key} > ? {condition} ORDER BY {key} LIMIT {PAGE}"
        last, size = -(2**63), PAGE
        while size == PAGE:
            try:
                page = self._patiently(sql, (last,))
            except sqlite3.DatabaseError as error:
                if page := self._until_damage(sql.replace(f"FROM {table} ", f"FROM {table} NOT INDEXED ", 1), (last,)):
                    yield page
                told = f"{table}: {error}"
                self.damage += [told] if told not in self.damage else []
                return
            size = len(page)
            if page:
                last = page[-1][0]
                yield page

    def _until_damage(self, sql: str, values: Sequence[object]) -> list[Row]:
        """Return the rows that come before the damage."""
        rows: list[Row] = []
        with contextlib.suppress(sqlite3.DatabaseError):
            rows.extend(self.connection.execute(sql, tuple(values)))
        return rows

    def _patiently(self, sql: str, values: Sequence[object]) -> list[Row]:
        """Return all rows of a query. Queries share a transaction, and so a state of the file, for a moment only."""
        if not self.connection.in_transaction:
            self.connection.execute("BEGIN")
            self._since = time.monotonic()
        try:
            return self._waited(sql, values)
        finally:
            if time.monotonic() - self._since > _MOMENT:
                self.connection.execute("COMMIT")

    def _waited(self, sql: str, values: Sequence[object]) -> list[Row]:
        started = time.monotonic()
        tell = started + _TOLD_AFTER
        while True:
            if self.cancelled():
                raise ReadingCancelled(f"Reading {safe(self.name)} was stopped.")
            try:
                return self.connection.execute(sql, tuple(values)).fetchall()
            except sqlite3.OperationalError as error:
                words = str(error).lower()
                if "interrupted" in words:
                    raise ReadingCancelled(f"Reading {safe(self.name)} was stopped.") from error
                if "decode" in words and self.connection.text_factory is str:
                    self.connection.text_factory = _forgiving
                    continue
                if not any(word in words for word in _BUSY_WORDS):
                    raise
                if time.monotonic() - started > _PATIENCE:
                    raise LockedError(
                        f"{safe(self.name)} is locked by the program that writes it.",
                        "Wait until it has finished its transaction, or open a copy.",
                    ) from error
                if time.monotonic() > tell:
                    tell = time.monotonic() + _TOLD_EVERY
                    self.progress(f"{safe(self.name, 30)} is locked by a writer, waiting", None)
                self._since = time.monotonic()  # nothing is held while waiting
                time.sleep(_PAUSE)


@contextlib.contextmanager
def opened(path: Path, cancelled: Cancelled = never, progress: Progress = silent) -> Iterator[Sqlite]:
    """Open a SQLite file for reading, and close it. That a writer is waited for is told to `progress`.

    Raises:
        LockedError: the writer did not let go of it.
        SourceError: it cannot be opened, or is damaged from the start.
        Cancelled: the person asked to stop.
    """
    with contextlib.ExitStack() as stack:
        database, missing = None, 0
        how = _way(path)
        if how != "copy":
            database = stack.enter_context(_connected(path, path.name, how, cancelled, progress))
            try:
                database.tables = _schema(database)
            except sqlite3.OperationalError:  # a journal that only a writer may roll back
                database = None
            except LockedError:
                raise
            except SourceError:
                database, missing = None, missing_pages(path)
                if not missing:
                    raise
        if database is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hpi-")))
            copy = copied(path, folder)
            if missing:
                promise_less(copy)
            database = stack.enter_context(_connected(copy, path.name, "mode=rw", cancelled, progress))
            if missing:
                database.damage.append(f"the file is cut short, its last {missing:,} pages are missing")
            try:
                database.tables = _schema(database)
            except sqlite3.OperationalError as error:
                raise _unopened(path, error) from error
        yield database


def is_sqlite(path: Path) -> bool:
    """Say whether a file begins like a SQLite database."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def wait_for_writer(path: Path, cancelled: Cancelled, progress: Progress) -> None:
    """Wait while a writer holds a SQLite file for itself; of any other file, and of a damaged one, do nothing.

    Raises:
        LockedError: the writer did not let go of it.
        Cancelled: the person asked to stop.
    """
    if not is_sqlite(path):
        return
    try:
        with opened(path, cancelled, progress):
            return
    except LockedError:
        raise
    except SourceError:  # which reading it tells in its own words
        return


def tables_of(path: Path) -> Mapping[str, frozenset[str]]:
    """Return the tables of a SQLite file with their columns; nothing where it is none or cannot be opened."""
    if not is_sqlite(path):
        return {}
    try:
        with opened(path) as database:
            return database.tables
    except SourceError:
        return {}


def unknown_database(path: Path) -> SourceError:
    """Return the sentence for a SQLite file that no reader claims."""
    try:
        with opened(path) as database:
            names = sorted(database.tables)
    except SourceError as error:
        return error
    shown = ", ".join(safe(name, 40) for name in names[:5]) + (", …" if len(names) > 5 else "")
    return SourceError(
        f"{safe(path.name)} is a SQLite database, but neither of MLflow nor of Optuna"
        + (f": its tables are {shown}." if names else ": it has no tables."),
        "Export the trials as CSV, JSON Lines or Parquet.",
    )


def _way(path: Path) -> str:
    """Return how to open the file: the query of its URI, or `copy`.

    A write-ahead log can be read in place only beside its index, which a reader would have to create.
    """
    try:
        with path.open("rb") as file:
            head = file.read(20)
        log = Path(f"{path}-wal")
        logged = log.exists() and log.stat().st_size > 0
    except OSError as error:
        raise SourceError(f"{safe(path.name)} cannot be opened ({error.strerror or error}).") from error
    if logged:
        return "mode=ro" if Path(f"{path}-shm").exists() else "copy"
    return "mode=ro&immutable=1" if head[18:19] == b"\x02" else "mode=ro"


@contextlib.contextmanager
def _connected(path: Path, name: str, how: str, cancelled: Cancelled, progress: Progress) -> Iterator[Sqlite]:
    try:
        connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?{how}", uri=True, timeout=0)
    except sqlite3.Error as error:
        raise _unopened(path, error) from error
    try:
        connection.isolation_level = None
        connection.set_progress_handler(lambda: int(cancelled()), _STEPS)
        yield Sqlite(name, connection, cancelled, progress=progress)
    finally:
        connection.close()


def _schema(database: Sqlite) -> dict[str, frozenset[str]]:
    """Return the plain tables with their columns: no views and no virtual tables, which could compute anything."""
    try:
        for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
            database._patiently(f"PRAGMA {pragma}", ())
        found = database._patiently(_TABLES, ())
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise SourceError(
            f"{safe(database.name)} is a damaged SQLite database ({safe(str(error), 200)}).",
            "It may have been copied while it was written: copy it again.",
        ) from error
    columns: dict[str, set[str]] = {}
    for table, column in found:
        if isinstance(table, str) and isinstance(column, str):
            columns.setdefault(table, set()).add(column)
    return {table: frozenset(names) for table, names in columns.items()}


def _unopened(path: Path, error: Exception) -> SourceError:
    return SourceError(
        f"{safe(path.name)} cannot be opened as a SQLite database ({safe(str(error), 200)}).",
        "Check that you may read it, and that it was copied whole.",
    )


def _forgiving(data: bytes) -> str:
    return data.decode("utf-8", "replace")
