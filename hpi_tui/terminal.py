"""The terminal itself: keys when the data came on standard input, and leaving in time when the terminal is lost."""

from __future__ import annotations

import io
import os
import sys
import termios
import threading
import time
from contextlib import suppress

_RESTORE = b"\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[0m"
_attributes: list[object] | None = None
_drawing = 2


def is_usable(term: str) -> bool:
    """Whether an app can be drawn: a terminal on stdout that understands cursor movement."""
    return sys.stdout is not None and sys.stdout.isatty() and term not in ("", "dumb", "unknown")


def take_data_from_stdin() -> bytes:
    """Read all of standard input and connect the keyboard in its place.

    Raises:
        OSError: there is no terminal to read keys from.
    """
    data = sys.stdin.buffer.read()
    take_keys_from_terminal()
    offer_as_stdin(data)
    return data


def take_keys_from_terminal() -> None:
    """Connect the keyboard where standard input is something else.

    Raises:
        OSError: there is no terminal.
    """
    keyboard = os.open("/dev/tty", os.O_RDWR)
    os.dup2(keyboard, 0)
    os.close(keyboard)


def offer_as_stdin(data: bytes) -> None:
    """Let whoever reads standard input find these bytes; the app itself reads keys from the descriptor."""
    sys.stdin = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", errors="replace")


def draw_on_the_terminal() -> None:
    """Draw through a descriptor of its own, whatever stderr is, so that nothing said there gets between the cells."""
    global _drawing
    _drawing = os.dup(2) if os.isatty(2) else os.open("/dev/tty", os.O_WRONLY)
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    sys.__stderr__ = io.TextIOWrapper(  # type: ignore[misc]
        io.FileIO(_drawing, "w"), encoding=encoding, errors="backslashreplace", write_through=True
    )


def remember_attributes() -> None:
    """Keep the terminal's settings, to be put back in an emergency."""
    global _attributes
    with suppress(termios.error, OSError):
        _attributes = list(termios.tcgetattr(0))


def restore() -> None:
    """Give the terminal back as it was found, whatever the app is doing."""
    with suppress(OSError):
        os.set_blocking(_drawing, False)
        os.write(_drawing, _RESTORE)
    if _attributes is not None:
        with suppress(termios.error, OSError):
            termios.tcsetattr(0, termios.TCSANOW, _attributes)  # type: ignore[arg-type]


def leave_within(seconds: float, code: int) -> None:
    """End the process after so many seconds if it has not ended by itself, the terminal restored where there is one."""

    def end() -> None:
        time.sleep(seconds)
        restore()
        os._exit(code)

    threading.Thread(target=end, daemon=True).start()
