"""What is different between two readings of one source: which trials are new, gone or changed, and where each went."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from hpi_core.frames import ROW, STATUS
from hpi_core.sweep import Sweep

Rows = np.ndarray[Any, np.dtype[np.int64]]
_NTH = "_nth"


@dataclass(frozen=True, eq=False)
class Difference:
    """How a later reading differs from an earlier one; rows are `_row` of the sweeps.

    Attributes:
        places: for every earlier row the row of the same trial in the later reading, -1 where it is gone.
        new: later rows of trials that were not there, ascending.
        changed: later rows of trials of which a cell, the status or the record's end is another now, ascending.
        points: how many points of curves there are more (or fewer, below 0).
    """

    places: Rows
    new: Rows
    changed: Rows
    points: int = 0

    @property
    def gone(self) -> int:
        """Number of trials that are not there any more."""
        return int((self.places < 0).sum())

    @cached_property
    def in_place(self) -> bool:
        """Whether every earlier trial stands in its row still: trials were appended, or none were."""
        return bool((self.places == np.arange(len(self.places))).all())

    @property
    def nothing(self) -> bool:
        """Whether both readings are of the same trials in the same rows, with as many points of curves."""
        return self.in_place and not len(self.new) and not len(self.changed) and not self.points

    def place(self, row: int) -> int | None:
        """Return where an earlier trial stands now; None where it is gone."""
        found = int(self.places[row]) if 0 <= row < len(self.places) else -1
        return found if found >= 0 else None


def difference(before: Sweep, after: Sweep) -> Difference:
    """Compare two readings of one source.

    Trials are known by their ids where these are unique in both, else by their configurations and, among trials of the
    same one, by their order.
    """
    old, new = before.trials.height, after.trials.height
    earlier, later = _keys(before, after)
    met = earlier.with_row_index("_old").join(later.with_row_index("_new"), on=earlier.columns, how="inner")
    places = np.full(old, -1, dtype=np.int64)
    places[met["_old"].to_numpy()] = met["_new"].to_numpy()
    known = np.zeros(new, dtype=bool)
    known[met["_new"].to_numpy()] = True
    for row in before.incomplete:  # half an id is another one: the record goes on in its row
        if places[row] < 0 and row < new and not known[row]:
            places[row], known[row] = row, True
    changed = _changed(before, after, places)
    return Difference(places, np.flatnonzero(~known), changed, _points(after) - _points(before))


def _keys(before: Sweep, after: Sweep) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a frame of the same columns for both sweeps whose rows tell the trials apart."""
    if before.roles.id is not None and before.roles.id == after.roles.id:
        ids = before.trial_ids(), after.trial_ids()
        if all(one.null_count() == 0 and one.n_unique() == one.len() for one in ids):
            return ids[0].to_frame("id"), ids[1].to_frame("id")
    shared = _shared(before, after, [p.name for p in before.roles.hyperparameters])
    return _numbered(before, shared), _numbered(after, shared)


def _numbered(sweep: Sweep, names: list[str]) -> pl.DataFrame:
    key = _hashes(sweep.trials.select(names)) if names else pl.zeros(sweep.trials.height, pl.UInt64, eager=True)
    return key.to_frame("key").with_columns(pl.int_range(pl.len()).over("key").alias(_NTH))


def _changed(before: Sweep, after: Sweep, places: Rows) -> Rows:
    names = [STATUS, *_shared(before, after, [n for n in before.trials.columns if n not in (ROW, STATUS)])]
    here = np.flatnonzero(places >= 0)
    there = places[here]
    one = _hashes(before.trials.select(names)).to_numpy()[here]
    other = _hashes(after.trials.select(names)).to_numpy()[there]
    found = one != other
    if before.incomplete != after.incomplete:
        found |= np.isin(here, list(before.incomplete)) != np.isin(there, list(after.incomplete))
    return np.sort(there[found])


def _shared(before: Sweep, after: Sweep, names: list[str]) -> list[str]:
    """Return those columns that both have with the same type."""
    one, other = before.trials.schema, after.trials.schema
    return [name for name in names if name in other and other[name] == one[name] and one[name] != pl.Object]


def _hashes(frame: pl.DataFrame) -> pl.Series:
    try:
        return frame.hash_rows()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):  # some nested types have no hash
        return frame.select(pl.all().cast(pl.String, strict=False)).hash_rows()


def _points(sweep: Sweep) -> int:
    return 0 if sweep.curves is None else int(sweep.curves.select(pl.len()).collect().item())
