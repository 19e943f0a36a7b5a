"""The stages of reading, in order: find, unpack, choose a reader, read each file, put them together, tell the shape."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import polars as pl

import hpi_core.readers
from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import Choice, HpiError, SeveralExperimentsError, SourceError, UsageError
from hpi_core.frames import ROW
from hpi_core.last_words import reading
from hpi_core.lines import LineCounts
from hpi_core.plugins import discover
from hpi_core.readers._below import from_above
from hpi_core.readers._curves import (
    Attached,
    Reading,
    curves_of_each,
    own_curves,
    with_named_curves,
    without_companions,
)
from hpi_core.readers._large_logs import large_log
from hpi_core.readers._large_text import large_text
from hpi_core.readers._packed import is_packed_store, on_disk
from hpi_core.readers._part_of_run import part_of_store, whole_run
from hpi_core.readers._sqlite import LockedError, is_sqlite, unknown_database, wait_for_writer
from hpi_core.readers.contract import CERTAIN, Experiment, Reader, StoreReader
from hpi_core.roles import RoleOverrides
from hpi_core.sweep import Source, Sweep
from hpi_core.tables.compression import compression, inflate
from hpi_core.tables.content import Content
from hpi_core.tables.foreign import foreign_kind, refuse_foreign
from hpi_core.tables.large_curves import LARGE, attach_large, large_parquet
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.locations import Found, Location, find, fingerprint, labels, look_into
from hpi_core.tables.nested import flatten, unique
from hpi_core.tables.part import Part
from hpi_core.tables.shape import reshape
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table, never, silent
from hpi_core.tables.together import join
from hpi_core.text import safe

_HEAD = 64 << 10
# Stores that are files of one table after all.
_FILES = frozenset({"excel"})


@dataclass(frozen=True)
class _Outcome:
    """What became of one file: its tables, or the sentence why there is none."""

    parts: tuple[Part, ...] = ()
    refused: tuple[tuple[str, HpiError], ...] = ()
    refused_lines: int = 0


def read_sweep(
    location: Location, options: ReadOptions, overrides: RoleOverrides | None, progress: Progress, cancelled: Cancelled
) -> Sweep:
    """Carry out `hpi_core.readers.read`."""
    found, aside = from_above(find(location), _stores(), choose_store, _wait(cancelled, progress))
    try:
        found = look_into(found, lambda place: choose_store(place) is not None)
    except SourceError as error:
        raise part_of_store(found, choose_store) or error from error
    if options.curves is None:
        found, told = whole_run(found, choose_store)
        aside = [*aside, *told]
    if options.ask and options.experiment is None and len(found.contents) == 1:
        _ask_which(found.contents[0], progress, cancelled)
    reading = _reading_curves(options, progress, cancelled)
    found = without_companions(found) if options.curves is None else found
    outcomes: list[_Outcome] = []
    for index, content in enumerate(found.contents):
        if cancelled():
            raise ReadingCancelled(f"Reading {found.name} was stopped.")
        outcomes.append(_read_content(content, found.labels[index], options, _nth(progress, index, found), cancelled))
    parts = [part for outcome in outcomes for part in outcome.parts]
    refused = [pair for outcome in outcomes for pair in outcome.refused]
    if not parts:
        raise _all_refused(found, refused)
    if options.experiment is not None and not any(part.table.experiment for part in parts):
        raise UsageError(
            f"{safe(found.name)} holds no experiments or studies to choose from.", "Leave --experiment (--study) out."
        )
    progress("telling the shape", None)
    own = ""
    if len(parts) > 1 and options.curves is None:
        parts, own = curves_of_each(list(zip(parts, _paths(found, outcomes), strict=True)), reading)
    table = join(parts, found.name, strict=found.folder) if len(parts) > 1 else reshape(parts[0].table)
    entries = [*aside, *(Entry("refused_file", f"{safe(name)}: {error.message}") for name, error in refused)]
    table = replace(table, ledger=ledger_frame(entries, [table.ledger]))
    lost = sum(outcome.refused_lines for outcome in outcomes)
    if lost:
        table = replace(table, lines=(table.lines or LineCounts()) + LineCounts(refused=lost))
    attached = _with_curves(table, found, options, reading)
    table = attached.table
    kinds = sorted({part.kind for part in parts})
    source = Source(
        kind=kinds[0] if len(kinds) == 1 else "+".join(kinds),
        location=found.location,
        name=f"{found.name} · {safe(table.experiment, 80)}" if table.experiment and len(parts) == 1 else found.name,
        fingerprint=fingerprint(found.contents),
        read_at=time.time(),
        lines=table.lines,
        files=tuple(content.name for content in found.contents),
        curves=attached.name or own,
    )
    return Sweep.from_table(
        table.frame,
        source,
        ledger=table.ledger,
        curves=table.scanned if table.curves is None else table.curves.lazy(),
        incomplete=table.incomplete,
        hints=table.hints,
        overrides=overrides,
    )


def _ask_which(content: Content, progress: Progress, cancelled: Cancelled) -> None:
    """Raise SeveralExperimentsError where a store holds several experiments with trials."""
    if content.path is not None:
        wait_for_writer(content.path, cancelled, progress)
    place = content.place if content.path is None else str(content.path)
    reader = choose_store(place) if place is not None else None
    if place is None or reader is None or reader.experiments is None:
        return
    progress("looking for experiments", None)
    held = [one for one in reader.experiments(place, cancelled) if one.state == "active" and one.trials]
    if len(held) > 1:
        raise SeveralExperimentsError(
            f"{content.name} holds {len(held)} experiments or studies with trials.",
            "Name one with --experiment (--study).",
            tuple(Choice(one.id, one.name, f"id {one.id}", one.trials, one.last or one.started) for one in held),
            "study" if reader.name == "optuna" else "experiment",
        )


def _paths(found: Found, outcomes: list[_Outcome]) -> list[Path | None]:
    """Return for each part the file that it alone was read from; None for what lies in a store or an archive."""
    return [
        content.path if len(outcome.parts) == 1 else None
        for content, outcome in zip(found.contents, outcomes, strict=True)
        for _ in outcome.parts
    ]


def _with_curves(table: Table, found: Found, options: ReadOptions, reading: Reading) -> Attached:
    """Return the trials with their curves from other files or from their cells."""
    if options.curves is not None:
        return with_named_curves(table, options.curves, reading) if options.curves else Attached(table)
    if table.hints.grouped and table.curves is not None:
        return Attached(table)
    paths = [content.path for content in found.contents if content.path is not None]
    return own_curves(table, paths[0] if paths else None, reading, alone=len(found.contents) == 1)


def _reading_curves(options: ReadOptions, progress: Progress, cancelled: Cancelled) -> Reading:
    plain = replace(options, separator=None, encoding=None)

    def parts(content: Content, label: str) -> tuple[Part, ...]:
        progress(f"reading the curves in {safe(content.name)}", None)
        outcome = _read_content(content, label, plain, progress, cancelled)
        if not outcome.parts and outcome.refused:
            raise outcome.refused[0][1]
        return outcome.parts

    def large(table: Table, content: Content, least: float) -> Table | str | None:
        if content.path is None:
            return None
        rows = large_parquet(content.path, LARGE)
        if rows is None:
            rows = large_text(content, choose, plain, progress, cancelled)
        if rows is None:
            return None
        with reading(safe(content.name)):
            return attach_large(table, rows, least, progress, cancelled)

    return Reading(parts, large, options.outside_logs)


def choose(name: str, head: bytes) -> Reader:
    """Return the reader with the best claim on a file of this name and these first 64 KiB; ties by specificity.

    Raises:
        SourceError: no reader claims it.
    """
    claimed = [(reader.claims(name, head), reader.specificity, reader) for reader in _readers()]
    best = max(claimed, key=lambda claim: claim[:2], default=None)
    if best is not None and best[0] > 0:
        return best[2]
    refuse_foreign(head, name)
    raise SourceError(
        f"{safe(name)} is not a table of trials in any known form.",
        "Name a CSV, TSV, JSON, JSON Lines, Parquet or Arrow file.",
    )


def choose_store(place: str) -> StoreReader | None:
    """Return the reader of stores with the best claim on a folder, a file or an address; None where none claims it."""
    best, chosen = 0, None
    for reader in _stores():
        claim = reader.claims(place)
        if claim > best:
            best, chosen = claim, reader
        if best == CERTAIN:  # by the most specific of those that are: to ask the others would cost a look around
            break
    return chosen


def list_experiments(location: str, cancelled: Cancelled = never, progress: Progress = silent) -> list[Experiment]:
    """List the experiments that the store at a location holds.

    Raises:
        SourceError: nothing is there, it is no store that can hold several, or it cannot be opened.
        Cancelled: `cancelled` answered true.
    """
    content = from_above(find(location), _stores(), choose_store, _wait(cancelled, progress))[0].contents[0]
    place = content.place if content.path is None else str(content.path)
    if content.path is not None:
        wait_for_writer(content.path, cancelled, progress)
    with contextlib.ExitStack() as stack:
        if content.path is not None and compression(content.head(8)) is not None:
            packed = [member for member, _ in inflate(content, cancelled).members if is_packed_store(member)]
            place = str(stack.enter_context(on_disk(packed[0]))) if len(packed) == 1 else place
        return _listed(place, content.name, cancelled)


def _wait(cancelled: Cancelled, progress: Progress) -> Callable[[Path], None]:
    return lambda path: wait_for_writer(path, cancelled, progress)


def _listed(place: str | None, name: str, cancelled: Cancelled) -> list[Experiment]:
    reader = choose_store(place) if place is not None else None
    if reader is None or reader.experiments is None or place is None:
        kinds = sorted(store.name for store in _stores() if store.experiments is not None)
        raise SourceError(f"{safe(name)} is no store of several experiments.", f"Those are kept by {', '.join(kinds)}.")
    return list(reader.experiments(place, cancelled))


@lru_cache(maxsize=1)
def _readers() -> tuple[Reader, ...]:
    return tuple(reader for reader in discover(hpi_core.readers, "READER").found if isinstance(reader, Reader))


@lru_cache(maxsize=1)
def _stores() -> tuple[StoreReader, ...]:
    """Return the readers of stores, the more specific first."""
    found = (reader for reader in discover(hpi_core.readers, "READER").found if isinstance(reader, StoreReader))
    return tuple(sorted(found, key=lambda reader: -reader.specificity))


def _read_content(
    content: Content, label: str, options: ReadOptions, progress: Progress, cancelled: Cancelled
) -> _Outcome:
    """Read one store, one file, or every member of one archive; a file that cannot be read costs only itself."""
    if content.path is not None:
        try:
            wait_for_writer(content.path, cancelled, progress)
        except LockedError as error:
            return _Outcome(refused=((label, error),))
    place = content.place if content.path is None else str(content.path)
    store = None if place is None else choose_store(place)  # look_into has replaced folders that are none
    if place is not None and store is not None:
        return _read_store(store, place, label, options, progress, cancelled)
    try:
        with reading(safe(content.name)):
            log = large_log(content, label, choose, options, progress, cancelled)
        if log is not None:
            return _Outcome((log,))
        members = inflate(content, cancelled).members
    except ReadingCancelled:
        raise
    except SourceError as error:
        return _Outcome(refused=((label, error),))
    except OSError as error:
        wrapped = SourceError(
            f"{content.name} cannot be read ({error.strerror or error}).", "Check the disk or the mount."
        )
        return _Outcome(refused=((label, wrapped),))
    names = labels([member for member, _ in members]) if len(members) > 1 else (label,)
    parts: list[Part] = []
    refused: list[tuple[str, HpiError]] = []
    lost = 0
    for (member, damage), name in zip(members, names, strict=True):
        try:
            if member is not content and is_packed_store(member):
                outcome = _read_packed(member, damage, name, options, progress, cancelled)
                parts += outcome.parts
                refused += outcome.refused
                continue
            parts.append(_read_member(member, damage, name, options, progress, cancelled))
        except ReadingCancelled:
            raise
        except HpiError as error:
            refused.append((name, error))
            lost += _lines_of_text(member)
    return _Outcome(tuple(parts), tuple(refused), lost)


def _read_packed(
    member: Content, damage: str, label: str, options: ReadOptions, progress: Progress, cancelled: Cancelled
) -> _Outcome:
    """Read a database or a journal that was compressed."""
    with on_disk(member) as path:
        store = choose_store(str(path))
        if store is None:
            raise unknown_database(path)
        outcome = _read_store(store, str(path), label, options, progress, cancelled)
    if not damage:
        return outcome
    note = Entry(
        "truncated", f"the compressed file is damaged or cut short ({damage}): what could be inflated was read"
    )
    parts = [
        replace(part, table=replace(part.table, ledger=ledger_frame([note], [part.table.ledger])))
        for part in outcome.parts
    ]
    return replace(outcome, parts=tuple(parts))


def _read_store(
    reader: StoreReader, place: str, label: str, options: ReadOptions, progress: Progress, cancelled: Cancelled
) -> _Outcome:
    try:
        table = reader.read_table(place, options, progress, cancelled)
    except ReadingCancelled:
        raise
    except HpiError as error:
        return _Outcome(refused=((label, error),))
    except OSError as error:
        wrapped = SourceError(f"{place} cannot be read ({error.strerror or error}).", "Check the disk or the mount.")
        return _Outcome(refused=((label, wrapped),))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, RecursionError, MemoryError) as error:
        wrapped = SourceError(
            f"{place} could not be read as {reader.name} ({type(error).__name__}).", "Please report the store."
        )
        return _Outcome(refused=((label, wrapped),))
    whole = reader.name not in _FILES
    return _Outcome((Part(label, reader.name, replace(table, shaped=whole), store=whole),))


def _lines_of_text(content: Content) -> int:
    """Return the number of physical lines of a refused text file; what is no text has none."""
    if foreign_kind(content.head(_HEAD)) is not None:
        return 0
    data = content.bytes()
    return data.count(b"\n") + (0 if data.endswith(b"\n") or not data else 1)


def _read_member(
    content: Content, damage: str, label: str, options: ReadOptions, progress: Progress, cancelled: Cancelled
) -> Part:
    try:
        if content.path is not None and is_sqlite(content.path):
            raise unknown_database(content.path)
        reader = choose(content.name, content.head(_HEAD))
        if options.through is not None:
            table = options.through(reader, content, options, progress, cancelled)
        else:
            table = reader.read_table(content, options, progress, cancelled)
        _refuse_search_space(table, content.name)
        table = _without_own_name(flatten(table))
    except OSError as error:
        raise SourceError(f"{content.name} cannot be read ({error.strerror or error}).", "Check the disk.") from error
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, RecursionError, MemoryError) as error:
        raise SourceError(
            f"{content.name} could not be read as {reader.name} ({type(error).__name__}).",
            "Please report the file; converting it to plain CSV may help meanwhile.",
        ) from error
    if damage:
        last = table.frame.height - 1
        note = Entry(
            "truncated", f"the compressed file is damaged or cut short ({damage}): what came before it was read"
        )
        incomplete = table.incomplete | ({last} if last >= 0 and not options.complete else set())
        table = replace(table, ledger=ledger_frame([note], [table.ledger]), incomplete=incomplete)
    return Part(label, reader.name, table)


def _without_own_name(table: Table) -> Table:
    """Return the table with a column `_row` of its own renamed: curves are told by rows under that name."""
    if ROW not in table.frame.columns:
        return table
    name = unique(f"source{ROW}", table.frame.columns)
    note = Entry("renamed_column", f"the name {ROW} is taken by the sweep itself", column=name, was=ROW, became=name)
    return replace(table, frame=table.frame.rename({ROW: name}), ledger=ledger_frame([note], [table.ledger]))


def _refuse_search_space(table: Table, name: str) -> None:
    """Raise SourceError where the table says what may be searched (one row per hyperparameter), not what was tried."""
    columns = {column.strip().lower() for column in table.frame.columns}
    if {"name", "type", "lower", "upper", "default"} <= columns or {"conditions", "forbiddens"} <= columns:
        raise SourceError(
            f"{safe(name)} describes a search space (one row per hyperparameter), not trials.",
            "Name the file of the trials; it often lies beside this one.",
        )


def _all_refused(found: Found, refused: list[tuple[str, HpiError]]) -> HpiError:
    if len(refused) == 1:
        return refused[0][1]
    if found.folder:
        names = ", ".join(name for name, _ in refused[:5])
        return SourceError(f"The folder {found.location} holds no sweep; looked at {names}.", refused[0][1].message)
    return SourceError(
        f"None of the {len(refused)} files could be read; the first: {refused[0][1].message}", refused[0][1].hint
    )


def _nth(progress: Progress, index: int, found: Found) -> Progress:
    count = len(found.contents)
    if count == 1:
        return progress
    return lambda what, fraction: progress(f"{found.labels[index]}: {what}", (index + (fraction or 0.0)) / count)
