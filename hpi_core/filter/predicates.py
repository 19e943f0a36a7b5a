"""The tests a filter can make of one column, as Boolean expressions that are never null: missing and NaN match none."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from hpi_core.errors import FilterError
from hpi_core.filter.syntax import Value
from hpi_core.text import safe

_TRUE, _FALSE = frozenset(("true", "yes", "1")), frozenset(("false", "no", "0"))


def compare(
    name: str, dtype: pl.DataType, operator: str, other: str | None, schema: Mapping[str, pl.DataType], right: Value
) -> pl.Expr:
    """Return `name operator right`, where `other` is the column that `right` names, if it names one.

    Raises:
        FilterError: the two cannot be compared.
    """
    if other is None:
        same = equals(name, dtype, right) if operator in ("==", "!=") else None
        if operator == "==" and same is not None:
            return same
        if operator == "!=" and same is not None:
            return ~same & _present(name, dtype)
        return _ordered(name, dtype, operator, right)
    left_column, right_column = pl.col(name), pl.col(other)
    if dtype.is_numeric() != schema[other].is_numeric() or _nested(dtype) or _nested(schema[other]):
        raise FilterError(f"`{safe(name, 60)}` and `{safe(other, 60)}` hold different kinds of values.", right.start)
    if not dtype.is_numeric():
        left_column, right_column = left_column.cast(pl.String), right_column.cast(pl.String)
    present = _present(name, dtype) & _present(other, schema[other])
    return (_apply(left_column, operator, right_column).fill_null(False)) & present


def equals(name: str, dtype: pl.DataType, right: Value) -> pl.Expr:
    """Return whether the column's value is the given one.

    Raises:
        FilterError: a number or truth value was needed.
    """
    column = pl.col(name)
    if _nested(dtype):
        raise FilterError(f"`{safe(name, 60)}` holds lists, which cannot be compared.", right.start)
    if dtype.is_numeric():
        number = right.number
        if number is None:
            number = _quoted_number(right)
        if number is None:
            raise FilterError(f"`{safe(name, 60)}` holds numbers; {safe(right.text, 30)} is none.", right.start)
        return column.eq(_literal(number, dtype)).fill_null(False) & _present(name, dtype)
    if dtype == pl.Boolean:
        word = right.text.casefold()
        if word not in _TRUE | _FALSE:
            raise FilterError(
                f"`{safe(name, 60)}` holds true or false; {safe(right.text, 30)} is neither.", right.start
            )
        return column.eq(word in _TRUE).fill_null(False)
    return column.cast(pl.String).eq(right.text).fill_null(False)


def is_state(name: str, dtype: pl.DataType, state: str) -> pl.Expr:
    """Return whether the value is nan, missing, inf (of either sign), finite (a number that is neither) or set."""
    column = pl.col(name)
    if state == "missing":
        return column.is_null()
    if state == "set":
        return (column.is_not_nan() if dtype.is_float() else column.is_not_null()).fill_null(False)
    if not dtype.is_numeric():
        return pl.lit(False) & column.is_null()
    if not dtype.is_float():
        return column.is_not_null() if state == "finite" else pl.lit(False) & column.is_null()
    test = {"nan": column.is_nan(), "inf": column.is_infinite(), "finite": column.is_finite()}[state]
    return test.fill_null(False)


def contains(name: str, dtype: pl.DataType, operator: str, pattern: Value) -> pl.Expr:
    """Return whether the value as text holds the pattern: `~` as text in any case, `=~` as regular expression.

    `!~` asks that a value is there and does not hold the text.

    Raises:
        FilterError: the regular expression is not one.
    """
    if _nested(dtype):
        raise FilterError(f"`{safe(name, 60)}` holds lists, which have no text.", pattern.start)
    column = pl.col(name).cast(pl.String)
    if operator == "=~":
        try:
            pl.select(pl.lit("").str.contains(pattern.text))
        except pl.exceptions.ComputeError as error:
            reason = safe(_reason(str(error)), 120)
            raise FilterError(
                f"This is no regular expression: {reason}", pattern.start, "`~` looks for plain text."
            ) from None
        return column.str.contains(pattern.text).fill_null(False)
    hit = column.str.contains(f"(?i){re.escape(pattern.text)}" if pattern.text else "")
    if operator == "!~":
        return (~hit).fill_null(False)
    return hit.fill_null(False)


def _reason(message: str) -> str:
    """Return the line of a regular expression's error that says what is wrong."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return next(
        (line.removeprefix("error: ") for line in lines if line.startswith("error:")), lines[0] if lines else ""
    )


def _ordered(name: str, dtype: pl.DataType, operator: str, right: Value) -> pl.Expr:
    column = pl.col(name)
    if dtype.is_numeric():
        number = right.number if right.number is not None else _quoted_number(right)
        if number is None:
            raise FilterError(f"`{safe(name, 60)}` holds numbers; {safe(right.text, 30)} is none.", right.start)
        return _apply(column, operator, pl.lit(_literal(number, dtype))).fill_null(False) & _present(name, dtype)
    if dtype.is_temporal() and dtype != pl.Duration:
        return _apply(column.cast(pl.String), operator, pl.lit(right.text)).fill_null(False)
    kind = "text" if dtype == pl.String else "no numbers"
    raise FilterError(
        f"`{safe(name, 60)}` holds {kind}; {operator} needs numbers.", right.start, "Use ==, in (…) or ~ with it."
    )


def _apply(left: pl.Expr, operator: str, right: pl.Expr) -> pl.Expr:
    if operator == "==":
        return left == right
    if operator == "!=":
        return left != right
    if operator == "<":
        return left < right
    if operator == "<=":
        return left <= right
    return left > right if operator == ">" else left >= right


def _present(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    return (~column.is_nan()).fill_null(False) if dtype.is_float() else column.is_not_null()


def _literal(number: float, dtype: pl.DataType) -> float | int:
    """Return a whole number for integer columns, so that large ids and seeds keep every digit."""
    whole = dtype.is_integer() and number.is_integer() and abs(number) < 2**53
    return int(number) if whole else number


def _quoted_number(value: Value) -> float | None:
    return Value(value.text, "word", value.start, value.end).number


def _nested(dtype: pl.DataType) -> bool:
    return dtype.is_nested() or dtype in (pl.Object, pl.Binary)
