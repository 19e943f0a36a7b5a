"""How a run ended, beyond its status: exit codes, error texts, run times and moments, found by column name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from hpi_core.detectors.context import finite, words_of

if TYPE_CHECKING:
    from hpi_core.detectors.context import Context
    from hpi_core.detectors.verdict import Part

_EXIT = frozenset(["exit_code", "exitcode", "return_code", "returncode", "retcode", "exit_status", "rc"])
# Words of columns that say what went wrong, the plainest first: a comment is quoted only where nothing better is.
_TEXT = (
    frozenset(["error", "exception", "traceback", "stderr", "err"]),
    frozenset(["failure", "reason", "message", "msg"]),
    frozenset(["log", "logs"]),
    frozenset(["notes", "note", "comment", "comments"]),
)
_RUNTIME = frozenset(
    ["runtime", "duration", "elapsed", "walltime", "wall", "seconds", "secs", "sec", "hours", "minutes"]
)
_PER_STEP = frozenset(["per", "step", "iter", "iteration", "epoch", "batch"])
_QUOTED = 80


def exit_codes(context: Context) -> pl.Series | None:
    """Return the exit code of every ended trial (Float64), or None without such a column."""
    for name in context.numeric_columns:
        if "_".join(words_of(name)) in _EXIT:
            return context.values(name)
    return None


def error_columns(context: Context) -> list[str]:
    """Return the text columns that may hold what went wrong, those first whose name says so most plainly."""
    texts = [
        (rank, name)
        for name, dtype in context.trials.schema.items()
        if dtype == pl.String and name != context.roles.status and (rank := _plainness(name)) is not None
    ]
    return [name for _rank, name in sorted(texts, key=lambda item: item[0])]


def _plainness(name: str) -> int | None:
    words = set(words_of(name))
    return next((rank for rank, kind in enumerate(_TEXT) if kind & words), None)


def error_text(context: Context, chosen: pl.Series) -> list[Part]:
    """Return what follows the evidence where an error text is there: `: ` and its beginning, else nothing.

    Every trial is quoted from the first column that says anything about it.
    """
    names = [name for name in error_columns(context) if context.trials.get_column(name).filter(chosen).count()]
    if not names:
        return []
    told = [pl.col(name).str.strip_chars() for name in names]
    first = pl.coalesce(pl.when(text.str.len_chars() > 0).then(text) for text in told)
    cut = pl.when(first.str.len_chars() > _QUOTED).then(first.str.slice(0, _QUOTED) + "…").otherwise(first)
    quoted = context.trials.select((": " + cut).fill_null("").alias("text"))
    return [quoted.to_series()]


def runtime(context: Context) -> pl.Series | None:
    """Return the run time of every ended trial in the source's own unit, or None without such a column."""
    for name in context.roles.resources:
        words = set(words_of(name))
        told = words & _RUNTIME or words == {"time"} or {"time", "total"} <= words or {"train", "time"} <= words
        if told and not words & _PER_STEP and context.trials.schema[name].is_numeric():
            return finite(context.values(name)).alias(name)
    return None


def moments(context: Context, wanted: frozenset[str]) -> pl.Series | None:
    """Return a column of moments whose name holds one of the wanted words, in seconds since 1970 (Float64), or None.

    Dates, ISO 8601 texts, and epoch numbers in seconds or milliseconds are understood. Trials still running are in.
    """
    for name in context.roles.time:
        if wanted & set(words_of(name)):
            seconds = _seconds(context.trials.get_column(name))
            if seconds is not None and seconds.is_not_null().any():
                return seconds.alias(name)
    return None


def _seconds(column: pl.Series) -> pl.Series | None:
    if column.dtype == pl.String:
        column = column.str.to_datetime(strict=False, time_unit="ms", time_zone="UTC")
    if column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        return column.cast(pl.Datetime("ms")).cast(pl.Int64).cast(pl.Float64) / 1000
    if column.dtype.is_numeric():
        numbers = column.cast(pl.Float64)
        return numbers / 1000 if (numbers.max() or 0) > 1e11 else numbers  # type: ignore[operator]
    return None
