"""Last words: one sentence and an exit status where native code ends the process, which nobody can catch.

A damaged file can ask polars for more memory than any machine has, and a file that is cut while it is mapped has pages
that are gone: both end the process with a signal and leave the terminal as it is. A program of ours (not one that only
uses the library) then says which file was being read, gives the terminal back, and leaves as for any unreadable source.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from hpi_core.exit_codes import ExitCode

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGABRT", "SIGBUS") if hasattr(signal, name))
_program = ""
_restore: Callable[[], object] | None = None
_names: list[str] = []
_handler: object = None
_out = 2


def allow(program: str, restore: Callable[[], object] | None = None) -> None:
    """Let this process speak last words as `program`, after `restore` has given the terminal back."""
    global _program, _restore
    _program, _restore = program, restore


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Name what native code reads meanwhile, in words that are safe to print; nothing happens unless allowed."""
    if _program and _handler is None:
        _listen()
    _names.append(name)
    try:
        yield
    finally:
        _names.remove(name)


def _listen() -> None:
    global _handler, _out
    import ctypes

    with suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        kind = ctypes.CFUNCTYPE(None, ctypes.c_int)
        handler = kind(_die)
        library.signal.argtypes, library.signal.restype = (ctypes.c_int, kind), ctypes.c_void_p
        _out = os.dup(2)  # whoever keeps standard error back meanwhile does not keep this
        for number in _SIGNALS:
            library.signal(int(number), handler)
        _handler = handler


def _die(_number: int) -> None:
    """Say it and leave. This runs in the thread that was ended: nothing is waited for, nothing else is done."""
    lead = f"{_program}: "
    what = f"{_names[-1]} is damaged" if _names else "A file that was being read is damaged"
    said = f"{lead}{what} in a way that ends whoever reads it.\n{' ' * len(lead)}Fetch or write it again.\n"
    try:
        if _restore is not None:
            _restore()
        os.write(_out, said.encode("utf-8", "replace"))
    finally:
        os._exit(int(ExitCode.UNREADABLE))
