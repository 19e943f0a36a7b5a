"""JSON Lines too large to hold: each piece is read as a small file is; then all are brought to the same columns."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from hpi_core.errors import SourceError
from hpi_core.readers import jsonl
from hpi_core.readers._pieces import Reading
from hpi_core.tables.large_curves import LargeRows
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.nested import frame_of_records
from hpi_core.tables.scratch import Scratch
from hpi_core.tables.table import silent

# Words for numbers that are not finite: a column of them and of numbers is one of numbers.
_WORDS = pl.Object()
_NONFINITE = ("nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity")
_NAMES = {pl.Float64(): "float", pl.Int64(): "int", pl.Boolean(): "bool", pl.String(): "str"}


def rows_of_lines(reading: Reading, scratch: Scratch) -> LargeRows:
    """Return the records of a large file.

    Raises:
        SourceError: no line holds a record.
    """
    parts: list[Path] = []
    kinds: dict[str, set[pl.DataType]] = {}
    words: dict[str, set[str]] = {}
    refused: list[tuple[int, str, str]] = []
    ledgers: list[pl.DataFrame] = []
    before, rows, blank, terminated = 0, 0, 0, True
    for data, _ in reading.pieces():
        lines = (data if before else data.removeprefix(b"\xef\xbb\xbf")).split(b"\n")
        terminated = lines[-1] == b""
        lines = lines[:-1] if terminated else lines
        parsed = jsonl.parse_lines(lines, reading.content.name, silent, reading.cancelled)
        refused += [(line + before, what, was) for line, what, was in parsed.refused]
        before += len(lines)
        blank += parsed.blank
        if parsed.records:
            frame, ledger = frame_of_records(parsed.records)
            ledgers.append(_without_mixed(ledger, words))
            for column in frame.iter_columns():
                found = kinds.setdefault(column.name, set())
                if column.null_count() < frame.height:
                    found.add(_kind(column))
                    words.setdefault(column.name, set()).add(_NAMES.get(column.dtype, "list"))
            parts.append(scratch.path / f"rows-{len(parts):06}.parquet")
            frame.write_parquet(parts[-1], compression="lz4", statistics=False)
            rows += frame.height
    if not rows:
        raise SourceError(f"{reading.content.name} holds no records.", "It may still be being written.")
    types = {name: _agreed(found) for name, found in kinds.items()}
    for path in parts:
        _rewrite(path, types)
    ledgers = [ledger_frame(_mixed(words, types, rows)), *_without_repeats(ledgers)]
    found_all = jsonl.Parsed(refused=refused, blank=blank)
    complete = reading.options.complete
    whole = jsonl.table_of(pl.DataFrame(), ledgers, found_all, rows, before, terminated=terminated, complete=complete)
    scan = pl.scan_parquet(parts, glob=False).slice(0, rows - len(whole.incomplete))
    return LargeRows(scan, reading.content.name, whole.ledger, bool(whole.incomplete), scratch, lines=whole.lines)


def _without_mixed(ledger: pl.DataFrame, words: dict[str, set[str]]) -> pl.DataFrame:
    """Return the ledger of a piece without what it says of kinds of values, which goes into `words`."""
    mixed = pl.col("kind") == "mixed_types"
    for name, message in ledger.filter(mixed).select("column", "message").iter_rows():
        words.setdefault(name, set()).update(message.removeprefix("holds ").split(":")[0].split(", "))
    return ledger.filter(~mixed)


def _kind(column: pl.Series) -> pl.DataType:
    words = column.dtype == pl.String and column.drop_nulls().str.strip_chars().str.to_lowercase().is_in(_NONFINITE)
    return _WORDS if words is not False and bool(words.all()) else column.dtype


def _agreed(found: set[pl.DataType]) -> pl.DataType:
    if found <= {pl.Int64(), pl.Float64(), _WORDS} and found & {pl.Int64(), pl.Float64()} and len(found) > 1:
        return pl.Float64()
    if len(found) == 1 and found != {_WORDS}:
        return next(iter(found))
    return pl.String()


def _mixed(words: dict[str, set[str]], types: dict[str, pl.DataType], rows: int) -> list[Entry]:
    """Say which columns hold values of several kinds."""
    return [
        Entry("mixed_types", f"holds {', '.join(sorted(found))}: kept as text", column=name, count=rows)
        for name, found in words.items()
        if types[name] == pl.String() and len(found) > 1
    ]


def _rewrite(path: Path, types: dict[str, pl.DataType]) -> None:
    """Bring a piece to the columns and types of all."""
    frame = pl.read_parquet(path)
    if dict(frame.schema) == types:
        return
    columns = []
    for name, dtype in types.items():
        column = frame[name] if name in frame.columns else _empty(name, dtype, frame)
        if column.dtype == dtype:
            columns.append(column)
        elif column.dtype == pl.String and dtype != pl.String:
            plain = column.str.strip_chars().str.to_lowercase().str.strip_prefix("+")
            columns.append(
                plain.cast(dtype, strict=False) if dtype.is_numeric() else column.clear(len(column)).cast(dtype)
            )
        elif dtype == pl.String:
            texts = [None if value is None else json.dumps(value, default=str) for value in column.to_list()]
            columns.append(pl.Series(name, texts, dtype=pl.String))
        else:
            columns.append(column.cast(dtype))
    pl.DataFrame(columns).write_parquet(path, compression="lz4", statistics=False)


def _empty(name: str, dtype: pl.DataType, frame: pl.DataFrame) -> pl.Series:
    return pl.Series(name, [None], dtype=dtype).new_from_index(0, frame.height)


def _without_repeats(ledgers: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """Return the ledgers of all pieces; what each says of a whole column is said once."""
    whole = pl.concat(ledgers)
    columns = whole.filter(pl.col("line").is_null() & pl.col("column").is_not_null())
    merged = columns.group_by("kind", "column", "message", maintain_order=True).agg(
        pl.col("row", "line", "was", "became").first(), pl.col("count").sum()
    )
    rest = whole.filter(pl.col("line").is_not_null() | pl.col("column").is_null())
    return [merged.select(whole.columns), rest]
