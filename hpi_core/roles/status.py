"""Status: how a run ended, in seven words, from the vocabularies of the tools that write it.

A source without a status column says nothing about how its runs ended: a trial with a finite objective (while the
objective is open, with any finite metric) counts as completed, any other as unknown, never as failed. A trial whose
record was cut off is running.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from hpi_core.frames import STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpi_core.roles.model import Roles, Status

_WORDS: Mapping[Status, str] = {
    "completed": "complete completed finished finish success succeeded successful ok okay done pass passed terminated "
    "ended ran exited_normally cd",
    "failed": "fail failed failure crashed crash error errored err exception abort aborted killed kill cancelled "
    "canceled cancelled_by_user node_fail boot_fail nan diverged divergence exploded revoked invalid broken "
    "stopped_by_error donotadvance capped f ca nf bf",
    "oom": "oom out_of_memory outofmemory memout memoryout mem_out cuda_out_of_memory memory_limit oom_killed oome",
    "timeout": "timeout timed_out time_out timedout deadline deadline_exceeded time_limit tle to dl",
    "pruned": "pruned prune early_stopped early_stop earlystopped early_stopping stopped_early stopped stop infeasible "
    "skipped skip not_run unavailable",
    "running": "running run pending waiting queued scheduled started starting paused suspended resuming requeued "
    "preempted preempting in_progress inprogress active new created submitted configuring completing r pd",
}
# Words of one or two letters and words that are common in other columns do not make a column a status column.
_WEAK = frozenset(
    (
        "cd",
        "f",
        "ca",
        "nf",
        "bf",
        "to",
        "dl",
        "r",
        "pd",
        "new",
        "run",
        "active",
        "invalid",
        "broken",
        "nan",
        "ended",
        "ran",
        "created",
        "capped",
        "unavailable",
        "skip",
    )
)
VOCABULARY: Mapping[str, Status] = {word: status for status, words in _WORDS.items() for word in words.split()}
STRONG_WORDS = frozenset(VOCABULARY) - _WEAK

_PREFIXES = ("statustype.", "trialstate.", "runstatus.", "status.", "state.", "trialstatus.", "jobstate.")
# MLflow writes its run status as a number in some exports.
_MLFLOW_CODES: Mapping[int, Status] = {1: "running", 2: "running", 3: "completed", 4: "failed", 5: "failed"}
# 124 is what `timeout` exits with; 137 is 128 + SIGKILL, which the memory killer sends, but so do people.
_EXIT_CODES: Mapping[int, Status] = {0: "completed", 124: "timeout"}
_BAD_WHEN_TRUE = re.compile(r"fail|crash|error|diverged|oom|timeout|timed_out|nan|pruned|stopped")
_EXIT_NAME = re.compile(r"exit|return|rc$|retcode", re.IGNORECASE)


def normalise_status(table: pl.DataFrame, roles: Roles, incomplete: frozenset[int]) -> pl.Series:
    """Return the normalised status of every trial as a String series (Status words), never null.

    Strings are looked up by the vocabularies of Optuna, Weights & Biases, SLURM, Ray, MLflow and SMAC, exit codes and
    booleans by their meaning; a word nobody knows, and no word at all, is `unknown`.
    """
    if roles.status is None or roles.status not in table.columns:
        series = _from_objective(table, roles)
    else:
        series = _from_column(table.get_column(roles.status))
    rows = [row for row in incomplete if row < table.height]
    if rows:
        series = series.scatter(rows, "running")
    return series.alias(STATUS)


def status_of_word(word: str) -> Status:
    """Return the normalised status of one word as a source writes it, `unknown` for a word nobody knows."""
    text = word.strip().casefold()
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix)
    key = re.sub(r"[\s\-.]+", "_", text)
    if key in VOCABULARY:
        return VOCABULARY[key]
    if "out_of_memory" in key or "outofmemory" in key:
        return "oom"
    first = re.split(r"[^a-z_]", key)[0].strip("_+")
    if first in VOCABULARY and len(first) > 2:
        return VOCABULARY[first]
    head = first.split("_")[0]
    return VOCABULARY[head] if head in STRONG_WORDS else "unknown"


def _from_objective(table: pl.DataFrame, roles: Roles) -> pl.Series:
    names = [roles.objective.metric] if roles.objective else [metric.name for metric in roles.metrics]
    # Asking a frame for its schema takes as long as it has columns: ask once.
    schema = table.schema
    present = [name for name in names if name in schema and schema[name].is_numeric()]
    if not present:
        return pl.Series(["unknown"], dtype=pl.String).new_from_index(0, table.height)
    finite = pl.any_horizontal(pl.col(name).cast(pl.Float64).is_finite().fill_null(False) for name in present)
    return table.select(pl.when(finite).then(pl.lit("completed")).otherwise(pl.lit("unknown"))).to_series()


def _from_column(values: pl.Series) -> pl.Series:
    if values.dtype == pl.Boolean:
        bad = bool(_BAD_WHEN_TRUE.search(values.name.casefold()))
        mapping: dict[object, Status] = _boolean_words(values.name.casefold(), bad)
    elif values.dtype.is_numeric():
        mapping = {value: _status_of_number(value, values.name) for value in values.unique().to_list()}
    elif isinstance(values.dtype, (pl.List, pl.Struct, pl.Array)) or values.dtype == pl.Object:
        mapping = {}
    else:
        values = values.cast(pl.String)
        mapping = {word: status_of_word(word) for word in values.unique().drop_nulls().to_list()}
    if not mapping:
        return pl.Series(["unknown"], dtype=pl.String).new_from_index(0, values.len())
    if values.dtype.is_float():
        values = values.fill_nan(None)
    mapping = {key: status for key, status in mapping.items() if key is not None and key == key}
    if not mapping:
        return pl.Series(["unknown"], dtype=pl.String).new_from_index(0, values.len())
    return values.replace_strict(mapping, default="unknown", return_dtype=pl.String).fill_null("unknown")


def _boolean_words(name: str, bad_when_true: bool) -> dict[object, Status]:
    if not bad_when_true:
        still = any(word in name for word in ("done", "finished", "complete", "ended"))
        return {True: "completed", False: "running" if still else "failed"}
    true: Status = "failed"
    if "oom" in name:
        true = "oom"
    elif "time" in name:
        true = "timeout"
    elif "prune" in name or "stopped" in name:
        true = "pruned"
    return {True: true, False: "completed"}


def _status_of_number(value: object, name: str) -> Status:
    if not isinstance(value, (int, float)) or value != value or value in (float("inf"), float("-inf")):
        return "unknown"
    code = int(value)
    if _EXIT_NAME.search(name):
        return _EXIT_CODES.get(code, "failed")
    return _MLFLOW_CODES.get(code, "completed" if code == 0 else "unknown")
