"""What a reader is: a name, a way to recognise its location by content, and a way to read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpi_core.tables.content import Content
    from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table


@dataclass(frozen=True)
class Reader:
    """One kind of file that holds a table of trials.

    Attributes:
        name: the word for it in `Source.kind` and `hpi sources`.
        about: one sentence for the person: what it reads.
        specificity: breaks ties between claims; the more specific reader has the larger number.
        claims: name and first bytes (64 KiB) -> 0 (certainly not) to 100 (certainly); decided by content first.
        read_table: reads everything; raises SourceError (nothing readable) or Cancelled, no other error.
    """

    name: str
    about: str
    specificity: int
    claims: Callable[[str, bytes], int]
    read_table: Callable[[Content, ReadOptions, Progress, Cancelled], Table]
