"""A large text file in pieces of whole lines, as it was when the reading began."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.tables.content import Content
from hpi_core.tables.ledger import Entry
from hpi_core.tables.table import Cancelled, Progress, ReadOptions
from hpi_core.text import safe

# About the bytes of a piece.
PIECE = 16 << 20


@dataclass
class Reading:
    """One large file on its way: who is told, who may stop it, and what it holds too much of to be read at once."""

    content: Content
    options: ReadOptions
    progress: Progress
    cancelled: Cancelled
    entries: list[Entry] = field(default_factory=list)
    ledgers: list[pl.DataFrame] = field(default_factory=list)
    begun: os.stat_result = field(init=False)

    def __post_init__(self) -> None:
        self.begun = self.path.stat()

    @property
    def path(self) -> Path:
        assert self.content.path is not None
        return self.content.path

    def _pieces(self) -> Iterator[bytes]:
        """Yield the bytes there were when the reading began, cut behind the last line end of each piece."""
        before = self.begun
        left = before.st_size
        with self.path.open("rb") as file:
            rest = b""
            while left > 0:
                if self.cancelled():
                    raise ReadingCancelled(f"Reading {self.content.name} was stopped.")
                now = self.path.stat() if self.path.exists() else None
                if now is None or now.st_ino != before.st_ino or now.st_size < before.st_size:
                    raise SourceError(
                        f"{safe(self.content.name)} was replaced while it was being read.",
                        "Read it again once nothing writes to it.",
                    )
                self.progress(f"reading {safe(self.content.name)}", 1 - left / before.st_size)
                data = file.read(min(PIECE, left))
                if not data:
                    break
                left -= len(data)
                whole, end, tail = data.rpartition(b"\n")
                if end:
                    yield rest + whole + end
                    rest = tail
                else:
                    rest += data
            yield rest

    def pieces(self) -> Iterator[tuple[bytes, bool]]:
        """Yield piece after piece, and whether it is the last: that one may end in a part of a line.

        Raises:
            SourceError: another file stands there now, or a shorter one.
            Cancelled: the person asked to stop.
        """
        before: bytes | None = None
        for piece in self._pieces():
            if before is not None and piece.endswith(b"\n"):
                yield before, False
                before = piece
            else:
                before = (before or b"") + piece
        if before is not None:
            yield before, True
