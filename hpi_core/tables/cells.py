"""What cells mean: columns of text become numbers, truth values, times or stay text, by rules over the whole column.

A column is numeric, Boolean or a time only where every filled cell fits. The exception is a measurement polluted by a
few words: at least 80 % and at least three of its filled cells are numbers, and these take more than 16 distinct
values or are at least half distinct; then each word becomes missing, with a ledger entry of its own. A setting such
as gamma in {scale, auto, 0.1} has few distinct numbers and stays text. Columns named like ids stay text, as do whole
numbers that would not come back as they were written (001, twenty digits).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from hpi_core import frames
from hpi_core.tables.batches import Looked, look
from hpi_core.tables.ledger import QUOTED, Entry
from hpi_core.tables.names import is_id_name
from hpi_core.tables.notations import (
    MISSING,
    MISSING_AMONG_NUMBERS,
    REPAIRS,
    Style,
    all_dotted,
    parse,
    style_of,
)

_SAID_MISSING = frozenset(MISSING_AMONG_NUMBERS)
_SHORT = 1024


@dataclass
class Typed:
    """Typed columns, the style each was read in, and what had to be repaired."""

    frame: pl.DataFrame
    styles: dict[str, Style]
    entries: list[Entry] = field(default_factory=list)
    ledgers: list[pl.DataFrame] = field(default_factory=list)


def type_columns(text: pl.DataFrame, lines: pl.Series, prefer_decimal_comma: bool) -> Typed:
    """Type every column of `text` (String columns); `lines` holds the 1-based line of each row for the ledger.

    `prefer_decimal_comma` decides `1,234`, which may be either: true where the separator is a semicolon.
    """
    typed = Typed(pl.DataFrame(), {})
    columns: list[pl.Series] = []
    for looked in look(text):
        column = looked.column
        if is_id_name(column.name):
            typed.styles[column.name] = "id"
            columns.append(column)
        elif looked.numbers and looked.numbers == looked.filled:
            columns.append(_numeric(looked, typed))
        elif looked.words:
            columns.append(_text(column, typed))
        else:
            columns.append(_type_column(looked, lines, prefer_decimal_comma, typed))
    if prefer_decimal_comma and "decimal_comma" in typed.styles.values():
        columns = [_with_dots_between_thousands(column, text, typed) for column in columns]
    typed.frame = pl.DataFrame(columns)
    return typed


def _with_dots_between_thousands(column: pl.Series, text: pl.DataFrame, typed: Typed) -> pl.Series:
    """Read 1.234 as 1234 in a file whose decimals have commas, where every number of the column is written so."""
    if typed.styles[column.name] != "number":
        return column
    cells = next(look(text.select(column.name))).column
    if not all_dotted(cells):
        return column
    return _measurement(cells, parse(cells, "dotted", None), "dotted", pl.Series(dtype=pl.UInt32), typed)


def sampled_types(text: pl.DataFrame) -> dict[str, pl.DataType]:
    """Return the types that the cells of a sample of rows suggest: Int64, Float64, or String for anything else."""
    return {looked.column.name: _sampled_type(looked) for looked in look(text)}


def _sampled_type(looked: Looked) -> pl.DataType:
    if is_id_name(looked.column.name) or not looked.filled or looked.numbers < looked.filled:
        return pl.String()
    if looked.whole:
        return pl.String() if looked.padded else pl.Int64()
    return pl.Float64()


def type_cut_row(cells: Sequence[str], frame: pl.DataFrame, styles: dict[str, Style]) -> tuple[pl.DataFrame, list[str]]:
    """Return the cells of a record that was cut off as a row of the types of `frame`, and the columns left missing.

    The last filled cell is missing where it is a number that is visibly half-written (`0.`, `1e-`).
    """
    row: list[pl.Series] = []
    lost: list[str] = []
    filled = [k for k, cell in enumerate(cells) if cell.strip()]
    for k, (cell, (name, dtype)) in enumerate(zip(cells, frame.schema.items(), strict=True)):
        text = pl.Series(name, [cell.strip()], dtype=pl.String)
        style = styles[name]
        value = parse(text, style, dtype)
        torn = filled and k == filled[-1] and style not in ("text", "id") and re.search(r"[.,eE+-]$", cell.strip())
        if torn:
            value = pl.Series(name, [None], dtype=dtype)
        if value.null_count() and cell.strip() and cell.strip() not in MISSING_AMONG_NUMBERS:
            lost.append(name)
        row.append(value)
    return pl.DataFrame(row), lost


def _type_column(looked: Looked, lines: pl.Series, decimal_comma: bool, typed: Typed) -> pl.Series:
    """Decide the style of one stripped column that is not all numbers and return it typed; repairs go into `typed`."""
    column, number = looked.column, looked.number
    words = column.filter(column.is_not_null() & number.is_null()).unique(maintain_order=True)
    others = [word for word in words.to_list() if word not in MISSING_AMONG_NUMBERS]
    if not others and number.count():
        return _numeric(next(look(column.set(number.is_null(), None).to_frame())), typed)
    style = style_of(others, number.count() == 0, decimal_comma)
    if style in ("boolean", "time"):
        value = parse(column, style, None)
        if _fits(column, value):
            typed.styles[column.name] = style
            return value
        style = "text"
    if style != "text":
        number = parse(column, style, None)
    if style == "text" and not number.count():
        return _text(column, typed)
    return _measurement(column, number, style, lines, typed)


def _fits(column: pl.Series, value: pl.Series) -> bool:
    lost = column.filter(column.is_not_null() & value.is_null())
    return bool(lost.is_in(MISSING_AMONG_NUMBERS).all()) and value.count() > 0


def _numeric(looked: Looked, typed: Typed) -> pl.Series:
    """Return a column of plain numbers as Int64 or Float64, or as text where whole numbers would not come back."""
    column = looked.column
    if looked.whole:
        whole = column.cast(pl.Int64, strict=False)
        if looked.padded or whole.null_count() > column.null_count():
            typed.styles[column.name] = "text"
            return column
        typed.styles[column.name] = "integer"
        return whole
    typed.styles[column.name] = "number"
    return looked.number


def _text(column: pl.Series, typed: Typed) -> pl.Series:
    """Return a column of words, those that say missing taken out; all of them where there is no other word."""
    typed.styles[column.name] = "text"
    if len(column) > _SHORT:
        if column.count() and column.is_in(MISSING_AMONG_NUMBERS).drop_nulls().all():
            return pl.Series(column.name, [None], dtype=pl.String).new_from_index(0, len(column))
        return parse(column, "text", None)
    # A few cells are sooner looked at in Python than polars is asked.
    words = column.to_list()
    found = set(words) - {None}
    if found <= _SAID_MISSING:
        return pl.Series(column.name, [None] * len(column), dtype=pl.String)
    if found.isdisjoint(MISSING):
        return column
    return pl.Series(column.name, [None if word in MISSING else word for word in words], dtype=pl.String)


def _measurement(column: pl.Series, number: pl.Series, style: Style, lines: pl.Series, typed: Typed) -> pl.Series:
    """Return a numeric column in which some cells are words, or the column as text where the words belong in it."""
    is_word = column.is_not_null() & number.is_null() & ~column.is_in(MISSING_AMONG_NUMBERS).fill_null(False)
    words, numbers = int(is_word.sum()), number.count()
    if words:
        if not is_measurement(numbers, words, number.drop_nulls().n_unique()):
            return _text(column, typed)
        typed.ledgers.append(missing_words(column, is_word, lines))
    plain = column.cast(pl.Float64, strict=False)
    changed = number.is_not_null() & (plain.is_null() | (plain != number))
    repaired = int(changed.sum())
    if repaired and style in REPAIRS:
        typed.entries.append(repair(column.name, style, column.filter(changed)[0], number.filter(changed)[0], repaired))
    typed.styles[column.name] = style if style != "text" else "number"
    return number


def is_measurement(numbers: int, words: int, distinct: int) -> bool:
    """Say whether a column of so many numbers (so many of them distinct) and words is a measurement polluted by words.

    More than 16 distinct numbers need not be counted on.
    """
    varied = distinct > 16 or distinct >= max(3, 0.5 * numbers)
    return numbers >= 3 and numbers >= 0.8 * (numbers + words) and varied


def repair(column: str, style: Style, was: str, became: float, count: int) -> Entry:
    """Return what the ledger says of `count` cells that were read in another notation, and of the first of them."""
    message = f"{column}: {REPAIRS[style]} in {count} cells"
    return Entry(style, message, column=column, was=was, became=str(became), count=count)


def missing_words(column: pl.Series, is_word: pl.Series, lines: pl.Series) -> pl.DataFrame:
    """Return the ledger of words among numbers that became missing."""
    rows = is_word.arg_true()
    word = column.gather(rows).str.slice(0, QUOTED)
    return (
        pl.DataFrame({"row": rows.cast(pl.UInt32), "line": lines.gather(rows), "was": word})
        .select(
            "row",
            "line",
            pl.lit("text_in_number").alias("kind"),
            pl.lit(column.name).alias("column"),
            "was",
            pl.lit("missing").alias("became"),
            pl.lit("a word among numbers became missing").alias("message"),
            pl.lit(1, dtype=pl.UInt32).alias("count"),
        )
        .cast(frames.LEDGER)
    )
