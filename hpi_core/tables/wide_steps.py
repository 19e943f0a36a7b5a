"""Steps as columns: `loss_0, loss_1, …, loss_9` on the trial's own row."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from hpi_core.tables.curve_frames import curve_frame, with_last_values
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.nested import unique
from hpi_core.tables.table import Table

_NUMBERED = re.compile(
    r"(?P<stem>.*?[A-Za-z)])[ _\-./\[@]*(?:epoch|step|ep|iter)?[ _\-./]*(?P<number>\d{1,7})\]?", re.IGNORECASE
)
_MEASURED = re.compile(
    r"(loss|acc|accuracy|err|error|ppl|perplexity|nll|f1|auc|auroc|mse|rmse|mae|bleu|reward|return|score)",
    re.IGNORECASE,
)
_GROUP = re.compile(r"(^|[^a-z])(sub)?(group|grp)$", re.IGNORECASE)
_FEWEST = 5


def steps_as_columns(table: Table, _group: str | None = None) -> Table | None:
    """Return the table with each run of numbered metric columns as one curve and its last value, else None."""
    frame = table.frame
    series = _numbered(frame)
    if not series:
        return None
    rows = pl.int_range(frame.height, dtype=pl.UInt32, eager=True).alias("_row")
    longs: list[pl.DataFrame] = []
    gone = {name for columns in series.values() for name in columns.values()}
    kept = frame.select([n for n in frame.columns if n not in gone])
    taken = set(kept.columns)
    metrics: list[str] = []
    for stem, columns in series.items():
        metric = unique(stem, taken)
        metrics.append(metric)
        taken.add(metric)
        for step, name in columns.items():
            longs.append(
                pl.DataFrame([rows, frame[name].cast(pl.Float64).alias("value")]).with_columns(
                    pl.lit(metric).alias("metric"), pl.lit(step, pl.Int64).alias("step")
                )
            )
    curves, _ = curve_frame(pl.concat(longs))
    message = (
        f"{len(gone)} columns were the steps of {len(metrics)} metrics ({', '.join(metrics[:6])}): they became "
        f"{curves.height:,} curve points; each trial shows the last value"
    )
    return replace(
        table,
        frame=with_last_values(kept, curves, metrics),
        ledger=ledger_frame([Entry("reshaped", message, count=frame.height)], [table.ledger]),
        curves=curves,
    )


def _numbered(frame: pl.DataFrame) -> dict[str, dict[int, str]]:
    """Return stem -> number -> column of metrics numbered without a gap from 0 or 1, at least five of them."""
    found: dict[str, dict[int, str]] = {}
    for name, dtype in frame.schema.items():
        match = _NUMBERED.fullmatch(name)
        if match is None or not dtype.is_numeric() or _GROUP.search(match["stem"]):
            continue  # `acc_group_3` is the metric of a group of people, not a step
        if _MEASURED.search(match["stem"]):
            found.setdefault(match["stem"], {})[int(match["number"])] = name
    return {
        stem: dict(sorted(columns.items()))
        for stem, columns in found.items()
        if len(columns) >= _FEWEST and min(columns) in (0, 1) and max(columns) - min(columns) == len(columns) - 1
    }
