"""AMLTK: the history of an optimisation with the AutoML-Toolkit, `history.parquet` beside its `configspace.json`.

Its columns say themselves what they are: `config:…` what was tried, `metric:… (maximize)` what it was for, `summary:…`
what else was measured, `profile:…` what it took.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers import parquet
from hpi_core.readers._evaluations import search_space
from hpi_core.readers._unread import SPACE, UNREAD, has_companion, unread
from hpi_core.readers.contract import StoreReader
from hpi_core.roles import RoleHints
from hpi_core.tables.content import Content
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.locations import is_address
from hpi_core.tables.nested import flatten
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table

_NAME, _SPACE = "history.parquet", "configspace.json"
_BEGINS = b"PAR1"


def claims(place: str) -> int:
    """Claim a folder with a history and a search space directly in it; a damaged history, to be told of, as well."""
    if is_address(place):
        return 0
    path = Path(place) / _NAME
    try:
        if path.is_symlink() or not path.is_file() or not (Path(place) / _SPACE).is_file():
            return 0
        with path.open("rb") as file:
            if file.read(4) == _BEGINS:
                return 85
    except OSError:
        return 0
    return UNREAD if has_companion(path, Path(place) / _SPACE, SPACE) else 0


def read_table(place: str, options: ReadOptions, progress: Progress, cancelled: Cancelled) -> Table:
    """Read a history; see `StoreReader.read_table`.

    Raises:
        SourceError: it is damaged, or holds no trial.
        Cancelled: the person asked to stop.
    """
    folder = Path(place)
    if cancelled():
        raise ReadingCancelled(f"Reading {folder.name} was stopped.")
    with (folder / _NAME).open("rb") as file:
        if file.read(4) != _BEGINS:
            raise unread(folder / _NAME, "a Parquet file")
    table = flatten(parquet.read_table(Content(_NAME, path=folder / _NAME), options, progress, cancelled))
    if not table.frame.height:
        raise SourceError(f"{place} holds no trial yet.", "AMLTK writes its history when an optimisation ends.")
    entries: list[Entry] = []
    settings = {name.partition(":")[2]: name for name in table.frame.columns if name.startswith("config:")}
    ranges = [
        replace(known, name=settings[known.name])
        for known in search_space(folder, folder, entries)
        if known.name in settings
    ]
    return replace(table, ledger=ledger_frame(entries, [table.ledger]), hints=RoleHints(ranges=tuple(ranges)))


READER = StoreReader("amltk", "AMLTK histories (history.parquet beside configspace.json)", 85, claims, read_table)
