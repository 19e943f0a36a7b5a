"""The stored parameters of trials, page by page, in one dense column per name.

Every value stands beside the distribution it was drawn from, kept as a small number. A long table of the same, with a
name and a distribution in every row, would take twice the memory and would have to be copied into columns after all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from hpi_core.tables.nested import COLUMNS

PARAMS = pl.Schema(
    {"_row": pl.UInt32(), "name": pl.Categorical(), "value": pl.Float64(), "distribution": pl.Categorical()}
)
Integers = np.ndarray[tuple[int, ...], np.dtype[Any]]
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
_ABSENT = 0


@dataclass
class Parameter:
    """What is stored of one parameter.

    Attributes:
        values: one number per trial, shape (trials,).
        kinds: one per trial: 0 where nothing is stored, else the number of its distribution.
        distributions: JSON texts with their numbers, from 1 on.
    """

    values: Floats
    kinds: Integers
    distributions: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> Integers:
        """The trials that have a value."""
        return np.flatnonzero(self.kinds != _ABSENT)


@dataclass
class Parameters:
    """The parameters of `height` trials by name, in the order they were first met; `dropped` are those too many."""

    height: int = 0
    dropped: set[str] = field(default_factory=set)
    _known: dict[str, Parameter] = field(default_factory=dict)

    def take(self, page: pl.DataFrame) -> None:
        """Take rows of the schema `PARAMS`. Of what stands twice for a trial the last counts."""
        page = page.drop_nulls(["name", "distribution"])
        if page.is_empty():
            return
        row, value = page["_row"].to_numpy(), page["value"].fill_null(np.nan).to_numpy()
        name, kind = page["name"].to_physical().to_numpy(), page["distribution"].to_physical().to_numpy()
        order = np.argsort(name, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(name[order])) + 1)
        for mine in sorted(groups, key=lambda group: int(group[0])):
            parameter = self._of(str(page["name"][int(mine[0])]))
            if parameter is None:
                continue
            _, first, which = np.unique(kind[mine], return_index=True, return_inverse=True)
            texts = page["distribution"].gather(mine[first]).to_list()
            numbers = np.array([_number_of(parameter, text) for text in texts])
            parameter.values[row[mine]] = value[mine]
            parameter.kinds[row[mine]] = numbers[which]

    def each(self) -> Iterator[tuple[str, Parameter]]:
        """Yield name and values of every parameter, and let go of each that was."""
        while self._known:
            name = next(iter(self._known))
            yield name, self._known.pop(name)

    def _of(self, name: str) -> Parameter | None:
        found = self._known.get(name)
        if found is None:
            if len(self._known) >= COLUMNS:
                self.dropped.add(name)
                return None
            found = self._known[name] = Parameter(np.full(self.height, np.nan), np.zeros(self.height, np.uint8))
        return found


def _number_of(parameter: Parameter, text: str) -> int:
    """Return the number of a distribution of a parameter; the kinds are widened where there are too many for them."""
    number = parameter.distributions.setdefault(text, len(parameter.distributions) + 1)
    if number > np.iinfo(parameter.kinds.dtype).max:
        parameter.kinds = parameter.kinds.astype(np.min_scalar_type(256 * number))
    return number
