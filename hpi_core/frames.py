"""The schema of every frame that crosses a module border."""

from __future__ import annotations

import polars as pl

# Repairs and refusals of a reader. `row` is the trial's `_row` (null for a column-wide or file-wide entry), `line` the
# 1-based physical line of the file (null where the source has no lines), `count` how many cells or lines it speaks of.
LEDGER = pl.Schema(
    {
        "row": pl.UInt32,
        "line": pl.UInt32,
        "kind": pl.String,
        "column": pl.String,
        "was": pl.String,
        "became": pl.String,
        "message": pl.String,
        "count": pl.UInt32,
    }
)

# Ledger kinds that say how the source was understood: nothing in it was changed or left out.
NOTES = frozenset(
    {
        "chosen",
        "encoding",
        "flattened",
        "left_out",
        "matched_column",
        "matched_objective",
        "missing_results",
        "no_header",
        "other_objective",
        "preamble",
        "repeated_header",
        "reshaped",
        "resumed",
        "told_apart",
        "unplayed",
        "unwrapped",
    }
)

# Long-form curves, sorted by `_row`, `metric`, `step`, which together are unique. `metric` is String, not Enum: frames
# of several files are put together without agreeing on categories first. `value` is never null; NaN and infinities are
# points.
CURVES = pl.Schema({"_row": pl.UInt32, "metric": pl.String, "step": pl.Int64, "value": pl.Float64})

ROW = "_row"
STATUS = "_status"

FINDINGS = pl.Schema(
    {
        "detector": pl.String,
        "issue": pl.String,
        "severity": pl.String,
        "scope": pl.String,
        "_row": pl.UInt32,
        "trial": pl.String,
        "metric": pl.String,
        "step": pl.Int64,
        "value": pl.Float64,
        "threshold": pl.Float64,
        "evidence": pl.String,
        "advice": pl.String,
    }
)

COVERAGE = pl.Schema(
    {
        "detector": pl.String,
        "state": pl.String,
        "reason": pl.String,
        "assessable": pl.UInt32,
        "flagged": pl.UInt32,
        "diagnostic": pl.Boolean,
        "seconds": pl.Float64,
    }
)

# The schedule of a learning rate, one row per trial and curve of one: its name, and the rates it went through.
SCHEDULES = pl.Schema(
    {
        ROW: pl.UInt32,
        "metric": pl.String,
        "schedule": pl.String,
        "first": pl.Float64,
        "high": pl.Float64,
        "high_step": pl.Int64,
        "low": pl.Float64,
        "last": pl.Float64,
        "rises": pl.Int64,
    }
)


def empty(schema: pl.Schema) -> pl.DataFrame:
    """Return a frame of no rows with exactly the given schema."""
    return pl.DataFrame(schema=schema)
