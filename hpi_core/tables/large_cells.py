"""What the cells of a table too large to hold mean: the rules of `cells`, over columns that are seen part by part.

The parts lie on disk as text. They are looked at once for what their columns are, again where a column is no plain
number, and then written as numbers, words and times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from hpi_core.tables.batches import Looked, look
from hpi_core.tables.cells import is_measurement, missing_words, repair
from hpi_core.tables.ledger import Entry
from hpi_core.tables.names import is_id_name
from hpi_core.tables.notations import MISSING_AMONG_NUMBERS, REPAIRS, Style, all_dotted, parse, style_of

LINE = "\0line"
# Distinct words by which the notation of a column is told, and distinct numbers that make it a measurement.
_WORDS = 10_000
_DISTINCT = 17
# Words among numbers that are listed one by one.
_LISTED = 10_000


@dataclass
class _Column:
    """One column as far as it was seen; what `cells` asks of a whole column."""

    name: str
    style: Style | None = None
    dtype: pl.DataType | None = None
    filled: int = 0
    numbers: int = 0
    whole: bool = True
    exact: bool = True
    dotted: bool = True
    words: dict[str, None] = field(default_factory=dict)
    # In the style it is tried in: words, numbers, some of these, cells read differently and the first of those.
    found_words: int = 0
    found: int = 0
    distinct: set[float] = field(default_factory=set)
    repaired: int = 0
    example: tuple[str, float] = ("", 0.0)
    # The dots of its numbers turned out to stand between thousands.
    thousands: bool = False

    def see(self, looked: Looked) -> None:
        """Take what a part says into account."""
        column, number = looked.column, looked.number
        self.filled += looked.filled
        if is_id_name(self.name) or not looked.filled:
            return
        self.numbers += looked.numbers
        if looked.numbers < looked.filled:
            words = column.filter(column.is_not_null() & number.is_null()).unique(maintain_order=True)
            for word in words.head(max(0, _WORDS - len(self.words))).to_list():
                self.words.setdefault(word)
        if not looked.numbers:
            return
        if looked.numbers < looked.filled:
            looked = next(look(column.set(number.is_null(), None).to_frame()))
            column = looked.column
        self.whole = self.whole and looked.whole
        if looked.whole:
            kept = column.cast(pl.Int64, strict=False).null_count() == column.null_count()
            self.exact = self.exact and kept and not looked.padded
        self.dotted = self.dotted and not looked.whole and all_dotted(column)

    def first_style(self, decimal_comma: bool) -> None:
        """Settle the style of a column of plain numbers or of none; name the one that any other is to be tried in."""
        others = [word for word in self.words if word not in MISSING_AMONG_NUMBERS]
        if is_id_name(self.name):
            self.style = "id"
        elif not others and self.numbers:
            whole: Style = "integer" if self.exact else "text"
            self.style = whole if self.whole else "number"
            self.dtype = pl.Int64() if self.style == "integer" else None
        else:
            self.style = style_of(others, not self.numbers, decimal_comma)

    @property
    def settled(self) -> bool:
        """Whether nothing but missing cells stands beside its plain numbers, or it has no other notation."""
        others = any(word not in MISSING_AMONG_NUMBERS for word in self.words)
        return self.style == "id" or not others or (self.style == "text" and not self.numbers)

    def try_style(self, column: pl.Series) -> None:
        """Read a part in the style and count what does not fit."""
        assert self.style is not None
        if self.style in ("boolean", "time"):
            value = parse(column, self.style, self.dtype)
            self.dtype = value.dtype if value.count() else self.dtype
            self._count(column, value)
            return
        number = column.cast(pl.Float64, strict=False) if self.style == "text" else parse(column, self.style, None)
        self._count(column, number)
        if len(self.distinct) < _DISTINCT:
            self.distinct.update(number.drop_nulls().unique().head(_DISTINCT).to_list())
        plain = column.cast(pl.Float64, strict=False)
        changed = number.is_not_null() & (plain.is_null() | (plain != number))
        if changed.any() and not self.repaired:
            self.example = column.filter(changed)[0], number.filter(changed)[0]
        self.repaired += int(changed.sum())

    def _count(self, column: pl.Series, value: pl.Series) -> None:
        self.found += value.count()
        self.found_words += int(_are_words(column, value).sum())

    def settle(self) -> None:
        """Decide on the tried style: a column in which it does not hold is text."""
        if self.style in ("boolean", "time"):
            fits = self.found and not self.found_words
        else:
            fits = not self.found_words or is_measurement(self.found, self.found_words, len(self.distinct))
            fits = fits and self.found > 0
        if not fits:
            self.style, self.dtype, self.repaired = "text", None, 0
        elif self.style == "text":
            self.style = "number"

    def read(self, column: pl.Series) -> pl.Series:
        """Return a part of the column as what it is."""
        assert self.style is not None
        if self.style == "text" and self.filled == self.numbers:
            return column
        return column if self.style == "id" else parse(column, self.style, self.dtype)


@dataclass(frozen=True)
class TypedParts:
    """The parts as typed Parquet files, and what had to be repaired in them."""

    files: list[Path]
    entries: list[Entry]
    ledgers: list[pl.DataFrame]
    styles: dict[str, Style]


class LargeCells:
    """Parts of one table, taken as text and given back typed; all lie in one folder."""

    def __init__(self, folder: Path, decimal_comma: bool) -> None:
        self._folder = folder
        self._decimal_comma = decimal_comma
        self._columns: dict[str, _Column] = {}
        self._parts: list[Path] = []

    def add(self, text: pl.DataFrame, lines: pl.Series) -> None:
        """Take a part: String columns, and the 1-based line of each of its rows."""
        stripped = []
        for looked in look(text):
            name = looked.column.name
            self._columns.setdefault(name, _Column(name)).see(looked)
            stripped.append(looked.column)
        path = self._folder / f"text-{len(self._parts):06}.parquet"
        pl.DataFrame([*stripped, lines.alias(LINE)]).write_parquet(path, compression="lz4", statistics=False)
        self._parts.append(path)

    def typed(self) -> TypedParts:
        """Return all parts typed; those of text are removed on the way."""
        columns = list(self._columns.values())
        self._choose(columns)
        entries = [
            repair(column.name, column.style, *column.example, column.repaired)
            for column in sorted(columns, key=lambda column: column.thousands)
            if column.style in REPAIRS and column.repaired
        ]
        files, ledgers, left = [], [], _LISTED
        for path in self._parts:
            text = pl.read_parquet(path)
            typed = [column.read(text[column.name]) for column in columns]
            for column, values in zip(columns, typed, strict=True):
                if column.found_words and values.dtype == pl.Float64:
                    is_word = _are_words(text[column.name], values)
                    ledger = missing_words(text[column.name], is_word, text[LINE])
                    ledgers.append(ledger.head(left))
                    left = max(0, left - ledger.height)
            file = self._folder / path.name.replace("text", "rows")
            pl.DataFrame(typed).write_parquet(file, compression="lz4", statistics=False)
            files.append(file)
            path.unlink()
        words = sum(column.found_words for column in columns if column.style not in ("text", "boolean", "time"))
        if words > _LISTED:
            message = f"{words - _LISTED:,} more words among numbers became missing"
            entries.append(Entry("text_in_number", message, count=words - _LISTED))
        return TypedParts(files, entries, ledgers, {column.name: column.style or "text" for column in columns})

    def _choose(self, columns: Sequence[_Column]) -> None:
        for column in columns:
            column.first_style(self._decimal_comma)
        doubtful = [column for column in columns if not column.settled]
        self._try(doubtful)
        for column in doubtful:
            column.settle()
        if self._decimal_comma and any(column.style == "decimal_comma" for column in columns):
            # 1.234 is 1234 where the decimals of the file have commas and every number of the column is written so.
            dotted = [c for c in columns if c.style == "number" and c.dotted and c.numbers]
            for column in dotted:
                column.style, column.thousands = "dotted", True
            self._try(dotted)

    def _try(self, columns: Sequence[_Column]) -> None:
        for path in self._parts if columns else ():
            text = pl.read_parquet(path, columns=[column.name for column in columns])
            for column in columns:
                column.try_style(text[column.name])


def _are_words(column: pl.Series, number: pl.Series) -> pl.Series:
    """Say of each cell whether it is filled, no number, and does not say that one is missing."""
    return column.is_not_null() & number.is_null() & ~column.is_in(MISSING_AMONG_NUMBERS).fill_null(value=False)
