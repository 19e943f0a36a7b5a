"""What a format that can be read on is: how to begin with what is there, and how to take in what was appended.

The promise every format keeps: after any number of appended pieces its table equals the one its reader returns for the
whole file, rows, types, ledger and line counts alike. Where it cannot keep it, it gives up, and the file is read whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hpi_core.tables.content import Content
    from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table


class Grown(Protocol):
    """What was read of a file so far."""

    @property
    def end(self) -> int:
        """Number of bytes from the start that were taken in for good: whole lines."""

    def extend(self, fresh: bytes, progress: Progress, cancelled: Cancelled) -> Grown | None:
        """Take in the bytes from `end` to the end of the file; None where they fit only into a reading of the whole.

        Raises:
            Cancelled: the person asked to stop.
        """

    def table(self) -> Table:
        """Return everything read so far as the reader of the format would."""


@dataclass(frozen=True)
class GrowingFormat:
    """A format of files that can be read on.

    Attributes:
        reader: name of the reader whose files these are.
        begin: reads the bytes in memory that are there so far; None where what follows cannot be told to fit, and the
            reader is to read the whole each time. Raises what the reader raises.
    """

    reader: str
    begin: Callable[[Content, ReadOptions, Progress, Cancelled], Grown | None]
