"""Native code that panics says so on the standard error of the process, whoever catches the exception: not here."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import polars as pl

_STDERR = 2
_turn = threading.RLock()


@contextmanager
def panics_unheard() -> Iterator[None]:
    """Keep what is written to standard error back, and drop it where polars panics; else it is written afterwards.

    The descriptor belongs to the whole process: readers take turns, and whoever draws must use another one.
    """
    with _turn, _somewhere() as heard:
        before = _put_aside(heard.fileno())
        panicked = False
        try:
            yield
        except pl.exceptions.PanicException:
            panicked = True
            raise
        finally:
            if before is not None:
                os.dup2(before, _STDERR)
                os.close(before)
                heard.seek(0)
                said = b"" if panicked else heard.read()
                with suppress(OSError):
                    os.write(_STDERR, said)


def _somewhere() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile()
    except OSError:  # no place to write: what is said meanwhile is lost
        return Path(os.devnull).open("r+b")


def _put_aside(instead: int) -> int | None:
    """Connect standard error to another descriptor; returns the old one, None where there is none."""
    with suppress(ValueError, AttributeError, OSError):
        sys.stderr.flush()
    try:
        before = os.dup(_STDERR)
    except OSError:
        return None
    os.dup2(instead, _STDERR)
    return before
