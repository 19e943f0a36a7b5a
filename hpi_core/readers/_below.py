"""Stores named from above: a project's folder in which `mlruns/`, `wandb/`, a study's database or the like lie.

One store below a folder is opened as if it had been named; several are listed, for nobody should guess which was meant.
What lies beside the store that was opened (tables, other stores) is told in the ledger.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from hpi_core.errors import Choice, SeveralStoresError
from hpi_core.readers._sqlite import LockedError
from hpi_core.readers._tree import DEPTH, FEW, Entries, walk
from hpi_core.readers.contract import StoreReader
from hpi_core.tables.content import Content
from hpi_core.tables.ledger import Entry
from hpi_core.tables.locations import Found, is_address, labels
from hpi_core.text import safe

Choose = Callable[[str], StoreReader | None]
Wait = Callable[[Path], None]

# Databases and journals nobody named are looked for under these endings, and then told by their content.
_DATABASES = frozenset({".db", ".sqlite", ".sqlite3", ".log", ".journal"})
_TABLES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".arrow", ".feather", ".xlsx"})
_FILES_TRIED = 200
_RUNS_TRIED = 200
_LISTED = 8
# What is only a folder with runs in it gives way to a store that says what it is.
_GENERAL = "folders"


@dataclass(frozen=True)
class _Store:
    """A store below a folder: where it lies (of runs in several folders, what they have in common), and its reader."""

    path: Path
    reader: StoreReader


def from_above(found: Found, stores: Sequence[StoreReader], choose: Choose, wait: Wait) -> tuple[Found, list[Entry]]:
    """Return what was found with every folder that holds one store further down replaced by that store.

    The entries say what else lies in such a folder and is not read. `wait` waits while a writer holds a database for
    itself, and raises LockedError where it does not let go.

    Raises:
        SeveralStoresError: a folder holds several, none of them at the folder itself.
        LockedError: all that a folder holds is a database that its writer does not let go of.
        Cancelled: the person asked to stop.
    """
    contents: list[Content] = []
    entries: list[Entry] = []
    for content in found.contents:
        if content.place is None or is_address(content.place):
            contents.append(content)
            continue
        settled, beside = _settled(content, Path(content.place).expanduser(), stores, choose, wait)
        contents.append(settled)
        entries += beside
    if contents == list(found.contents):
        return found, entries
    name = contents[0].name if len(contents) == 1 else found.name
    return replace(found, contents=tuple(contents), name=name, labels=labels(contents)), entries


def _settled(
    content: Content, root: Path, stores: Sequence[StoreReader], choose: Choose, wait: Wait
) -> tuple[Content, list[Entry]]:
    claimed = choose(str(root))
    if claimed is not None and claimed.runs_below is None:
        return content, []
    locked: list[tuple[Path, LockedError]] = []
    below = _stores_below(root, stores, _waiting(wait, locked))
    if locked and not below and not _tables(root):
        raise locked[0][1]
    held = [Entry("refused_file", f"{safe(path.relative_to(root).as_posix())}: {e.message}") for path, e in locked]
    if len(below) > 1:
        below = [one for one in below if one.reader.name != _GENERAL] or below
    at_root = [one for one in below if one.path == root]
    if not below:
        return content, held
    if len(below) > 1 and not at_root:
        raise _several(content.place or str(root), root, below)
    one = at_root[0] if at_root else below[0]
    if claimed is not None and at_root:
        one = next((store for store in at_root if store.reader is claimed), one)
    beside = [*held, *_beside(root, one, [other for other in below if other is not one])]
    if one.reader.runs_below is not None:
        return content, beside
    name = f"{content.name}/{one.path.relative_to(root).as_posix()}"
    if one.path.is_dir():
        return Content(name, place=str(one.path)), beside
    return Content(name, path=one.path), beside


def _waiting(wait: Wait, locked: list[tuple[Path, LockedError]]) -> Callable[[Path], bool]:
    """Return a function that says whether a file can be looked into, and notes in `locked` what nobody lets go of."""

    def may_look(path: Path) -> bool:
        try:
            wait(path)
        except LockedError as error:
            locked.append((path, error))
            return False
        return True

    return may_look


def _stores_below(root: Path, stores: Sequence[StoreReader], may_look: Callable[[Path], bool]) -> list[_Store]:
    """Return the stores in and below a folder, the nearest first, after a look into a few hundred folders."""
    found = [_Store(home, one) for one in stores if (home := _home(root, one)) is not None]
    homes = {one.path for one in found if one.path != root and one.reader.name != _GENERAL}
    single = [one for one in stores if one.runs_below is None]
    taken: set[Path] = set(homes)
    left = _FILES_TRIED
    for folder, entries in walk(root, FEW, lambda folder, _entries: folder in taken):
        if folder in homes:
            continue
        if folder != root:
            claims = ((one.claims(str(folder)), one.specificity, one) for one in single)
            best = max(claims, key=lambda claim: claim[:2], default=None)
            if best is not None and best[0] > 0:
                taken.add(folder)
                found.append(_Store(folder, best[2]))
                continue
        for path in _databases(entries)[:left]:
            left -= 1
            if not may_look(path):
                continue
            claims = ((one.claims(str(path)), one.specificity, one) for one in single if one.experiments is not None)
            best = max(claims, key=lambda claim: claim[:2], default=None)
            if best is not None and best[0] > 0:
                found.append(_Store(path, best[2]))
    return sorted(found, key=lambda one: (len(one.path.parts), str(one.path)))


def _home(root: Path, reader: StoreReader) -> Path | None:
    """Return the folder that holds all the runs a reader finds in and below `root`; None where there is none."""
    if reader.runs_below is None or reader.claims(str(root)) == 0:
        return None
    parents = [run.parent if run != root else run for run in islice(reader.runs_below(root), _RUNS_TRIED)]
    return Path(os.path.commonpath(parents)) if parents else None


def _databases(entries: Entries) -> list[Path]:
    return [
        Path(entry.path)
        for entry in entries
        if os.path.splitext(entry.name)[1].lower() in _DATABASES  # noqa: PTH122 - of thousands of names
        and entry.is_file(follow_symlinks=False)
    ]


def _beside(root: Path, opened: _Store, others: Sequence[_Store]) -> list[Entry]:
    """Say what lies in the folder that was named and is not read."""
    entries = []
    if others:
        names = _names([f"{one.path.relative_to(root).as_posix()} ({one.reader.name})" for one in others])
        entries.append(Entry("left_aside", f"beside it lie {names}: name them to open them", count=len(others)))
    runs = opened.reader.runs_below
    own = opened.reader.name == _GENERAL or (
        runs is not None and next(iter(runs(root)), None) == root  # the folder is one run, and its tables are its own
    )
    if not own and (tables := _tables(root)):
        word = "lies" if len(tables) == 1 else "lie"
        message = f"{_names(tables)} {word} in the folder beside the {opened.reader.name} store and was not read"
        message = message.replace(" was ", " were ") if len(tables) > 1 else message
        entries.append(Entry("left_aside", message, count=len(tables)))
    return entries


def _tables(root: Path) -> list[str]:
    """Return the names of the tables directly in a folder."""
    with os.scandir(root) as listing:
        return sorted(
            entry.name
            for entry in listing
            if os.path.splitext(entry.name)[1].lower() in _TABLES and entry.is_file()  # noqa: PTH122
        )


def _several(named: str, root: Path, below: Sequence[_Store]) -> SeveralStoresError:
    choices = tuple(Choice(str(one.path), one.path.relative_to(root).as_posix(), one.reader.name) for one in below)
    first = os.path.join(named, choices[0].name)  # noqa: PTH118 - as it was named
    return SeveralStoresError(
        f"The folder {safe(named)} holds {len(below)} stores of trials, at most {DEPTH} levels down: "
        f"{_names([f'{one.name} ({one.kind})' for one in choices])}.",
        f"Name one, as in `hpi inspect '{safe(first)}'`, or several, which become groups of one sweep.",
        choices,
        "store",
    )


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(safe(name, 120) for name in names[:_LISTED])
    return shown + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
