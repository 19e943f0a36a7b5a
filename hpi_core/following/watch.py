"""Watch: what a source is on the disk, seen without reading it: one `stat` per file, never a notification.

Network file systems send no notifications, so the files are asked. A file is watched with what a database or a search
keeps beside it (`-wal`, `-journal`, curves of the closed list of names); a folder with everything below it.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hpi_core.readers._curves import beside
from hpi_core.readers._sqlite import is_sqlite
from hpi_core.tables.locations import is_address

Kind = Literal["gone", "replaced", "shorter", "changed"]
# What a database writes beside its file before it writes to the file itself.
_BESIDE_A_DATABASE = ("-wal", "-journal")
_OURS = ".hpi"


@dataclass(frozen=True)
class Mark:
    """One file as `stat` tells of it: which file it is, how long, and when it was last written (nanoseconds)."""

    inode: int
    size: int
    written: int


@dataclass(frozen=True)
class Moved:
    """What moved between two looks: the gravest kind, and the name of the file it happened to."""

    kind: Kind
    name: str


@dataclass(frozen=True)
class Look:
    """All watched files as they were at one moment; of the places the person named, those that are not there."""

    marks: dict[str, Mark] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def moved_to(self, after: Look) -> Moved | None:
        """Return what differs in a later look, None where nothing does."""
        if gone := [name for name in after.missing if name not in self.missing]:
            return Moved("gone", Path(gone[0]).name)
        found: list[Moved] = []
        for path, mark in after.marks.items():
            before = self.marks.get(path)
            if before == mark:
                continue
            name = Path(path).name
            if before is not None and mark.size < before.size:
                found.append(Moved("shorter", name))
            elif before is not None and mark.inode != before.inode:
                found.append(Moved("replaced", name))
            else:
                found.append(Moved("changed", name))
        found += [Moved("changed", Path(path).name) for path in self.marks.keys() - after.marks.keys()]
        order: dict[str, int] = {"shorter": 0, "replaced": 1, "changed": 2}
        return min(found, key=lambda moved: order[moved.kind], default=None)


class Watch:
    """Looks at the files behind what the person named.

    Args:
        locations: files, folders or patterns, as given to `read()`.
        also: further files that belong to them, as those of `--curves` or logs that a column names.
    """

    def __init__(self, locations: Sequence[str], also: Sequence[str] = ()) -> None:
        self.locations = tuple(locations)
        self.also = tuple(also)
        self._companions: dict[str, tuple[int, tuple[str, ...]]] = {}

    @staticmethod
    def refusal(locations: Sequence[str]) -> str:
        """Return why a source cannot be watched, in a sentence; empty where it can."""
        if any(is_address(place) for place in locations):
            return "What comes over the network cannot be followed; R reads it again."
        if any(place == "-" or place.startswith(("/dev/", "/proc/")) for place in locations):
            return "What came in on standard input is all there: only files and folders can be followed."
        return ""

    def look(self) -> Look:
        """Look once; what cannot be looked at counts as not there."""
        marks: dict[str, Mark] = {}
        missing: list[str] = []
        for location in self.locations:
            paths = list(_paths(location))
            for path in paths:
                self._see(path, marks)
            if not any(path in marks or Path(path).is_dir() for path in paths):
                missing.append(location)
        for path in self.also:
            if (mark := _mark(path)) is not None:
                marks[path] = mark
        return Look(marks, tuple(missing))

    def _see(self, path: str, marks: dict[str, Mark]) -> None:
        try:
            found = os.stat(path)  # noqa: PTH116 - one call, and the path stays text
        except OSError:
            return
        if os.path.isdir(path):  # noqa: PTH112
            marks.update(_below(path))
            return
        marks[path] = Mark(found.st_ino, found.st_size, found.st_mtime_ns)
        for companion in self._beside(path):
            if (mark := _mark(companion)) is not None:
                marks[companion] = mark

    def _beside(self, path: str) -> tuple[str, ...]:
        """Return what lies beside a file and belongs to it; looked for again when its folder has other entries."""
        folder = _mark(os.path.dirname(path) or ".")  # noqa: PTH120
        written = folder.written if folder is not None else 0
        known = self._companions.get(path)
        if known is not None and known[0] == written:
            return known[1]
        curves = beside(Path(path))
        found = [str(curves)] if curves is not None else []
        try:
            if is_sqlite(Path(path)):
                found += [path + ending for ending in _BESIDE_A_DATABASE]
        except OSError:
            pass
        self._companions[path] = (written, tuple(found))
        return tuple(found)


def _paths(location: str) -> Iterator[str]:
    path = os.path.expanduser(location)  # noqa: PTH111
    if os.path.lexists(path) or not glob.has_magic(location):
        yield path
    else:
        yield from glob.iglob(path, recursive=True)  # noqa: PTH207


def _mark(path: str) -> Mark | None:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return Mark(found.st_ino, found.st_size, found.st_mtime_ns)


def _below(folder: str) -> Iterator[tuple[str, Mark]]:
    """Yield every file below a folder with its mark; links to folders are not entered, nor folders of decisions."""
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    try:
                        if entry.is_dir(follow_symlinks=False):
                            if not entry.name.endswith(_OURS):
                                waiting.append(entry.path)
                            continue
                        found = entry.stat()
                    except OSError:
                        continue
                    yield entry.path, Mark(found.st_ino, found.st_size, found.st_mtime_ns)
        except OSError:
            continue
