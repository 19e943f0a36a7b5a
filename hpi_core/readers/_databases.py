"""Relational databases by their URL, through SQLAlchemy, which comes with the trackers' own libraries.

Only SELECT is sent, each in a transaction of its own that is rolled back.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers._sqlite import PAGE, Row
from hpi_core.tables.locations import address_for_people
from hpi_core.tables.table import Cancelled
from hpi_core.text import safe

_MYSQL = (("pymysql", "pymysql"), ("mysqldb", "MySQLdb"), ("mysqlconnector", "mysql"))
_DRIVERS = {
    "postgresql": (("psycopg", "psycopg"), ("psycopg2", "psycopg2"), ("pg8000", "pg8000")),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
}
# Driver as an address names it -> the package that brings it.
_PACKAGES = {
    "psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary", "pg8000": "pg8000", "pymysql": "pymysql",
    "mysqldb": "mysqlclient", "mysqlconnector": "mysql-connector-python",
}  # fmt: skip
SCHEMES = frozenset({"postgresql", "postgres", "mysql", "mariadb", "mssql", "oracle"})


@dataclass
class Connected:
    """A `Database` behind a URL."""

    name: str
    connection: Any
    cancelled: Cancelled
    tables: Mapping[str, frozenset[str]] = field(default_factory=dict)
    damage: list[str] = field(default_factory=list)

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query; `?` marks its values.

        Raises:
            SourceError: the database refuses.
            Cancelled: the person asked to stop.
        """
        import sqlalchemy

        if self.cancelled():
            raise ReadingCancelled(f"Reading {self.name} was stopped.")
        statement = self.statement(sql, values, self.connection.dialect.name)
        try:
            with self.connection.begin() as transaction:
                found = self.connection.execute(statement).fetchall()
                transaction.rollback()
        except sqlalchemy.exc.SQLAlchemyError as error:
            raise _refused(self.name, error) from error
        return [tuple(row) for row in found]

    @staticmethod
    def statement(sql: str, values: Sequence[object], dialect: str) -> Any:
        """Return a query in SQLAlchemy's form, its names quoted as the dialect does it."""
        import sqlalchemy

        named = {f"v{number}": value for number, value in enumerate(values)}
        for name in named:
            sql = sql.replace("?", f":{name}", 1)
        if dialect in ("mysql", "mariadb"):
            sql = sql.replace('"', "`")
        return sqlalchemy.text(sql).bindparams(**named)

    def pages(self, table: str, key: str, columns: Sequence[str], where: str = "") -> Iterator[list[Row]]:
        """Yield `(key, *columns)` of a table in pages."""
        condition = f"AND ({where})" if where else ""
        last, size = -1, PAGE
        while size == PAGE:
            page = self.rows(
                f"SELECT {key}, {', '.join(columns)} FROM {table} WHERE {key} > ? {condition} "
                f"ORDER BY {key} LIMIT {PAGE}",
                (last,),
            )
            size = len(page)
            if page:
                last = page[-1][0]
                yield page


@contextlib.contextmanager
def connected(address: str, extra: str, cancelled: Cancelled) -> Iterator[Connected]:
    """Connect to the database at a URL.

    Raises:
        SourceError: the library or the driver is not installed (the hint installs it), or nobody answers.
        Cancelled: the person asked to stop.
    """
    shown = address_for_people(address)
    try:
        import sqlalchemy
    except ImportError:
        raise missing_extra(shown, extra) from None
    try:
        engine = sqlalchemy.create_engine(_with_driver(address))
        with contextlib.closing(engine.connect()) as connection:
            database = Connected(safe(shown), connection, cancelled)
            inspector = sqlalchemy.inspect(connection)
            database.tables = {
                table: frozenset(column["name"] for column in inspector.get_columns(table))
                for table in inspector.get_table_names()
            }
            connection.rollback()
            yield database
        engine.dispose()
    except ImportError as error:
        raise _missing_driver(address, safe(shown), error) from error
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise _refused(safe(shown), error) from error


def _with_driver(address: str) -> str:
    """Return the address with a driver that is installed, where it names none; which one serves makes no difference."""
    address = re.sub(r"^postgres(?=[:+])", "postgresql", address)
    kind = address.split(":", 1)[0]
    for driver, module in _DRIVERS.get(kind, ()):
        if _installed(module):
            return address.replace(kind, f"{kind}+{driver}", 1)
    return address


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def missing_extra(what: str, extra: str) -> SourceError:
    """Return the sentence for a source that needs an optional extra which is not installed."""
    return SourceError(
        f"{safe(what)} needs the optional extra {extra}, which is not installed.",
        f"Install it: pip install 'hpi-tui[{extra}]'",
    )


def _missing_driver(address: str, shown: str, error: ImportError) -> SourceError:
    """Return the sentence for a database whose driver is not installed, with the command that installs one."""
    kind, _, named = address.split(":", 1)[0].lower().partition("+")
    package = _PACKAGES.get(named) or next((_PACKAGES[driver] for driver, _ in _DRIVERS.get(kind, ())), None)
    what = f"{shown} needs the Python driver {safe(error.name or str(error), 60)}, which is not installed."
    if package is None:
        return SourceError(what, "SQLAlchemy's documentation names the package of the driver; export as CSV otherwise.")
    return SourceError(what, f"Install it: pip install '{package}'")


# What drivers say, in the words of PostgreSQL, MySQL and MariaDB: what it means, and what to do about it.
_MEANINGS = (
    (
        re.compile(r"password|authentication|access denied for user '[^']*'@'[^']*' \(using", re.IGNORECASE),
        "the user or the password is not accepted",
        "Check both in the address: postgresql://USER:PASSWORD@HOST/DATABASE; special characters as %40 for @.",
    ),
    (
        re.compile(r'database "[^"]*" does not exist|unknown database|access denied .* to database', re.IGNORECASE),
        "the server has no such database, or does not show it to this user",
        "Check the last part of the address, and what the user may read.",
    ),
    (
        re.compile(r"refused|resolve|getaddrinfo|name or service|timed? ?out|no route|can't connect", re.IGNORECASE),
        "nobody answers there",
        "Check host and port of the address, that the server runs, and that it lets this machine in.",
    ),
)


def _refused(name: str, error: Exception) -> SourceError:
    reason = str(getattr(error, "orig", None) or error).splitlines() or [""]
    said = safe(address_for_people(reason[0]), 200)
    for pattern, meaning, hint in _MEANINGS:
        if pattern.search(said):
            return SourceError(f"{name} cannot be read: {meaning} ({said.rstrip('.')}).", hint)
    return SourceError(f"{name} cannot be read: {said.rstrip('.')}.", "Check the address, and that the server runs.")
