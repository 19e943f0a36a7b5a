"""A terminal for tests: runs a command in a pty, knows by pyte what stands on the screen, and waits for events."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

import pyte

# pyte prints what it does not know; these speak of keyboards and synchronised output, not of the screen
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=?][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")
_KEPT = re.compile(rb"\x1b\[\?(25|1049)[hl]")
# a picture written between these two is shown as a whole, as real terminals do it once they have been asked
_ASKED, _ANSWER, _BEGIN, _END = b"\x1b[?2026$p", b"\x1b[?2026;2$y", b"\x1b[?2026h", b"\x1b[?2026l"


class Terminal:
    """A running command and its screen."""

    def __init__(
        self,
        argv: Sequence[str],
        columns: int = 120,
        rows: int = 40,
        env: Mapping[str, str] | None = None,
        typed: bytes = b"",
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self._fed = 0
        self._answered = False
        self.closed = False
        self.started = time.perf_counter()
        self.code: int | None = None
        environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", **(env or {})}
        for name in ("LC_ALL", "NO_COLOR", "COLORFGBG", "HPATH_RESULTS_CSV", "TEXTUAL"):
            if name not in (env or {}):
                environ.pop(name, None)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(argv[0], list(argv), environ)
        if typed:
            os.write(self.fd, typed)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if not self.closed:
            os.close(self.fd)
            self.closed = True

    def pump(self, timeout: float) -> int:
        """Take what the command wrote within `timeout`; returns the bytes read."""
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return 0
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            data = b""
        if not data:
            time.sleep(min(timeout, 0.02))
        self.raw += data
        if not self._answered and _ASKED in self.raw:
            self._answered = True
            self.send(_ANSWER)
        return len(data)

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self.started

    @property
    def text(self) -> str:
        """What stands on the screen, line by line."""
        fresh = bytes(self.raw[self._fed :])
        begun = fresh.rfind(_BEGIN)
        if begun >= 0 and _END not in fresh[begun:]:
            fresh = fresh[:begun]
        cut = fresh.rfind(b"\x1b", len(fresh) - 32) if b"\x1b" in fresh[-32:] else len(fresh)
        fresh = fresh[:cut] if not re.search(rb"[a-zA-Z]$", fresh) else fresh
        self._fed += len(fresh)
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(lambda m: m.group() if _KEPT.match(m.group()) else b"", fresh))
        return "\n".join(self.screen.display)

    def until(self, wanted: str | Callable[[str], bool], timeout: float = 12.0) -> float:
        """Wait until the text stands on the screen; returns the seconds since the start."""
        met: Callable[[str], bool] = (lambda text: wanted in text) if isinstance(wanted, str) else wanted
        end = time.perf_counter() + timeout
        while time.perf_counter() < end:
            if met(self.text):
                return time.perf_counter() - self.started
            self.pump(0.05)
        raise AssertionError(f"did not come to pass within {timeout} s: {wanted}\n{self.text}")

    def until_quiet(self, quiet: float = 0.3, timeout: float = 20.0) -> None:
        """Wait until nothing has been written for a while."""
        end = time.perf_counter() + timeout
        while time.perf_counter() < end and self.pump(quiet):
            pass

    def send(self, keys: str | bytes) -> None:
        """Type keys."""
        os.write(self.fd, keys.encode() if isinstance(keys, str) else keys)

    def key(self, keys: str | bytes, quiet: float = 0.3) -> tuple[float, int]:
        """Type keys and return milliseconds until the first answer, and all bytes written until it is quiet."""
        before, start = len(self.raw), time.perf_counter()
        self.send(keys)
        first = 0.0
        while self.pump(quiet):
            first = first or (time.perf_counter() - start) * 1e3
        return first, len(self.raw) - before

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def signal(self, number: int) -> None:
        """Send the command a signal."""
        os.kill(self.pid, number)

    def close(self) -> None:
        """Close the terminal under the command."""
        os.close(self.fd)
        self.closed = True

    def wait(self, timeout: float = 10.0) -> int:
        """Wait for the command to end and return its exit status."""
        end = time.perf_counter() + timeout
        while time.perf_counter() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
                return self.code
            if self.closed:
                time.sleep(0.02)
            else:
                self.pump(0.02)
        raise AssertionError(f"still running after {timeout} s\n{'' if self.closed else self.text}")
