"""condition(): a range or set of values of one column, printed so that it selects just those."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hpi_core.filter.syntax import KEYWORDS, Value


def condition(
    column: str,
    low: float | None = None,
    high: float | None = None,
    values: Sequence[object] | None = None,
    missing: bool = False,
) -> str:
    """Return the filter for `low < column <= high`, for `column in (values)`, or for no value (null or NaN).

    A bound of None is open. The text parses back to exactly the trials of the interval, full precision kept.

    Raises:
        ValueError: nothing was asked for.
    """
    name = quote_column(column)
    if missing:
        return f"{name} is not set"
    if values is not None:
        if len(values) == 1:
            return f"{name} == {_literal(values[0])}"
        return f"{name} in ({', '.join(_literal(value) for value in values)})"
    if low is not None and high is not None:
        return f"{_literal(low)} < {name} <= {_literal(high)}"
    if low is not None:
        return f"{name} > {_literal(low)}"
    if high is not None:
        return f"{name} <= {_literal(high)}"
    raise ValueError("a condition needs a bound, values or missing")


def quote_column(column: str) -> str:
    """Return the name as the filter language writes it: in backticks unless it is a plain word."""
    plain = re.fullmatch(r"[A-Za-z_][\w./-]*", column) and column.casefold() not in KEYWORDS
    if plain and Value(column, "word", 0, 0).number is None:
        return column
    return "`" + column.replace("`", "``") + "`"


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    text = str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
