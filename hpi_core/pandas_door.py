"""Between pandas and polars without pyarrow: column by column, through numpy arrays and plain lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import pandas as pd


def frame_from_pandas(frame: pd.DataFrame) -> pl.DataFrame:
    """Return the frame in polars types (String, Float64, Int64, Boolean, Datetime, List).

    Two-level columns (`("params", "lr")`) are joined by `_`; names that then repeat get `_2`, `_3`, …. An index that is
    more than a row count becomes leading columns. NaN in float columns stays NaN (it may be a diverged metric); missing
    values of nullable, text and date columns become null.
    """
    import pandas as pd

    if not isinstance(frame.index, pd.RangeIndex) and not _counts_rows(frame.index):
        names = [name if name is not None else ("index" if frame.index.nlevels == 1 else f"level_{level}")
                 for level, name in enumerate(frame.index.names)]  # fmt: skip
        levels = [frame.index.get_level_values(level) for level in range(frame.index.nlevels)]
    else:
        names, levels = [], []
    columns: list[pl.Series] = []
    taken: set[str] = set()
    sources = [*zip(names, levels, strict=True), *((name, frame.iloc[:, at]) for at, name in enumerate(frame.columns))]
    for label, values in sources:
        name = _unique(_joined(label), taken)
        taken.add(name)
        columns.append(_from_pandas(name, pd.Series(values).reset_index(drop=True)))
    return pl.DataFrame(columns)


def frame_to_pandas(frame: pl.DataFrame) -> pd.DataFrame:
    """Return the frame in pandas types: nullable integers and booleans where values are missing, else numpy's."""
    import pandas as pd

    columns = {name: _to_pandas(frame[name]) for name in frame.columns}
    return pd.DataFrame(columns, index=pd.RangeIndex(frame.height))


def _counts_rows(index: Any) -> bool:
    return index.nlevels == 1 and index.name is None and index.dtype.kind in "iu" and bool(index.is_unique)


def _joined(label: object) -> str:
    if isinstance(label, tuple):
        return "_".join(str(part) for part in label if part is not None and str(part) != "")
    return str(label)


def _unique(name: str, taken: set[str]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _from_pandas(name: str, column: pd.Series) -> pl.Series:
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.dtype.categories.dtype)
    kind = column.dtype.kind
    if kind in "iub":
        missing = column.isna().to_numpy()
        target = pl.Boolean if kind == "b" else pl.Int64
        if not missing.any() and (kind != "u" or int(column.max() if len(column) else 0) < 2**63):
            return pl.Series(name, column.to_numpy(dtype=bool if kind == "b" else np.int64), dtype=target)
        values = [None if gone else value for gone, value in zip(missing, column.tolist(), strict=True)]
        if kind == "u" and any(v is not None and v >= 2**63 for v in values):
            return pl.Series(name, [None if v is None else str(v) for v in values], dtype=pl.String)
        return pl.Series(name, values, dtype=target)
    if kind == "f":
        if isinstance(column.dtype, np.dtype):
            series = pl.Series(name, column.to_numpy())
            return series.cast(pl.String).cast(pl.Float64) if column.dtype == np.float32 else series.cast(pl.Float64)
        values = [None if value is pd.NA else float(value) for value in column.tolist()]
        return pl.Series(name, values, dtype=pl.Float64)
    if kind == "M":
        if getattr(column.dt, "tz", None) is not None:
            column = column.dt.tz_convert("UTC").dt.tz_localize(None)
        return pl.Series(name, column.to_numpy(dtype="datetime64[us]"), dtype=pl.Datetime("us"))
    if kind == "m":
        seconds = column.dt.total_seconds().to_numpy()
        return pl.Series(name, seconds, dtype=pl.Float64).fill_nan(None)
    return _from_objects(name, column.tolist())


def _from_objects(name: str, raw: list[Any]) -> pl.Series:
    """Type a column of Python objects: numbers, truth values, lists of numbers where all are, else text."""
    values = [None if _is_missing(value) else value for value in raw]
    kinds = {type(value) for value in values if value is not None}
    nans = any(isinstance(value, float) and value != value for value in raw)
    if kinds and kinds <= {bool, np.bool_}:
        return pl.Series(name, [None if v is None else bool(v) for v in values], dtype=pl.Boolean)
    if kinds and all(issubclass(kind, (int, np.integer)) and kind is not bool for kind in kinds) and not nans:
        if all(v is None or -(2**63) <= int(v) < 2**63 for v in values):
            return pl.Series(name, [None if v is None else int(v) for v in values], dtype=pl.Int64)
    elif kinds and all(issubclass(kind, (int, float, np.number)) and kind is not bool for kind in kinds):
        floats = [float("nan") if isinstance(r, float) and r != r else v for r, v in zip(raw, values, strict=True)]
        return pl.Series(name, [None if v is None else float(v) for v in floats], dtype=pl.Float64)
    if (
        kinds
        and kinds <= {list, tuple, np.ndarray}
        and all(
            v is None or all(isinstance(x, (int, float, np.number)) and not isinstance(x, bool) for x in v)
            for v in values
        )
    ):
        return pl.Series(
            name, [None if v is None else [float(x) for x in v] for v in values], dtype=pl.List(pl.Float64)
        )
    return pl.Series(name, [None if v is None else str(v) for v in values], dtype=pl.String)


def _is_missing(value: object) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def _to_pandas(column: pl.Series) -> Any:
    import pandas as pd

    dtype = column.dtype
    missing = column.null_count() > 0
    if dtype.is_integer():
        if missing:
            return pd.array(column.to_list(), dtype="Int64")
        return column.to_numpy()
    if dtype == pl.Boolean:
        return pd.array(column.to_list(), dtype="boolean") if missing else column.to_numpy()
    if dtype.is_float():
        # A null and a NaN are told apart where both occur: missing is not diverged.
        if missing and bool(column.is_nan().any()):
            values = np.array([0.0 if v is None else v for v in column.to_list()])
            return pd.arrays.FloatingArray(values, column.is_null().to_numpy())
        return column.to_numpy()
    if isinstance(dtype, pl.Datetime):
        return column.to_numpy()
    return pd.Series(column.to_list(), dtype=object)
