"""A tree of folders walked level by level, the nearest folders first, as far as a look into it may take.

Links are not followed and hidden folders not entered, but for the `.wandb` that some configure for their runs. What
may hold runs and was not entered is noted, to be told.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from hpi_core.tables.ledger import Entry
from hpi_core.text import safe

DEPTH = 6
# Folders looked at before a claim is given up, for a claim must be quick wherever it is asked; and when reading.
FEW, ALL = 500, 200_000
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})
Entries = Sequence[os.DirEntry[str]]


@dataclass
class Aside:
    """Folders that a walk did not enter: links that lead out of the tree, and such as may not be read."""

    links: list[str] = field(default_factory=list)
    forbidden: list[str] = field(default_factory=list)

    def note(self, entries: Iterable[os.DirEntry[str]], root: Path) -> None:
        """Note the links among the entries of a folder that lead to folders elsewhere: no walk comes there."""
        for entry in entries:
            if entry.is_symlink() and entry.name not in _SKIPPED and entry.is_dir():
                here, there = (os.path.realpath(path) + os.sep for path in (root, entry.path))
                if not there.startswith(here) and not here.startswith(there):  # else it is read, or leads in a circle
                    self.links.append(os.path.relpath(entry.path, root))

    def entries(self) -> list[Entry]:
        """Return what the ledger says of them."""
        told = []
        if self.links:
            what = "a link to a folder elsewhere was" if len(self.links) == 1 else "links to folders elsewhere were"
            message = f"{what} not followed: {_few(self.links)}; name the folder itself to read it"
            told.append(Entry("refused_file", message, count=len(self.links)))
        if self.forbidden:
            what = "a folder" if len(self.forbidden) == 1 else f"{len(self.forbidden):,} folders"
            message = f"{what} may not be read, permission denied: {_few(self.forbidden)}"
            told.append(Entry("refused_file", message, count=len(self.forbidden)))
        return told


def _few(names: Sequence[str]) -> str:
    return ", ".join(safe(name, 80) for name in names[:3]) + (f" and {len(names) - 3:,} more" if names[3:] else "")


def walk(
    root: Path, most: int, ends: Callable[[Path, Entries], bool], aside: Aside | None = None
) -> Iterator[tuple[Path, Entries]]:
    """Yield every folder in and below `root` with what is in it, by name; none below one at which the walk `ends`.

    What was not entered is noted in `aside`.
    """
    level, seen = [root], 0
    for _ in range(DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            seen += 1
            if seen > most:
                return
            try:
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError:
                if aside is not None:
                    aside.forbidden.append(os.path.relpath(folder, root))
                continue
            yield folder, entries
            if not ends(folder, entries):
                if aside is not None:
                    aside.note(entries, root)
                entered = (Path(entry.path) for entry in entries if _is_entered(entry))
                below += islice(entered, most - len(below))  # no more will be looked at, and stores have very many
        level = below


def _is_entered(entry: os.DirEntry[str]) -> bool:
    if entry.name in _SKIPPED or (entry.name.startswith(".") and entry.name != ".wandb"):
        return False
    return not entry.is_symlink() and entry.is_dir()
