"""Where the curves of a table of trials come from: a file the person names, or one that lies beside the source.

Beside `sweep.csv` only names of a closed list are looked at (`sweep.curves.csv`, `sweep_history.parquet`, …), and what
is found there is taken only if at least half of its trials are known. Of several sources each has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hpi_core.errors import Cancelled, HpiError, SourceError
from hpi_core.tables.cell_curves import curves_in_cells, log_column, points_of_log, with_points
from hpi_core.tables.curve_files import ENOUGH, attach
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.locations import Found, find
from hpi_core.tables.shape import reshape
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.tables.content import Content
    from hpi_core.tables.part import Part
    from hpi_core.tables.table import Table

STEMS = (".curves", "_history")
SUFFIXES = (".parquet", ".csv", ".jsonl", ".tsv", ".ndjson", ".csv.gz", ".jsonl.gz", ".tsv.gz")
# Of a content too large to hold: the trials with its curves, or the reason why it has none of theirs; else None.
Large = Callable[["Table", "Content", float], "Table | str | None"]
ReadParts = Callable[["Content", str], "Sequence[Part]"]


@dataclass(frozen=True)
class Reading:
    """How files of curves are read: small ones, large ones, and whether logs outside the source's folder are."""

    parts: ReadParts
    large: Large
    outside: bool = False


def beside(path: Path) -> Path | None:
    """Return the file of curves beside a source, where one of the closed list of names is there."""
    return next((candidate for candidate in _candidates(path) if candidate != path and candidate.is_file()), None)


def _candidates(path: Path) -> list[Path]:
    stem = _stem(path)
    return [path.with_name(f"{stem}{ending}{suffix}") for ending in STEMS for suffix in SUFFIXES]


def _stem(path: Path) -> str:
    stem = path.name
    for suffix in path.suffixes[::-1]:
        stem = stem.removesuffix(suffix) if suffix.lower() in _KNOWN else stem
    return stem


_KNOWN = frozenset(part for suffix in (*SUFFIXES, ".json.gz", ".zst", ".txt") for part in Path(f"x{suffix}").suffixes)


def without_companions(found: Found) -> Found:
    """Return what was found without the files that are the curves beside another of them."""
    if len(found.contents) < 2:
        return found
    paths = {content.path for content in found.contents if content.path is not None}
    curves = {
        candidate for path in paths for candidate in _candidates(path) if candidate in paths and candidate != path
    }
    kept = [at for at, content in enumerate(found.contents) if content.path not in curves]
    if not curves or not kept:
        return found
    return replace(
        found, contents=tuple(found.contents[at] for at in kept), labels=tuple(found.labels[at] for at in kept)
    )


@dataclass(frozen=True)
class Attached:
    """The trials with their curves, and what the source of these is called (empty where nothing was found)."""

    table: Table
    name: str = ""


def with_named_curves(table: Table, locations: Sequence[str], reading: Reading) -> Attached:
    """Return the trials with the curves of the files the person named.

    Raises:
        SourceError: a file cannot be read, or holds no curve of any of the trials.
    """
    found = find(list(locations))
    if len(found.contents) == 1:
        attached = reading.large(table, found.contents[0], 0.0)
        if isinstance(attached, str):
            raise _refusal(found.contents[0].name, attached)
        if attached is not None:
            return Attached(attached, found.name)
    for content, label in zip(found.contents, found.labels, strict=True):
        for part in reading.parts(content, label):
            attached = attach(table, part.table, content.name)
            if isinstance(attached, str):
                raise _refusal(content.name, attached)
            table = attached
    return Attached(table, found.name)


def own_curves(table: Table, path: Path | None, reading: Reading, *, alone: bool = True) -> Attached:
    """Return the trials with the curves that lie beside their file, in their cells, or in logs that a column names.

    Args:
        table: the trials, with or without curves.
        path: their file, None where they have none.
        reading: how files are read.
        alone: the trials are those of this file only, so that what lies beside it can be theirs.
    """
    attached = with_curves_beside(table, path, reading) if alone else Attached(table)
    table = attached.table
    if attached.name or table.curves is not None or table.scanned is not None:
        return attached
    cells = curves_in_cells(table)
    if cells.curves is not None:
        return Attached(cells)
    return with_logs(table, None if path is None else path.absolute().parent, reading)


def curves_of_each(parts: Sequence[tuple[Part, Path | None]], reading: Reading) -> tuple[list[Part], str]:
    """Return several parts, each with the curves that lie beside its file, and what the files of curves are called.

    Where one has such curves, those in cells and in logs are taken part by part as well, and so they are where logs are
    named in files of several folders; else that is left for the trials of all.
    """
    held = {at: reshape(part.table) for at, (part, path) in enumerate(parts) if path is not None and beside(path)}
    found = {at: with_curves_beside(table, parts[at][1], reading) for at, table in held.items()}
    folders = {path.parent for part, path in parts if path is not None and log_column(part.table.frame) is not None}
    if len(folders) > 1 or any(attached.name for attached in found.values()):
        for at, (part, path) in enumerate(parts):
            if path is not None and (at not in found or not found[at].name):
                found[at] = own_curves(held.get(at) or reshape(part.table), path, reading)
    names = [attached.name for at, attached in sorted(found.items()) if attached.name]
    out = [
        replace(part, table=found[at].table, whole=bool(found[at].name)) if at in found else part
        for at, (part, _) in enumerate(parts)
    ]
    return out, names[0] if len(names) == 1 else f"{len(names)} files" if names else ""


def _refusal(name: str, why: str) -> SourceError:
    return SourceError(
        f"{safe(name)} holds no curves of these trials: {why}.",
        "It needs a column with the ids of the trials, one of steps, and the values.",
    )


def with_curves_beside(table: Table, path: Path | None, reading: Reading) -> Attached:
    """Return the trials of one file with the curves that lie beside it.

    What cannot be read, or does not belong to the trials, costs an entry in the ledger.
    """
    first = path if table.curves is None and table.scanned is None else None
    path = beside(first) if first is not None else None
    if path is None:
        return Attached(table)
    try:
        contents = find(path).contents
        on_disk = reading.large(table, contents[0], ENOUGH)
        if on_disk is not None and not isinstance(on_disk, str):
            return Attached(on_disk, path.name)
        reason = on_disk or "it holds no table"
        contents = () if on_disk is not None else contents
        for part in [part for content in contents for part in reading.parts(content, path.name)]:
            attached = attach(table, part.table, path.name, least=ENOUGH)
            if not isinstance(attached, str):
                return Attached(attached, path.name)
            reason = attached
    except Cancelled:
        raise
    except HpiError as error:
        reason = error.message
    message = f"{safe(path.name)} lies beside the source but was not taken for its curves: {reason}"
    return Attached(replace(table, ledger=ledger_frame([Entry("refused_curves", message)], [table.ledger])))


def with_logs(table: Table, folder: Path | None, reading: Reading) -> Attached:
    """Return the trials with the curves of the log that a column names for each of them.

    Names are relative to the folder of the source; what lies outside of it is opened only if `reading` says so.
    """
    column = log_column(table.frame)
    if column is None or folder is None or table.curves is not None:
        return Attached(table)
    home = folder.resolve()
    points, reasons = [], []
    for row, cell in enumerate(table.frame[column].to_list()):
        if cell is None or not cell.strip():
            continue
        try:
            path = (home / cell.strip()).resolve()
            if not reading.outside and not path.is_relative_to(home):
                reasons.append("lies outside the folder of the source (--outside-logs opens it)")
                continue
            parts = [part for content in find(path).contents for part in reading.parts(content, path.name)]
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
        return Attached(replace(table, ledger=ledger_frame(entries, [table.ledger])))
    message = f"{len(points):,} logs named in {safe(column)} hold the curves of their trials"
    entries.append(Entry("reshaped", message, column=column, count=len(points)))
    return Attached(with_points(table, points, entries), f"the logs in {column}")
