"""Where the curves of a table of trials come from: a file the person names, or one that lies beside the source.

Beside `sweep.csv` only names of a closed list are looked at (`sweep.curves.csv`, `sweep_history.parquet`, …), and what
is found there is taken only if at least half of its trials are known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hpi_core.errors import Cancelled, HpiError, SourceError
from hpi_core.tables.cell_curves import log_column, points_of_log, with_points
from hpi_core.tables.curve_files import ENOUGH, attach
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.locations import Found, find
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.tables.content import Content
    from hpi_core.tables.part import Part
    from hpi_core.tables.table import Table

STEMS = (".curves", "_history")
SUFFIXES = (".parquet", ".csv", ".jsonl", ".tsv", ".ndjson", ".csv.gz", ".jsonl.gz", ".tsv.gz")
ReadParts = Callable[["Content", str], "Sequence[Part]"]


def beside(path: Path) -> Path | None:
    """Return the file of curves beside a source, where one of the closed list of names is there."""
    stem = path.name
    for suffix in path.suffixes[::-1]:
        stem = stem.removesuffix(suffix) if suffix.lower() in _KNOWN else stem
    for ending in STEMS:
        for suffix in SUFFIXES:
            candidate = path.with_name(f"{stem}{ending}{suffix}")
            if candidate != path and candidate.is_file():
                return candidate
    return None


def with_logs(table: Table, folder: Path | None, read: ReadParts, *, outside: bool) -> tuple[Table, str]:
    """Return the trials with the curves of the log that a column names for each of them, and how to call these.

    Names are relative to the folder of the source. What lies outside of it is not opened unless `outside` says so.
    """
    column = log_column(table.frame)
    if column is None or folder is None or table.curves is not None:
        return table, ""
    home = folder.resolve()
    points, reasons = [], []
    for row, cell in enumerate(table.frame[column].to_list()):
        if cell is None or not cell.strip():
            continue
        try:
            path = (home / cell.strip()).resolve()
            if not outside and not path.is_relative_to(home):
                reasons.append("lies outside the folder of the source (--outside-logs opens it)")
                continue
            parts = [part for content in find(path).contents for part in read(content, path.name)]
            found = [points_of_log(part.table.frame, row) for part in parts]
            kept = [part for part in found if part is not None]
            points += kept
            if not kept:
                reasons.append("holds no numbers over steps")
        except Cancelled:
            raise
        except HpiError as error:
            reasons.append(error.message)
        except (OSError, ValueError) as error:
            reasons.append(f"cannot be opened ({type(error).__name__})")
    entries = []
    if reasons:
        message = f"{len(reasons):,} of the logs that {safe(column)} names were not read; the first {safe(reasons[0])}"
        entries.append(Entry("refused_curves", message, column=column, count=len(reasons)))
    if not points:
        return replace(table, ledger=ledger_frame(entries, [table.ledger])), ""
    message = f"{len(points):,} logs named in {safe(column)} hold the curves of their trials"
    entries.append(Entry("reshaped", message, column=column, count=len(points)))
    return with_points(table, points, entries), f"the logs in {column}"


_KNOWN = frozenset(part for suffix in (*SUFFIXES, ".json.gz", ".zst", ".txt") for part in Path(f"x{suffix}").suffixes)


def with_named_curves(table: Table, locations: Sequence[str], read: ReadParts) -> tuple[Table, str]:
    """Return the trials with the curves of the files the person named, and the name of these.

    Raises:
        SourceError: a file cannot be read, or holds no curve of any of the trials.
    """
    found = find(list(locations))
    for content, label in zip(found.contents, found.labels, strict=True):
        for part in read(content, label):
            attached = attach(table, part.table, content.name)
            if isinstance(attached, str):
                raise SourceError(
                    f"{safe(content.name)} holds no curves of these trials: {attached}.",
                    "It needs a column with the ids of the trials, one of steps, and the values.",
                )
            table = attached
    return table, found.name


def with_curves_beside(table: Table, found: Found, read: ReadParts) -> tuple[Table, str]:
    """Return the trials with the curves that lie beside their one file, and the name of that file, else "".

    What cannot be read, or does not belong to the trials, costs an entry in the ledger.
    """
    paths = [content.path for content in found.contents]
    if len(paths) != 1 or paths[0] is None or table.curves is not None:
        return table, ""
    path = beside(paths[0])
    if path is None:
        return table, ""
    try:
        parts = [part for content in find(path).contents for part in read(content, path.name)]
        reasons = []
        for part in parts:
            attached = attach(table, part.table, path.name, least=ENOUGH)
            if not isinstance(attached, str):
                return attached, path.name
            reasons.append(attached)
        reason = reasons[0] if reasons else "it holds no table"
    except Cancelled:
        raise
    except HpiError as error:
        reason = error.message
    message = f"{safe(path.name)} lies beside the source but was not taken for its curves: {reason}"
    return replace(table, ledger=ledger_frame([Entry("refused_curves", message)], [table.ledger])), ""
