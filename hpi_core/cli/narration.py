"""Narration: one line on stderr that says what is being done, where a person sits at the terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from hpi_core.text import safe

# Shorter work is not worth a word; a faster line is not worth reading.
QUIET_SECONDS = 0.5
BETWEEN_SECONDS = 0.2


class Narration:
    """A progress callback that shows itself only on a terminal and only when the work takes long; it cleans up."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._next = time.monotonic() + QUIET_SECONDS
        self._shown = False

    def __enter__(self) -> Narration:
        return self

    def __call__(self, what: str, fraction: float | None) -> None:
        """Show what is being done and how far it is (0 to 1, None where nobody can know)."""
        now = time.monotonic()
        if not self._live or now < self._next:
            return
        self._next, self._shown = now + BETWEEN_SECONDS, True
        share = "" if fraction is None else f" {fraction:.0%}"
        sys.stderr.write(f"\r\x1b[K{safe(what, 60)}{share} …")
        sys.stderr.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
