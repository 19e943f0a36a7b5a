"""What frames of other libraries and trackers become before they are a sweep: plain types, numbers out of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import polars as pl

from hpi_core.dtypes import plain
from hpi_core.errors import UsageError

if TYPE_CHECKING:
    from polars._typing import ArrowStreamExportable

# MLflow keeps every parameter as text; `mlflow.search_runs()` hands them on so.
_ALL_TEXT = "params."
_MISSING = ("", "None", "nan", "NaN", "null")


def plain_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame in the few types of a table; fields of structures become columns, numbers in text numbers.

    Only parameters of MLflow (`params.…`), which are text whatever they were, are taken for numbers.
    """
    while any(isinstance(dtype, pl.Struct) for dtype in frame.schema.values()):
        frame = _unnested(frame)
    frame = plain(frame)
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String and name.startswith(_ALL_TEXT)]
    return frame.with_columns(_number_or_text(frame[name]) for name in texts)


def frame_from_arrow(data: object) -> pl.DataFrame:
    """Return anything that offers the Arrow interface (`__arrow_c_stream__` or `__arrow_c_array__`) as a polars frame.

    Raises:
        UsageError: it does not offer it, or holds no table.
    """
    if not (hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")):
        raise UsageError(
            f"A {type(data).__name__} does not offer the Arrow interface.", "Use from_pandas or from_polars for frames."
        )
    try:
        return pl.DataFrame(cast("ArrowStreamExportable", data))
    except (TypeError, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise UsageError(f"The {type(data).__name__} holds no table that Arrow can hand on ({error}).") from error


def _unnested(frame: pl.DataFrame) -> pl.DataFrame:
    """Replace each column of structures by one column per field, called `column.field`."""
    columns: list[pl.Series] = []
    taken = set(frame.columns)
    for column in frame.iter_columns():
        if not isinstance(column.dtype, pl.Struct):
            columns.append(column)
            continue
        for field in column.struct.fields:
            name, number = f"{column.name}.{field}", 1
            while name in taken:
                number += 1
                name = f"{column.name}.{field}_{number}"
            taken.add(name)
            columns.append(column.struct.field(field).alias(name))
    return pl.DataFrame(columns)


def _number_or_text(column: pl.Series) -> pl.Series:
    present = column.filter(~column.is_in(_MISSING) & column.is_not_null())
    if not present.len() or present.str.strip_chars().cast(pl.Float64, strict=False).null_count():
        return column
    numbers = column.str.strip_chars().cast(pl.Float64, strict=False)
    whole = present.str.contains(r"^\s*[-+]?\d{1,18}\s*$").all()
    return numbers.fill_nan(None).cast(pl.Int64) if whole else numbers
