"""Files read on: the tables of files that grow, read from where the last reading ended.

A file is read on only while it is the same file: same inode, not shorter, and what was read of it still there. Of small
files all of that is compared, of large ones samples, and all of it once they have come to rest (`is_as_read`).
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

import hpi_core.following
from hpi_core.following.contract import GrowingFormat, Grown
from hpi_core.plugins import discover
from hpi_core.tables.content import Content
from hpi_core.tables.table import Cancelled, FileReader, Progress, ReadOptions, Table

# A file up to this size is compared whole before it is read on; a larger one at so many places of this width.
_COMPARED = 8 << 20
_WINDOWS, _WINDOW = 16, 1 << 16
# Larger files are not held in memory beside their table: they are read from their start each time.
_LARGEST = 1 << 29
_BLOCK = 1 << 20


@dataclass(frozen=True)
class _Kept:
    """What is known of a file: its table so far, and how to tell that it is still the same file."""

    grown: Grown
    inode: int
    checksum: int
    samples: Mapping[int, int]


class GrowingTables:
    """Reads files through their readers, or on from where they were left; one per followed source and options."""

    def __init__(self) -> None:
        self._kept: dict[Path, _Kept] = {}
        self.read_on = 0
        self.read_whole = 0

    def __call__(
        self, reader: FileReader, content: Content, options: ReadOptions, progress: Progress, cancelled: Cancelled
    ) -> Table:
        """Return the table of a file as its reader would; see `TableReader`."""
        path, form = content.path, _formats().get(reader.name)
        if path is None or form is None or content.size() > _LARGEST:
            return reader.read_table(content, options, progress, cancelled)
        kept = self._kept.pop(path, None)
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if kept is not None and kept.inode == status.st_ino and self._holds(kept, file, status.st_size):
                file.seek(kept.grown.end)
                fresh = file.read(status.st_size - kept.grown.end)
                grown = kept.grown.extend(fresh, progress, cancelled)
                if grown is not None:
                    taken = fresh[: grown.end - kept.grown.end]
                    self._keep(path, grown, status.st_ino, zlib.crc32(taken, kept.checksum), file)
                    self.read_on += 1
                    return grown.table()
            file.seek(0)
            data = file.read(status.st_size)
            self.read_whole += 1
            snapshot = Content(content.name, data=data)
            grown = form.begin(snapshot, options, progress, cancelled)
            if grown is None:
                return reader.read_table(snapshot, options, progress, cancelled)
            self._keep(path, grown, status.st_ino, zlib.crc32(memoryview(data)[: grown.end]), file)
            return grown.table()

    def is_as_read(self) -> bool:
        """Whether all that was read of the files that are too large to compare each time still stands in them."""
        return all(self._stands(path, kept) for path, kept in self._kept.items() if kept.grown.end > _COMPARED)

    def forget(self) -> None:
        """Read every file from its start the next time."""
        self._kept.clear()

    def _keep(self, path: Path, grown: Grown, inode: int, checksum: int, file: IO[bytes]) -> None:
        samples = {} if grown.end <= _COMPARED else {at: _checksum(file, at, _WINDOW) for at in _places(grown.end)}
        self._kept[path] = _Kept(grown, inode, checksum, samples)

    def _holds(self, kept: _Kept, file: IO[bytes], size: int) -> bool:
        if size < kept.grown.end:
            return False
        if kept.grown.end <= _COMPARED:
            return _checksum(file, 0, kept.grown.end) == kept.checksum
        return all(_checksum(file, at, _WINDOW) == known for at, known in kept.samples.items())

    def _stands(self, path: Path, kept: _Kept) -> bool:
        try:
            with path.open("rb") as file:
                return _checksum(file, 0, kept.grown.end) == kept.checksum
        except OSError:
            return False


def _places(end: int) -> list[int]:
    """Return where a large file is sampled: its first bytes, its last ones, and places between."""
    step = (end - _WINDOW) // (_WINDOWS + 1)
    return [step * number for number in range(_WINDOWS + 1)] + [end - _WINDOW]


def _checksum(file: IO[bytes], start: int, size: int) -> int:
    file.seek(start)
    found, left = 0, size
    while left > 0 and (piece := file.read(min(left, _BLOCK))):
        found = zlib.crc32(piece, found)
        left -= len(piece)
    return found if left == 0 else -1


@lru_cache(maxsize=1)
def _formats() -> Mapping[str, GrowingFormat]:
    found = discover(hpi_core.following, "FORMAT").found
    return {form.reader: form for form in found if isinstance(form, GrowingFormat)}
