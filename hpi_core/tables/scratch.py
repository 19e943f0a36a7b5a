"""A private folder for what is too large to hold, removed when the program ends, however it ends.

A folder that a killed program left behind is removed by the next one that needs a folder: each is locked while its
program lives.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

from hpi_core.errors import SourceError

try:
    import fcntl
except ImportError:  # no POSIX system: nothing is locked, so nothing of others is removed
    fcntl = None  # type: ignore[assignment]

_PREFIX = "hpi-curves-"
_LOCK = "lock"
# What must stay free beside what is asked for.
_SPARE = 200 << 20


class Scratch:
    """A new folder, readable by nobody else; use as a context to have it removed where an exception leaves it.

    Raises:
        SourceError: the disk of temporary files has less than `size` bytes to spare, or cannot be written.
    """

    def __init__(self, size: int, what: str) -> None:
        home = Path(tempfile.gettempdir())
        _remove_orphans(home)
        free = shutil.disk_usage(home).free
        if free < size + _SPARE:
            raise SourceError(
                f"{what} needs about {_giga(size)} GB of temporary files, and {home} has {_giga(free)} GB free.",
                "Set TMPDIR to a folder on a disk with more room.",
            )
        try:
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
            self._lock: IO[bytes] | None = _locked(self.path / _LOCK)
        except OSError as error:
            raise SourceError(
                f"No temporary file can be written in {home} ({error.strerror or error}).",
                "Set TMPDIR to a folder that can be written.",
            ) from error
        atexit.register(self.remove)

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is not None:
            self.remove()

    def remove(self) -> None:
        """Remove the folder and all in it."""
        atexit.unregister(self.remove)
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _giga(size: int) -> str:
    return f"{size / 1e9:.1f}"


def _locked(path: Path) -> IO[bytes]:
    file = path.open("wb")
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def _remove_orphans(home: Path) -> None:
    """Remove folders of this person's programs that ended without doing so."""
    if fcntl is None:
        return
    for folder in home.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            lock = folder / _LOCK
            if folder.is_symlink() or folder.stat().st_uid != os.getuid() or not lock.is_file():
                continue
            with lock.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
