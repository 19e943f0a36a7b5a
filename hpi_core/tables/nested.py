"""Nested values made flat: dictionaries in records, struct columns and cells that hold JSON or Python literals.

`{"config": {"lr": 0.1}}` becomes the column `config.lr`. Lists stay lists where they are all numbers (they may be
curves) and become JSON text otherwise.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.table import Table

DEPTH = 16
COLUMNS = 20_000
_CELL = 256 << 10
# The share of a column's non-null cells that must hold a dictionary before the column is flattened.
_NEARLY_ALL = 0.9
_SAMPLE = 50
_INT64 = 2**63
_EXACT = 2**53
_NONFINITE = {"nan": math.nan, "inf": math.inf, "+inf": math.inf, "-inf": -math.inf,
              "infinity": math.inf, "+infinity": math.inf, "-infinity": -math.inf}  # fmt: skip
_BARE_NONFINITE = re.compile(r"(?<=[:,\[\(\s])(-?(?:nan|inf))(?=\s*[,}\]\)])")


def flat(record: Mapping[str, object], prefix: str = "", depth: int = 0) -> dict[str, object]:
    """Return one level of `outer.inner` keys; deeper than `DEPTH` stays one value; `{"value": v, "desc": …}` is `v`."""
    out: dict[str, object] = {}
    for key, value in record.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            if set(value) == {"value", "desc"}:  # how Weights & Biases wraps every configuration value
                value = value["value"]
            if isinstance(value, Mapping) and value and depth < DEPTH:
                out.update(flat(value, name, depth + 1))
                continue
        out[name] = value
    return out


def frame_of_records(records: Sequence[Mapping[str, object]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a typed frame with one row per (possibly nested) record, and the ledger of columns of mixed types.

    Columns stand in the order of their first appearance; beyond `COLUMNS` of them the rest is left out, in the ledger.
    """
    columns = _columns_of_alike(records) or {}
    left_out: set[str] = set()
    height = len(records)
    for row, record in enumerate(() if columns else records):
        for name, value in flat(record).items():
            if name not in columns:
                if len(columns) >= COLUMNS:
                    left_out.add(name)
                    continue
                columns[name] = [None] * height
            columns[name][row] = value
    entries: list[Entry] = []
    series = [_series(name, values, entries) for name, values in columns.items()]
    if left_out:
        message = f"more than {COLUMNS:,} columns: {len(left_out):,} were left out"
        entries.append(Entry("dropped_columns", message, count=len(left_out)))
    frame = pl.DataFrame(series) if series else pl.DataFrame()
    return frame, ledger_frame(entries)


def _columns_of_alike(records: Sequence[Mapping[str, object]]) -> dict[str, list[Any]] | None:
    """Return the columns of flat records that all have the same keys, several times as fast as of any others."""
    names = records[0].keys() if records else {}
    if len(names) > COLUMNS or any(record.keys() != names for record in records):
        return None
    columns = {str(name): [record[name] for record in records] for name in names}
    if len(columns) < len(names) or any(dict in set(map(type, values)) for values in columns.values()):
        return None
    return columns


def flatten(table: Table) -> Table:
    """Return the table with struct columns and columns of dictionary literals replaced by one column per key."""
    frame = table.frame
    entries: list[Entry] = []
    first = frame.head(_SAMPLE)
    for name, dtype in frame.schema.items():
        if dtype == pl.String and not _may_be_nested(first.get_column(name)):
            continue
        if isinstance(dtype, pl.Struct):
            values = frame[name].to_list()
            frame = _replaced(frame, name, values, "a structure", entries)
        elif dtype == pl.String and _looks_nested(frame[name]):
            texts = frame[name].to_list()
            parsed = [_parse(text) for text in texts]
            present = sum(text is not None and text != "" for text in texts)
            if sum(isinstance(value, dict) for value in parsed) >= _NEARLY_ALL * present:
                values = [
                    p if isinstance(p, dict) else ({"": t} if t else None) for p, t in zip(parsed, texts, strict=True)
                ]
                frame = _replaced(frame, name, values, "a dictionary written as text", entries)
    if frame is table.frame:
        return table
    return replace(table, frame=frame, ledger=ledger_frame(entries, [table.ledger]))


def _replaced(
    frame: pl.DataFrame, name: str, values: list[dict[str, object] | None], what: str, entries: list[Entry]
) -> pl.DataFrame:
    """Put the flattened columns of `values` where the column `name` stood; the key "" holds a cell of another kind."""
    inner, ledger = frame_of_records([value or {} for value in values])
    taken = set(frame.columns) - {name}
    renames: dict[str, str] = {}
    for key in inner.columns:
        wanted = f"{name}.{key}" if key else name
        renames[key] = unique(wanted, taken)
        taken.add(renames[key])
    inner = inner.rename(renames)
    count = sum(value is not None for value in values)
    message = f"each cell held {what}: {inner.width} columns {name}.… were made of it"
    entries.append(Entry("flattened", message, column=name, count=count))
    entries.extend(
        Entry(**{**row, "column": renames.get(str(row["column"]), row["column"])}) for row in ledger.to_dicts()
    )
    at = frame.columns.index(name)
    if inner.width == 0:
        return frame.drop(name) if frame.width > 1 else frame
    return frame.select(
        *(frame[c] for c in frame.columns[:at]), *inner.get_columns(), *(frame[c] for c in frame.columns[at + 1 :])
    )


def unique(name: str, taken: Iterable[str]) -> str:
    """Return `name`, or `name_2`, `name_3`, … where it is taken."""
    taken = taken if isinstance(taken, set) else set(taken)
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _may_be_nested(first: pl.Series) -> bool:
    """Say whether the first cells leave it open: they are all missing, or one begins like a dictionary."""
    cells = [cell for cell in first.to_list() if cell]
    return not cells or any(cell.lstrip()[:1] == "{" for cell in cells)


def _looks_nested(column: pl.Series) -> bool:
    sample = column.drop_nulls().head(_SAMPLE).str.strip_chars()
    return (
        bool(sample.len())
        and float(
            (sample.str.starts_with("{") & sample.str.ends_with("}")).mean() or 0.0  # type: ignore[arg-type]
        )
        >= _NEARLY_ALL
    )


def _parse(text: str | None) -> object:
    """Return the value of a JSON text or a Python literal, or None; nothing is ever evaluated."""
    if text is None or len(text) > _CELL or "{" not in text:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(_BARE_NONFINITE.sub(r"'\1'", text.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _series(name: str, values: list[Any], entries: list[Entry]) -> pl.Series:
    """Type one column of JSON values without loss; what cannot agree on a type becomes text, and the ledger says so."""
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return pl.Series(name, [None] * len(values), dtype=pl.String)
    if kinds == {float}:
        return pl.Series(name, values, dtype=pl.Float64)
    if kinds == {str}:
        return pl.Series(name, values, dtype=pl.String)
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds == {int} and all(v is None or -_INT64 <= v < _INT64 for v in values):
        return pl.Series(name, values, dtype=pl.Int64)
    if kinds <= {int, float} and float in kinds and all(not isinstance(v, int) or abs(v) <= _EXACT for v in values):
        return pl.Series(name, [None if v is None else float(v) for v in values], dtype=pl.Float64)
    if kinds <= {int, float, str} and kinds != {str} and (numbers := _numbers(values)) is not None:
        return pl.Series(name, numbers, dtype=pl.Float64)
    if kinds == {list} and (lists := _number_lists(values)) is not None:
        return pl.Series(name, lists, dtype=pl.List(pl.Float64))
    if kinds != {str} and len(kinds) > 1:
        words = ", ".join(sorted(kind.__name__ for kind in kinds))
        entries.append(Entry("mixed_types", f"holds {words}: kept as text", column=name, count=len(values)))
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _numbers(values: list[Any]) -> list[float | None] | None:
    """Return floats where every text is a word for a non-finite number, else None."""
    out: list[float | None] = []
    for value in values:
        if isinstance(value, str):
            if value.strip().lower() not in _NONFINITE:
                return None
            out.append(_NONFINITE[value.strip().lower()])
        elif isinstance(value, int) and abs(value) > _EXACT:
            return None
        else:
            out.append(None if value is None else float(value))
    return out


def _number_lists(values: list[Any]) -> list[list[float | None] | None] | None:
    out: list[list[float | None] | None] = []
    for value in values:
        if value is None:
            out.append(None)
            continue
        if any(isinstance(item, (bool, list, dict, tuple)) for item in value):
            return None
        numbers = _numbers(value)
        if numbers is None:
            return None
        out.append(numbers)
    return out


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError, TypeError):
        return "…"
