"""What the statistics take: parameters and issues as plain arrays, one entry per trial."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpi_core.roles import Kind

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.uint32]

MOST_DISCRETE_VALUES = 16
MOST_GROUPS = 20


@dataclass(frozen=True, eq=False)
class Parameter:
    """One column that may be a cause, over all trials of a sweep.

    Attributes:
        name: the column's name.
        kind: `ordered` (numeric, more than 16 distinct values), `discrete` (numeric, at most 16) or `categorical`.
        values: float64 per trial for numeric kinds, index into `levels` per trial for `categorical`.
        missing: True where the trial has no value (an inactive conditional parameter); its value is not read.
        levels: the words of a categorical parameter; empty for numeric kinds.
        environment: the column names the machine, not a choice: it can be a cause, never a recommendation.
    """

    name: str
    kind: Kind
    values: Floats | Integers
    missing: Booleans
    levels: tuple[str, ...] = ()
    environment: bool = False

    @classmethod
    def numeric(cls, name: str, values: npt.ArrayLike, *, environment: bool = False) -> Parameter:
        """Make a numeric parameter of one number per trial; NaN is missing, and the kind follows from the values."""
        numbers = np.ascontiguousarray(values, dtype=np.float64)
        missing = np.isnan(numbers)
        present = numbers[~missing] if missing.any() else numbers
        return cls(name, numeric_kind(present), numbers, missing, (), environment)

    @classmethod
    def categorical(cls, name: str, words: Sequence[str | None], *, environment: bool = False) -> Parameter:
        """Make a categorical parameter of one word per trial; None is missing."""
        levels = tuple(sorted({word for word in words if word is not None}))
        index = {word: code for code, word in enumerate(levels)}
        codes = np.array([-1 if word is None else index[word] for word in words], dtype=np.int64)
        return cls(name, "categorical", codes, codes < 0, levels, environment)


def plainness(name: str) -> tuple[int, str]:
    """Return what to choose by among columns that are equally to blame: `lr` before `log_lr`, whatever their order."""
    return len(name), name


@dataclass(frozen=True, eq=False)
class Issue:
    """Which trials are sick with one issue; `sick` is read only where `assessable`."""

    id: str
    sick: Booleans
    assessable: Booleans

    def among(self, trials: Booleans) -> Issue:
        """Return the issue with these trials alone assessable, as far as they are."""
        return replace(self, assessable=self.assessable & trials)


@dataclass(frozen=True, eq=False)
class Groups:
    """Which of several sweeps in one (a task, a data set, a file) every trial belongs to; at most `MOST_GROUPS`.

    What only differs between groups is never blamed: parameters are tested within them.
    """

    name: str
    codes: Codes
    size: int

    @classmethod
    def of(cls, name: str, words: Sequence[object]) -> Groups | None:
        """Make groups of one word per trial; None where there is one group only, or too many to test within."""
        levels, codes = np.unique(np.array([str(word) for word in words], dtype=object), return_inverse=True)
        if not 2 <= len(levels) <= MOST_GROUPS:
            return None
        return cls(name, codes.astype(np.uint8), len(levels))


def numeric_kind(values: Floats) -> Kind:
    """Return `discrete` for at most 16 distinct values, else `ordered`."""
    return "ordered" if few_distinct(values) is None else "discrete"


def few_distinct(values: Floats, most: int = MOST_DISCRETE_VALUES) -> Floats | None:
    """Return the distinct values, ascending, where there are at most `most`, else None; no NaN may be among them.

    The first few thousand values decide most often; where they are few, one comparison per known value, not a sort,
    looks for others among the rest.
    """
    known = np.unique(values[:4096])
    while 0 < len(known) <= most:
        unseen = values != known[0]
        for x in known[1:]:
            unseen &= values != x
        if not unseen.any():
            return np.asarray(known)
        known = np.unique(np.concatenate([known, values[unseen][:4096]]))
    return known if len(known) == 0 else None
