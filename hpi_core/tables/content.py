"""Content: the bytes of one named thing (a file, a decompressed file, standard input), however they came.

Imports nothing heavy: the app reads the head of a file through this before polars is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Content:
    """Bytes with a name. Exactly one of `path` (a plain file, read where it lies) and `data` (in memory) is set.

    A `place` (the path of a folder, or an address) has no bytes of its own: a reader of stores looks into it.
    """

    name: str
    path: Path | None = None
    data: bytes | None = None
    place: str | None = None

    def head(self, size: int) -> bytes:
        """Return the first `size` bytes (fewer at the end, none of a place)."""
        if self.place is not None:
            return b""
        if self.data is not None:
            return self.data[:size]
        assert self.path is not None
        with self.path.open("rb") as file:
            return file.read(size)

    def bytes(self) -> bytes:
        """Return all bytes."""
        if self.data is not None:
            return self.data
        assert self.path is not None
        return self.path.read_bytes()

    def size(self) -> int:
        """Return the number of bytes."""
        if self.data is not None:
            return len(self.data)
        assert self.path is not None
        return self.path.stat().st_size
