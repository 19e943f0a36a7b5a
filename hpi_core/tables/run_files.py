"""The files of one run: its settings (YAML, JSON, key and value lines) and its log of metrics (any kind of table).

A file is never looked for outside the run's folder, never followed through a link that leads out of it, and never read
beyond a bound; what cannot be read costs only itself, and the caller gets the sentence why.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hpi_core.errors import SourceError
from hpi_core.roles.names import parse
from hpi_core.roles.vocabulary import words
from hpi_core.tables.curve_frames import is_step_name, step_columns, steps_of, unpivoted
from hpi_core.tables.foreign import foreign_kind
from hpi_core.tables.run_table import POINTS
from hpi_core.tables.table import Table
from hpi_core.tables.trial_steps import is_id_name
from hpi_core.tables.yaml_text import LARGEST as LARGEST_SETTINGS
from hpi_core.tables.yaml_text import yaml_value
from hpi_core.text import safe

AGAIN = "It may have been copied while it was written: copy it again."
_LFS = b"version https://git-lfs.github.com/spec/"
# Columns of a log that tell when or how far, and are no result.
_CLOCKS = frozenset(
    words(
        """
        epoch step global_step iteration created_at timestamp _timestamp time wall_time walltime date datetime
        _runtime runtime relative_time elapsed
        """
    )
)


def bounded(path: Path, root: Path, limit: int = LARGEST_SETTINGS) -> bytes:
    """Return the bytes of a plain file inside `root`.

    Raises:
        SourceError: a link that leads out, no plain file, larger than `limit`, a Git LFS pointer, not readable.
    """
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
            raise SourceError(f"{safe(path.name)} is a link that leads out of the folder: it was not followed.")
        if not path.is_file():
            raise SourceError(f"{safe(path.name)} is no plain file.")
        if path.stat().st_size > limit:
            raise SourceError(f"{safe(path.name)} is larger than {limit >> 20} MiB.")
        data = path.read_bytes()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links is a RuntimeError
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it cannot be resolved"
        raise SourceError(f"{safe(path.name)} cannot be read ({reason}).") from error
    if data.startswith(_LFS):
        raise SourceError(f"{safe(path.name)} is a Git LFS pointer, not the data itself.", "Run `git lfs pull`.")
    return data


def settings_of(path: Path, root: Path) -> dict[str, object]:
    """Return the settings that a YAML, JSON or `key,value` file holds; an empty file holds none.

    Raises:
        SourceError: the file cannot be read, is damaged, or holds no named values.
    """
    data = bounded(path, root)
    if not data.strip():
        return {}
    if foreign_kind(data[:4096]) is not None:
        raise SourceError(f"{safe(path.name)} is {foreign_kind(data[:4096])}, not settings; it was not opened.")
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _key_values(data)
    value = json_value(data, path.name) if suffix == ".json" else yaml_value(data, path.name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SourceError(f"{safe(path.name)} holds no named settings.")
    return unwrapped(value)


def json_value(data: bytes, name: str) -> object:
    """Return the value of a JSON text.

    Raises:
        SourceError: the text is empty, damaged or nested too deeply.
    """
    if not data.strip(b"\0 \t\r\n"):
        raise SourceError(f"{safe(name)} is empty.", AGAIN)
    try:
        return json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError as error:
        raise SourceError(
            f"{safe(name)} is nested too deeply.", "No tool writes it so: check where it is from."
        ) from error
    except json.JSONDecodeError as error:
        raise SourceError(f"{safe(name)} is damaged JSON: {error.msg} at line {error.lineno}.", AGAIN) from error
    except ValueError as error:
        raise SourceError(f"{safe(name)} is damaged JSON ({safe(error, 80)}).", AGAIN) from error


def unwrapped(settings: Mapping[str, object]) -> dict[str, object]:
    """Return settings without the `{"value": …, "desc": …}` that Weights & Biases puts around each of them."""
    out: dict[str, object] = {}
    for key, value in settings.items():
        if isinstance(value, dict) and "value" in value and set(value) <= {"value", "desc"}:
            value = value["value"]
        out[str(key)] = value
    return out


def _key_values(data: bytes) -> dict[str, object]:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8", "replace"))))
    if not rows or len(rows[0]) != 2:
        raise SourceError("a CSV of settings has the two columns key and value; this one has others.")
    body = rows[1:] if [cell.strip().lower() for cell in rows[0]] in (["key", "value"], ["name", "value"]) else rows
    return {row[0]: _typed(row[1]) for row in body if len(row) == 2 and row[0]}


def _typed(text: str) -> object:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return {"": None, "None": None, "True": True, "False": False}.get(text, text)


def numeric_csv(data: bytes) -> pl.DataFrame | None:
    """Return a comma-separated log in which every cell is a number or empty, read at once; None of any other text.

    What is cut, quoted, ragged or holds a single word is left to the reader that repairs and tells.
    """
    lines = data.count(b"\n")
    header = data[: data.find(b"\n")].rstrip(b"\r").decode("utf-8", "replace")
    names = [name.strip() for name in header.split(",")]
    if not data.endswith(b"\n") or lines < 2 or b'"' in data or b"\n\n" in data or data.startswith(b"\xef\xbb\xbf"):
        return None
    if len(names) < 2 or len(set(names)) < len(names) or data.count(b",") != lines * (len(names) - 1):
        return None
    if any(not name or name.replace(".", "").replace("-", "").isdigit() for name in names):
        return None
    try:
        frame = pl.read_csv(data, infer_schema_length=None, new_columns=names)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    read = [name for name, dtype in frame.schema.items() if dtype in (pl.Int64, pl.Float64)]
    empty = [name for name in names if name not in read]
    if frame.height != lines - 1 or any(frame[name].null_count() < frame.height for name in empty):
        return None
    return frame


@dataclass(frozen=True)
class Log:
    """What the log of one run holds.

    Attributes:
        points: values of metrics by step, with the schema `run_table.POINTS`; None where it has one record only.
        last: for every column, its last value that is not missing.
        constant: the columns, other than the metrics, that hold one value throughout.
        note: how steps were made where the log has none; empty otherwise.
        partial: whether it holds but one record, which may still be being written.
    """

    points: pl.DataFrame | None
    last: dict[str, object]
    constant: frozenset[str]
    note: str = ""
    partial: bool = False


def log_of(table: Table, skip: Callable[[str], bool] = lambda _name: False) -> Log:
    """Take the log of one run apart: one record per step, in the order they were written.

    `skip` says which columns are settings repeated in every record and so no metrics.

    Raises:
        SourceError: its records are no steps but trials, each with settings of its own.
    """
    frame = table.frame
    last = _last(frame)
    if frame.height < 2:
        return Log(None, last, frozenset(last), partial=bool(table.incomplete))
    steps, note = _steps(frame)
    if note and any(parse(n).namespace == "parameter" and _n_unique(frame[n]) > 1 for n in frame.columns):
        raise SourceError(
            f"holds a table of {frame.height:,} trials, not the log of one run.", "Name that file itself to open it."
        )
    kept = [name for name in frame.columns if not skip(name)]
    metrics = [name for name in kept if _is_metric(name, frame[name])]
    constant = frozenset(n for n in last if n not in metrics and _n_unique(frame[n]) <= 1)
    if not metrics:
        return Log(None, last, constant)
    wide = frame.select(steps.alias("step"), pl.col(metrics).cast(pl.Float64))
    long = unpivoted(wide, metrics, ["step"]).select(pl.col(name).cast(dtype) for name, dtype in POINTS.items())
    return Log(long.drop_nulls(), last, constant, note)


def _steps(frame: pl.DataFrame) -> tuple[pl.Series, str]:
    names = step_columns(frame)
    for name in names:
        column = frame[name]
        if column.null_count() <= frame.height // 2 and _n_unique(column) > 1:
            return steps_of(column).values.forward_fill().fill_null(0), ""
    order = pl.int_range(frame.height, dtype=pl.Int64, eager=True)
    return order, "the log counts no steps: its records are numbered"


def _is_metric(name: str, column: pl.Series) -> bool:
    if not column.dtype.is_numeric() or is_step_name(name) or is_id_name(name) or name.lower() in _CLOCKS:
        return False
    read = parse(name)
    if read.namespace == "parameter" or column.null_count() == len(column):
        return False
    # A number that never changes is a metric that is stuck if its name says so, else a setting written again.
    return read.metric is not None or _n_unique(column) > 1


def _n_unique(column: pl.Series) -> int:
    if isinstance(column.dtype, (pl.List, pl.Struct, pl.Object)):
        return len(column)
    return column.drop_nulls().n_unique()


def _last(frame: pl.DataFrame) -> dict[str, object]:
    out: dict[str, object] = {}
    for column in frame.iter_columns():
        present = column.drop_nulls()
        if present.len():
            value = present[-1]
            out[column.name] = value.to_list() if isinstance(value, pl.Series) else value
    return out


def inside(folder: Path, names: Mapping[str, int]) -> list[Path]:
    """Return the plain files of a folder whose names are among `names`, the lowest number first."""
    try:
        found = [entry.name for entry in os.scandir(folder) if entry.name in names]
    except OSError:
        return []
    return [folder / name for name in sorted(found, key=lambda name: names[name])]
