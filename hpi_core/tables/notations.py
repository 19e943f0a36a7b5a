"""The notations that numbers, times and truth values are written in: recognised from a column's words, and read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import polars as pl

# Missing wherever they stand; the further tokens only among numbers, times and truth values, since a setting may
# well be called None.
MISSING = ("", "NA", "N/A", "n/a", "null", "NULL", "Null", "<NA>", "#N/A", "#N/A N/A", "NaT")
MISSING_AMONG_NUMBERS = (
    *MISSING,
    *("na", "None", "none", "NONE", "-", "--", "–", "—", "?", "missing", "Missing", "MISSING", "nil", "(null)"),
)
_MSVC = re.compile(r"([+-]?)1\.#(INF|QNAN|SNAN|IND)\d*$")
_PERCENT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*%$")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}([,'\u00a0\u202f ]\d{3})+(\.\d*)?$")
_DECIMAL_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)?,\d+([eE][+-]?\d+)?$|[+-]?\d+,$")
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?\s?(Z|[+-]\d\d:?\d\d)?)?$")

# Three figures behind every dot, and two dots: no decimal point can be meant.
_DOTTED = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3}){2,}$")
_DOTTED_ONCE = r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$"
# What SLURM and Python write: 00:02:12, 1-03:00:00, 1 day, 3:00:00.5.
_DURATION = re.compile(r"((\d+)(-| days?,? ))?(\d{1,4}):([0-5]\d):([0-5]\d(?:\.\d+)?)$")
_SPREAD = re.compile(r"[+-]?[\d.]+([eE][+-]?\d+)?\s*(±|\+/-|\+-)\s*[\d.]+([eE][+-]?\d+)?$")
# What is printed of one number that a library holds: tensor(0.5, device='cuda:0'), np.float64(0.5), Array(0.5, …).
_HOLDERS = r"(?:tensor|(?:np|numpy)\.\w+|(?:Device)?[Aa]rray)"
_TENSOR = re.compile(_HOLDERS + r"\(\[?[+-]?([\d.]+(e[+-]?\d+)?|nan|inf)\]?(, [\w=':.<>, ]+)?\)$")

Style = Literal[
    "text", "id", "integer", "number", "percent", "thousands", "dotted", "decimal_comma", "msvc", "boolean", "time",
    "duration", "spread", "tensor",
]  # fmt: skip
REPAIRS = {
    "percent": "percent signs were taken off; the numbers are as written",
    "thousands": "separators of thousands were taken out",
    "dotted": "dots between thousands were taken out",
    "duration": "times were read as seconds",
    "spread": "what stands behind ± was left out",
    "tensor": "the number inside tensor(…), np.float64(…) or the like was read",
    "decimal_comma": "decimal commas were read as decimal points",
}


def style_of(others: Sequence[str], no_numbers: bool, decimal_comma: bool) -> Style:
    """Name the notation that the cells which are no plain numbers are written in; text where there is none."""
    if not others:
        return "text"
    if no_numbers and all(word.lower() in ("true", "false") for word in others):
        return "boolean"
    if no_numbers and all(_TIME.match(word) for word in others[:1000]):
        return "time"
    for style, pattern in (("duration", _DURATION), ("spread", _SPREAD), ("tensor", _TENSOR)):
        if all(pattern.match(word) for word in others[:1000]):
            return style  # type: ignore[return-value]
    if all(_DOTTED.match(word) for word in others):
        return "dotted"
    if any(_PERCENT.match(word) for word in others):
        return "percent"
    if any(_MSVC.match(word) for word in others):
        return "msvc"
    commas = [word for word in others if "," in word and word.replace(",", "").strip("+-")[:1].isdigit()]
    if commas and all(_THOUSANDS.match(word) for word in commas):
        certain = any("." in word or word.count(",") > 1 for word in commas)
        return "thousands" if certain or not decimal_comma else "decimal_comma"
    if any(_DECIMAL_COMMA.match(word) for word in commas):
        return "decimal_comma"
    return "thousands" if any(_THOUSANDS.match(word) for word in others) else "text"


def parse(column: pl.Series, style: Style, dtype: pl.DataType | None) -> pl.Series:
    """Read text cells in a style; what does not fit is null."""
    name = column.name
    if style in ("text", "id"):
        return column.set(column.is_in(MISSING if style == "text" else ("",)), None)
    if style == "boolean":
        lower = column.str.to_lowercase()
        return column.to_frame().select(
            pl.when(pl.Series(lower.is_in(["true", "false"]))).then(pl.Series(lower == "true")).alias(name)
        )[name]
    if style == "time":
        return _times(column, dtype)
    if style == "percent":
        column = column.str.strip_suffix("%").str.strip_chars_end()
    elif style == "thousands":
        column = column.str.replace_all(r"[,'\x{a0}\x{202f} ]", "")
    elif style == "dotted":
        column = column.str.replace_all(".", "", literal=True)
    elif style == "duration":
        column = _seconds(column).alias(name)
    elif style == "spread":
        column = column.str.replace(r"\s*(±|\+/-|\+-).*$", "")
    elif style == "tensor":
        column = column.str.replace(rf"^{_HOLDERS}\(\[?([^\],)]*).*$", "${1}")
    elif style == "decimal_comma":
        comma = column.str.contains(",", literal=True)
        pointed = column.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        column = column.zip_with(~comma.fill_null(False), pointed)
    elif style == "msvc":
        column = column.str.replace(r"^([+-]?)1\.#INF\d*$", "${1}inf").str.replace(
            r"^[+-]?1\.#(QNAN|SNAN|IND)\d*$", "nan"
        )
    return column.cast(dtype if dtype is not None else pl.Float64, strict=False)


def _times(column: pl.Series, dtype: pl.DataType | None) -> pl.Series:
    filled = column.drop_nulls()
    zoned = bool(filled.str.contains(r"(Z|[+-]\d\d:?\d\d)$").all()) and bool(filled.str.contains(":").all())
    if isinstance(dtype, pl.Datetime):
        zoned = dtype.time_zone is not None
    fine = bool(filled.str.contains(r"\.\d{7,9}").any())
    unit: Literal["us", "ns"] = "ns" if fine else "us"
    text = column.str.replace("T", " ", literal=True).str.replace(r"\s?Z$", "+0000")
    text = text.str.replace(r"\s?([+-]\d\d):?(\d\d)$", "${1}${2}") if zoned else text
    tail = "%z" if zoned else ""
    zone = "UTC" if zoned else None
    result: pl.Series | None = None
    for pattern in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d"):
        # A date alone has no hour for polars' date-and-time parser: give it midnight.
        midnight = pattern == "%Y-%m-%d"
        source = text + pl.Series([" 00:00"]) if midnight else text
        pattern = "%Y-%m-%d %H:%M" if midnight else pattern
        part = source.str.to_datetime(pattern + tail, time_unit=unit, time_zone=zone, strict=False, ambiguous="null")
        result = part if result is None else result.zip_with(result.is_not_null(), part)
    assert result is not None
    return result.cast(dtype) if dtype is not None else result


def _seconds(column: pl.Series) -> pl.Series:
    """Return times of the form `1-03:02:01.5` as text of seconds; anything else as it is."""
    parts = column.str.extract_groups(f"^{_DURATION.pattern}").struct.unnest()
    days, hours, minutes, seconds = (parts.to_series(k).cast(pl.Float64) for k in (1, 3, 4, 5))
    total = days.fill_null(0.0) * 86_400 + hours * 3_600 + minutes * 60 + seconds
    return total.cast(pl.String).zip_with(total.is_not_null(), column.cast(pl.Float64, strict=False).cast(pl.String))


def all_dotted(column: pl.Series) -> bool:
    """Say whether every filled cell has three figures behind each of its dots, as 1.234: thousands, or decimals."""
    filled = column.drop_nulls()
    return bool(filled.len()) and bool(filled.str.contains(_DOTTED_ONCE).all())
