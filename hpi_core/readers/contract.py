"""What a reader is: a name, a way to recognise what it reads by content, and a way to read it.

A `Reader` reads one file by its bytes, a `StoreReader` a place: a folder of runs, a database, an address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpi_core.tables.content import Content
    from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table

# The largest claim.
CERTAIN = 100


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


@dataclass(frozen=True)
class Experiment:
    """One of the experiments (studies, projects) of a store.

    Attributes:
        id: the source's own id, which `--experiment` takes as well as the name.
        trials: how many trials it holds, deleted ones not counted.
        state: `active`, or the source's own word for one that is not read unless it is asked for, as `deleted`.
        started: the start of its first trial in seconds since 1970, or None.
        last: the last moment one of its trials began or ended, in seconds since 1970, or None.
    """

    id: str
    name: str
    trials: int
    state: str = "active"
    started: float | None = None
    last: float | None = None


@dataclass(frozen=True)
class StoreReader:
    """One kind of place that holds a sweep: a folder as a tool leaves it, a database in one file, or an address.

    Attributes:
        name: the word for it in `Source.kind` and `hpi sources`.
        about: one sentence for the person: what it reads.
        specificity: breaks ties between claims; the more specific reader has the larger number.
        claims: the path of a folder or of a plain file, or the address -> 0 (certainly not) to 100 (certainly). Of a
            folder it looks at the names in it and the first bytes of a few files, of a file at its content, never at
            its own name alone; it is quick and raises nothing.
        read_table: reads everything; raises SourceError (nothing readable) or Cancelled, no other error. Trials that
            could not be read stand in the table's ledger. It opens nothing for writing.
        needs: the optional extra that must be installed for some or all of it, as `wandb`; empty where nothing is.
        experiments: lists the experiments of a store that can hold several; None where it holds one.
        runs_below: yields the folders of its runs in and below a folder, the nearest first, after a look into a few
            hundred folders; None where a store is one place, which it claims itself and never from further up.
    """

    name: str
    about: str
    specificity: int
    claims: Callable[[str], int]
    read_table: Callable[[str, ReadOptions, Progress, Cancelled], Table]
    needs: str = ""
    experiments: Callable[[str, Cancelled], Sequence[Experiment]] | None = None
    runs_below: Callable[[Path], Iterator[Path]] | None = None
