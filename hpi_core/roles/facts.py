"""What the values of every column say: counts and ranges of the whole table, shapes of a sample of its rows.

Everything is taken in one query per statistic over all columns, so that ten thousand columns cost little more than
ten. A table of more than `SAMPLE` rows is judged by a fixed pseudo-random sample of its rows; null, NaN and infinite
counts and ranges are always those of the whole table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
import polars.selectors as cs

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLE = 4096
_CELLS = 2_000_000
_EXACT_ROWS = 100_000
_EXACT_DISTINCT = 5_000

Shape = Literal["int", "float", "bool", "string", "time", "duration", "other"]


@dataclass(frozen=True)
class Facts:
    """One column. `distinct` leaves out null and NaN; `values` are the sample's non-missing values.

    `length` is the mean number of characters of a column of texts, in the sample.
    """

    name: str
    shape: Shape
    rows: int
    nulls: int
    nans: int = 0
    infinite: int = 0
    distinct: int = 0
    minimum: float | None = None
    maximum: float | None = None
    length: float = 0.0
    values: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.Null), repr=False)

    @property
    def missing(self) -> int:
        """Trials without a value: null or NaN."""
        return self.nulls + self.nans

    @property
    def present(self) -> int:
        """Trials with a value, infinite ones included."""
        return self.rows - self.missing

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return self.shape in ("int", "float")

    @property
    def whole(self) -> bool:
        """Whether every sampled value is a finite whole number."""
        if self.shape == "int":
            return True
        if self.shape != "float" or self.infinite:
            return False
        numbers = self.numbers()
        return bool(np.all(numbers == np.floor(numbers)))

    def numbers(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """Return the sampled values of a numeric column as floats."""
        plain = self.values.dtype.is_float() or self.values.dtype.is_integer()
        values = self.values if plain else self.values.cast(pl.Float64)
        return values.to_numpy().astype(np.float64, copy=False)

    @property
    def unique(self) -> bool:
        """Whether (nearly) every trial has a value of its own."""
        return self.present > 0 and self.distinct >= 0.95 * self.present


def collect(table: pl.DataFrame) -> dict[str, Facts]:
    """Return the facts of every column, in the table's order."""
    rows = table.height
    plain = table.select(cs.numeric() | cs.boolean() | cs.string() | cs.temporal() | cs.categorical())
    sample = _sample(plain)
    nulls = _row(table.null_count())
    nans = _row(plain.select(cs.float().is_nan().sum())) if rows else {}
    infinite = _row(plain.select(cs.float().is_infinite().sum())) if rows else {}
    low, high = _ranges(plain, infinite)
    distinct = _distinct(plain, nans) | _distinct(table.select(cs.nested()), {})
    lengths = _row(sample.select((cs.string() | cs.categorical()).cast(pl.String).str.len_chars().mean()))
    facts: dict[str, Facts] = {}
    sampled = set(plain.columns)
    for name, dtype in table.schema.items():
        shape = _shape(dtype)
        values = sample.get_column(name) if name in sampled else pl.Series(name, [], dtype=pl.String)
        if nulls[name]:
            values = values.drop_nulls()
        if nans.get(name):
            values = values.drop_nans()
        facts[name] = Facts(
            name,
            shape,
            rows,
            nulls[name],
            nans.get(name) or 0,
            infinite.get(name) or 0,
            distinct.get(name, 0),
            low.get(name),
            high.get(name),
            lengths.get(name) or 0.0,
            values,
        )
    return facts


def _shape(dtype: pl.DataType) -> Shape:
    if dtype == pl.Boolean:
        return "bool"
    if dtype.is_integer():
        return "int"
    if dtype.is_numeric():
        return "float"
    if dtype == pl.String or dtype in (pl.Categorical, pl.Enum):
        return "string"
    if dtype == pl.Duration:
        return "duration"
    return "time" if dtype.is_temporal() else "other"


def _sample(table: pl.DataFrame) -> pl.DataFrame:
    size = max(256, min(SAMPLE, _CELLS // max(1, table.width)))
    if table.height <= size:
        return table
    index = np.random.default_rng(0).choice(table.height, size, replace=False)
    return table[np.sort(index)]


def _row(frame: pl.DataFrame) -> dict[str, Any]:
    return dict(zip(frame.columns, frame.row(0), strict=True)) if frame.width and frame.height else {}


def _ranges(table: pl.DataFrame, infinite: Mapping[str, int]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the least and the greatest finite value of every numeric column."""
    odd = [name for name, count in infinite.items() if count]
    finite = [pl.col(name).filter(pl.col(name).is_finite()) for name in odd]
    results = []
    for kind in ("min", "max"):
        plain = table.select(getattr(cs.numeric() - cs.by_name(odd), kind)())
        picked = table.select(getattr(column, kind)() for column in finite) if odd else pl.DataFrame()
        values = {**_row(plain), **_row(picked)}
        results.append({k: float(v) for k, v in values.items() if isinstance(v, (int, float, Decimal))})
    return results[0], results[1]


def _distinct(table: pl.DataFrame, nans: Mapping[str, int]) -> dict[str, int]:
    if not table.height:
        return {}
    if table.height <= _EXACT_ROWS or all(dtype.is_nested() for dtype in table.dtypes):
        counts = _row(table.select(pl.all().n_unique()))
    else:
        counts = _row(table.select((cs.all() - cs.categorical() - cs.boolean()).approx_n_unique()))
        few = [name for name, count in counts.items() if count < _EXACT_DISTINCT]
        few += [name for name in table.columns if name not in counts]
        counts |= _row(table.select(pl.col(few).n_unique())) if few else {}
    # A missing value counts as a value of its own there, and so does NaN.
    empty = _row(table.null_count())
    return {
        name: max(0, min(count, table.height) - (empty[name] > 0) - (nans.get(name, 0) > 0))
        for name, count in counts.items()
    }
