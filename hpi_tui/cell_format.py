"""How the cells of one column are written: one number format per column, chosen from its values.

A column of numbers keeps the same decimals in all rows; a parameter varied on a log scale is written as `2.95e-2`.
Single values that do not fit the format (a loss that exploded) are written as mantissa and exponent, not cut.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from hpi_core.text import safe

SIGNIFICANT = 4
_LONGEST_CELL = 400
_MOST_WHOLE = 1e6


class Cell(NamedTuple):
    """What stands in a cell; `odd` marks a non-finite number, `missing` the absence of a value.

    `token` is the cell's own, whatever the row is written in; empty where it follows the row.
    """

    text: str
    odd: bool = False
    missing: bool = False
    token: str = ""


@dataclass(frozen=True)
class NumberFormat:
    """Fixed decimals, or mantissa and exponent with `digits` decimals of the mantissa."""

    exponent: bool
    digits: int

    def write(self, value: float) -> str:
        """Write a finite number."""
        if self.exponent:
            return scientific(value, self.digits)
        size = abs(value)
        if size >= 1e9 or (value and size < 0.5 * 10.0**-self.digits):
            return scientific(value, 2)
        return f"{value:.{self.digits}f}"


MISSING = Cell("–", missing=True)
_NAN, _PLUS, _MINUS = Cell("nan", odd=True), Cell("+inf", odd=True), Cell("-inf", odd=True)


def scientific(value: float, digits: int) -> str:
    """Write `2.95e-2`: no plus sign, no leading zero in the exponent."""
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def choose_format(values: Sequence[float], *, log: bool) -> NumberFormat:
    """Choose the format of a column from a sample of its finite values."""
    sizes = sorted(abs(value) for value in values if value)
    if not sizes:
        return NumberFormat(False, 0)
    typical = sizes[len(sizes) // 2]
    spread = sizes[int(0.9 * (len(sizes) - 1))] / sizes[int(0.1 * (len(sizes) - 1))]
    if log or typical >= 1e7 or typical < 1e-3 or spread > 1e3:
        digits = next((d for d in (0, 1) if all(_same(v, float(f"{v:.{d}e}")) for v in sizes)), 2)
        return NumberFormat(True, digits)
    before = math.floor(math.log10(typical)) + 1
    most = max(0, SIGNIFICANT - before) if before > 0 else min(SIGNIFICANT - before, 6)
    digits = next((d for d in range(most) if all(_same(v, round(v, d)) for v in sizes)), most)
    return NumberFormat(False, digits)


def all_whole(values: Sequence[float]) -> bool:
    """Tell whether all numbers are whole and short: then they are written as such, on whatever scale they lie."""
    return all(math.isfinite(value) and float(value).is_integer() and abs(value) < _MOST_WHOLE for value in values)


def told_apart(labels: Sequence[str], width: int) -> list[str]:
    """Return labels so that those that would be the same cut at their end are cut at their beginning.

    Names of one module, paths and the like differ at the end; others stay as they are, for whoever cuts them.
    """
    begins = [set_cell_size(label, max(1, width - 1)) for label in labels]
    return [
        f"…{_end_of(label, width - 1)}" if cell_len(label) > width > 1 and begins.count(begin) > 1 else label
        for label, begin in zip(labels, begins, strict=True)
    ]


def _end_of(label: str, width: int) -> str:
    while cell_len(label) > width:
        label = label[1:]
    return label


def number_writer(chosen: NumberFormat) -> Callable[[float | None], Cell]:
    """Return a function from a value of a float column to its cell."""

    def write(value: float | None) -> Cell:
        if value is None:
            return MISSING
        if value - value == 0:
            return Cell(chosen.write(value))
        if value != value:
            return _NAN
        return _PLUS if value > 0 else _MINUS

    return write


def plain_cell(value: object) -> Cell:
    """Write a value that is no float: text made harmless, whole numbers as they are, lists in brackets."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return Cell("true" if value else "false")
    return Cell(safe(value, _LONGEST_CELL))


def prose_number(value: object) -> str:
    """Write a value for a sentence: four significant digits, non-finite ones by their names."""
    if value is None:
        return "–"
    if not isinstance(value, float):
        return plain_cell(value).text
    if not math.isfinite(value):
        return "nan" if value != value else ("+inf" if value > 0 else "-inf")
    return f"{value:.{SIGNIFICANT}g}"


def _same(left: float, right: float) -> bool:
    return abs(left - right) <= 1e-9 * max(abs(left), abs(right))
