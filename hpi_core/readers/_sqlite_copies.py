"""Copies of SQLite files that cannot be read where they lie: what a writer left behind, and what was cut short."""

from __future__ import annotations

import shutil
from pathlib import Path

from hpi_core.errors import SourceError
from hpi_core.text import safe

_HEAD = 100


def copied(path: Path, folder: Path) -> Path:
    """Copy the file and its logs, so that the copy can be cleared up as a writer would."""
    parts = [path, *(Path(f"{path}{end}") for end in ("-wal", "-journal"))]
    try:
        present = [part for part in parts if part.exists()]
        needed = sum(part.stat().st_size for part in present)
        if needed > shutil.disk_usage(folder).free:
            raise SourceError(
                f"{safe(path.name)} must be copied to be read, and {folder.parent} has no room for it.",
                "Close the program that writes it, or set TMPDIR to a larger disk.",
            )
        for part in present:
            shutil.copyfile(part, folder / f"copy{part.name[len(path.name) :]}")
    except OSError as error:
        raise SourceError(f"{safe(path.name)} cannot be read ({error.strerror or error}).") from error
    return folder / "copy"


def missing_pages(path: Path) -> int:
    """Return how many pages a file lacks of those that its head promises; 0 where it promises none for certain."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
        size = path.stat().st_size
    except OSError:
        return 0
    if len(head) < _HEAD or head[24:28] != head[92:96]:
        return 0
    page = int.from_bytes(head[16:18], "big")
    page = 65536 if page == 1 else page
    return max(0, int.from_bytes(head[28:32], "big") - size // page) if page else 0


def promise_less(path: Path) -> None:
    """Change the head of a copy so that its pages are counted: the number in it is valid for another version."""
    with path.open("r+b") as file:
        version = file.read(_HEAD)[24:28]
        file.seek(92)
        file.write(bytes(byte ^ 0xFF for byte in version))
