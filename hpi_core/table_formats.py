"""Tables as bytes: CSV that no spreadsheet runs, Parquet, JSON Lines without bare NaN."""

from __future__ import annotations

import io
import json
import math

import polars as pl

# A spreadsheet takes text that begins so for a formula (the last four are the full-width twins).
_FORMULA = r"^[=+\-@\t\r＝＋－＠]"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-](?i:inf|infinity|nan)$"


def table_bytes(table: pl.DataFrame, format_name: str) -> bytes:
    """Return a table as `csv`, `parquet` or `jsonl`."""
    buffer = io.BytesIO()
    if format_name == "parquet":
        table.write_parquet(buffer)
    elif format_name == "csv":
        neutral(flat(table)).write_csv(buffer)
    else:
        for row in table.iter_rows(named=True):
            buffer.write(json.dumps(row, default=_plain, ensure_ascii=False).encode() if _finite(row) else _strict(row))
            buffer.write(b"\n")
    return buffer.getvalue()


def flat(table: pl.DataFrame) -> pl.DataFrame:
    """Return the table with lists and structs written as JSON text, which is all CSV can hold."""
    nested = [name for name, dtype in table.schema.items() if dtype.is_nested()]
    return table.with_columns(pl.Series(name, [_json(v) for v in table[name].to_list()], pl.String) for name in nested)


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, default=_plain)


def neutral(table: pl.DataFrame) -> pl.DataFrame:
    """Return the table with an apostrophe before every text cell and name that would be run as a formula.

    Numbers stay as they are, also those that stand in a column of text.
    """
    cells = pl.col(pl.String)
    runs = cells.str.contains(_FORMULA) & ~cells.str.contains(_NUMBER)
    guarded = table.with_columns(pl.when(runs).then(cells.str.replace("^", "'")).otherwise(cells))
    heads = pl.Series("name", table.columns, dtype=pl.String)
    risky = heads.filter(heads.str.contains(_FORMULA)).to_list()
    return guarded.rename({name: f"'{name}" for name in risky if f"'{name}" not in table.columns})


def _finite(row: dict[str, object]) -> bool:
    return not any(isinstance(value, float) and not math.isfinite(value) for value in row.values())


def _strict(row: dict[str, object]) -> bytes:
    """Write numbers JSON has no word for as the text readers understand."""
    words = {name: _word(value) for name, value in row.items()}
    return json.dumps(words, default=_plain, ensure_ascii=False).encode()


def _word(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _plain(value: object) -> object:
    return value.to_list() if isinstance(value, pl.Series) else str(value)
