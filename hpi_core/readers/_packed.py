"""A database or a journal that was compressed: inflated within the caps of all compressed files, into a temporary file.

Readers of stores read files in place; this one is removed as soon as it has been read.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from hpi_core.readers._optuna_journal import begins_journal
from hpi_core.readers._sqlite import MAGIC
from hpi_core.tables.content import Content

_HEAD = 4096


def is_packed_store(member: Content) -> bool:
    """Say whether an inflated file is a SQLite database or a journal, by how it begins."""
    head = member.head(_HEAD) if member.data is not None else b""
    return head.startswith(MAGIC) or begins_journal(head)


@contextlib.contextmanager
def on_disk(member: Content) -> Iterator[Path]:
    """Give an inflated file a place of its own for as long as it is read."""
    with tempfile.TemporaryDirectory(prefix="hpi-") as folder:
        path = Path(folder) / (PurePosixPath(member.name).name[:200] or "store")
        path.write_bytes(member.bytes())
        yield path
