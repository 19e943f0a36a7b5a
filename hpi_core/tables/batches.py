"""Many columns of text looked at together: blanks off, numbers tried, and what each column then is counted.

One question to polars costs some 50 µs however few cells it is about. So few rows of many columns are laid end to end
and asked about as one column, and many rows are asked about in batches of columns, which use all cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from hpi_core.tables.names import is_id_name

_BATCH = 128
# Up to so many rows, columns are laid end to end, up to so many cells at a time.
_SHORT = 4_096
_CELLS = 1 << 20
_BLANKS = (" ", "\t", "\u00a0")
_WHOLE = r"^[+-]?\d+$"
_PADDED = r"^[+-]?0\d"
# A cell that might be a number in some notation, a time or a truth value: any other is a word.
_TELLING = r"(?i)^[+\-(]?[.,]?\d|^(true|false)$|^(tensor|(np|numpy)\.\w+|(device)?array)\("


@dataclass(frozen=True)
class Looked:
    """One column without blanks around its cells, its cells as numbers (null where they are none), and the count.

    `filled` counts cells, `numbers` those that are numbers. `whole`: all of them are whole numbers. `padded`: some
    number begins with a superfluous zero. `words`: no cell is a number, a time or a truth value in any notation
    (left open, as false, where the rows are many: few different words are sooner asked for what they are).
    """

    column: pl.Series
    number: pl.Series
    filled: int
    numbers: int
    whole: bool
    padded: bool
    words: bool


def look(text: pl.DataFrame) -> Iterator[Looked]:
    """Yield what every column of `text` (String columns) is, in order."""
    short = text.height <= _SHORT
    batch = max(1, _CELLS // max(1, text.height)) if short else _BATCH
    for start in range(0, text.width, batch):
        part = text.select(pl.nth(range(start, min(start + batch, text.width))))
        yield from _end_to_end(part) if short and part.height else _side_by_side(part)


def _end_to_end(part: pl.DataFrame) -> Iterator[Looked]:
    height, width = part.height, part.width
    long = pl.DataFrame({"text": pl.concat([column.alias("text") for column in part.iter_columns()], rechunk=True)})
    asked = long.select(pl.col("text").str.strip_chars()).select(pl.when(pl.col("text") != "").then(pl.col("text")))
    asked = asked.with_columns(
        pl.col("text").cast(pl.Float64, strict=False).alias("number"),
        pl.col("text").str.contains(_WHOLE).alias("whole"),
        pl.col("text").str.contains(_PADDED).alias("padded"),
        pl.col("text").str.contains(_TELLING).alias("telling"),
    )
    filled, numbers = (_sums(asked[name].is_not_null(), width) for name in ("text", "number"))
    whole, padded, telling = (_sums(asked[name], width) for name in ("whole", "padded", "telling"))
    texts, values = asked["text"], asked["number"]
    for k, name in enumerate(part.columns):
        yield Looked(
            texts.slice(k * height, height).alias(name),
            values.slice(k * height, height).alias(name),
            int(filled[k]),
            int(numbers[k]),
            whole=bool(whole[k] == filled[k]),
            padded=bool(padded[k]),
            words=not numbers[k] and not telling[k],
        )


def _sums(flags: pl.Series, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    counts = flags.fill_null(value=False).to_numpy().reshape(width, -1).sum(axis=1)
    return counts


def _side_by_side(part: pl.DataFrame) -> Iterator[Looked]:
    part = _stripped(part)
    names = part.columns
    # Ids stay text whatever they look like: nobody asks.
    numbers = part.select(
        (pl.lit(None, pl.Float64) if is_id_name(name) else pl.col(name).cast(pl.Float64, strict=False)).alias(name)
        for name in names
    )
    filled, fit = part.count().row(0), numbers.count().row(0)
    whole = _whole_columns(part, [name for name, n, f in zip(names, filled, fit, strict=True) if n == f and n])
    padded = _any(part, sorted(whole), _PADDED)
    for name, column, number, n, f in zip(names, part.iter_columns(), numbers.iter_columns(), filled, fit, strict=True):
        yield Looked(column, number, n, f, name in whole, name in padded, words=False)


def _stripped(batch: pl.DataFrame) -> pl.DataFrame:
    """Take blanks off the ends of cells and empty cells out; looking first is five times as fast as stripping."""
    padded = batch.select(
        pl.any_horizontal(
            *(pl.col(name).str.starts_with(blank).any() for blank in _BLANKS),
            *(pl.col(name).str.ends_with(blank).any() for blank in _BLANKS),
        ).alias(name)
        for name in batch.columns
    ).row(0)
    return batch.select(
        (pl.col(name).str.strip_chars() if strip else pl.col(name))
        for name, strip in zip(batch.columns, padded, strict=True)
    ).select(pl.when(pl.all() != "").then(pl.all()))


def _whole_columns(batch: pl.DataFrame, names: list[str]) -> frozenset[str]:
    """Return those of `names` whose every filled cell is a whole number; looks at all rows only where the first fit."""
    for rows in (batch.head(64), batch):
        fits = rows.select(pl.col(names).str.contains(_WHOLE).all()) if names else pl.DataFrame()
        names = [name for name, fit in zip(names, fits.row(0) if names else (), strict=True) if fit]
    return frozenset(names)


def _any(batch: pl.DataFrame, names: list[str], pattern: str) -> frozenset[str]:
    """Return those of `names` in which the pattern is found."""
    if not names:
        return frozenset()
    found = batch.select(pl.col(names).str.contains(pattern).any()).row(0)
    return frozenset(name for name, hit in zip(names, found, strict=True) if hit)
