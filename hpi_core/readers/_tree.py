"""A tree of folders walked level by level, the nearest folders first, as far as a look into it may take.

Links are not followed and hidden folders not entered, but for the `.wandb` that some configure for their runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

DEPTH = 6
# Folders looked at before a claim is given up, for a claim must be quick wherever it is asked; and when reading.
FEW, ALL = 500, 200_000
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})
Entries = Sequence[os.DirEntry[str]]


def walk(root: Path, most: int, ends: Callable[[Path, Entries], bool]) -> Iterator[tuple[Path, Entries]]:
    """Yield every folder in and below `root` with what is in it, by name; none below one at which the walk `ends`."""
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
                continue
            yield folder, entries
            if not ends(folder, entries):
                below += [Path(entry.path) for entry in entries if _is_entered(entry)]
        level = below


def _is_entered(entry: os.DirEntry[str]) -> bool:
    if entry.name in _SKIPPED or (entry.name.startswith(".") and entry.name != ".wandb"):
        return False
    return not entry.is_symlink() and entry.is_dir()
