"""MLflow's relational store, in the schemas of all its versions: columns that a version lacks are done without."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import polars as pl

from hpi_core.errors import SourceError
from hpi_core.readers._experiments import choose_experiment
from hpi_core.readers._histories import POINTS, Histories
from hpi_core.readers._runs import RUNS, TEXTS, Runs
from hpi_core.readers._sqlite import Database
from hpi_core.readers.contract import Experiment
from hpi_core.tables.ledger import Entry
from hpi_core.tables.table import Progress
from hpi_core.text import safe

TABLES = frozenset({"experiments", "runs", "metrics", "params"})
# The store keeps infinities as the largest double.
_LARGEST = 1.7976931348623157e308


def experiments(database: Database) -> list[Experiment]:
    """List the experiments.

    Raises:
        SourceError: the database holds none of MLflow's tables, or is damaged.
    """
    if not database.tables.keys() >= TABLES:
        raise SourceError(f"{safe(database.name)} holds no MLflow runs.", "Check which database it is.")
    stage = "e.lifecycle_stage" if "lifecycle_stage" in database.tables["experiments"] else "'active'"
    if database.damage:  # of a file that is cut no whole table can be counted
        pages = database.pages("runs", "rowid", ("experiment_id",), _active(database))
        counts = Counter(experiment for page in pages for _, experiment in page)
        named = database.rows(f"SELECT e.experiment_id, e.name, {stage} FROM experiments e ORDER BY e.experiment_id")
        return [Experiment(str(id_), str(name), counts[id_], str(state or "active")) for id_, name, state in named]
    found = database.rows(
        f"SELECT e.experiment_id, e.name, {stage}, COUNT(r.run_uuid), MIN(r.start_time), "
        "MAX(r.start_time), MAX(r.end_time) FROM experiments e "
        f"LEFT JOIN runs r ON r.experiment_id = e.experiment_id AND {_active(database, 'r.')} "
        f"GROUP BY e.experiment_id, e.name, {stage} ORDER BY e.experiment_id"
    )
    return [
        Experiment(
            str(id_),
            str(name),
            int(count),
            str(state or "active"),
            start / 1000 if _is_moment(start) else None,
            max((moment / 1000 for moment in last if _is_moment(moment)), default=None),
        )
        for id_, name, state, count, start, *last in found
    ]


def read_runs(database: Database, named: str | None, entries: list[Entry], progress: Progress) -> Runs:
    """Read the runs of one experiment that are not deleted, before what belongs to them.

    Raises:
        SourceError: as `experiments`; there is no experiment, or none of the name asked for.
        Cancelled: the person asked to stop.
    """
    chosen = choose_experiment(experiments(database), named, "experiment", database.name, entries)
    progress("reading runs", 0.05)
    runs = _runs(database, chosen.id)
    deleted = _deleted(database, chosen.id)
    if deleted:
        entries.append(Entry("left_out", f"{deleted:,} deleted runs were left out", count=deleted))
    rows = runs.select(pl.col("run_id"), pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"))
    progress("reading parameters", 0.15)
    params = _texts(database, "params", rows)
    tags = _texts(database, "tags", rows)
    histories = Histories()
    histories.take_all(_points(database, rows, progress))
    return Runs(runs, params, tags, histories, chosen.name)


def _active(database: Database, prefix: str = "") -> str:
    if "lifecycle_stage" not in database.tables["runs"]:
        return "1 = 1"
    return f"({prefix}lifecycle_stage IS NULL OR {prefix}lifecycle_stage = 'active')"


def _is_moment(value: object) -> bool:
    return isinstance(value, int) and 0 < value < 253_402_300_800_000


def _runs(database: Database, experiment: str) -> pl.DataFrame:
    known = database.tables["runs"]
    wanted = [
        column if column in known else "NULL"
        for column in ("run_uuid", "name", "status", "start_time", "end_time", "user_id")
    ]
    where = f"experiment_id = {int(experiment)} AND {_active(database)}"
    pages = [_frame([row[1:] for row in page], RUNS) for page in database.pages("runs", "rowid", wanted, where)]
    return pl.concat([pl.DataFrame(schema=RUNS), *pages])


def _deleted(database: Database, experiment: str) -> int:
    if database.damage:
        return 0
    found = database.rows(
        f"SELECT COUNT(*) FROM runs WHERE experiment_id = ? AND NOT {_active(database)}", (int(experiment),)
    )
    return int(found[0][0])


def _texts(database: Database, table: str, rows: pl.DataFrame) -> pl.DataFrame:
    if table not in database.tables:
        return pl.DataFrame(schema=TEXTS)
    schema = pl.Schema({"run_id": pl.String(), **{n: t for n, t in TEXTS.items() if n != "row"}})
    pages = []
    for page in database.pages(table, "rowid", ("run_uuid", "key", "value")):
        frame = _frame([row[1:] for row in page], schema).drop_nulls("name")
        pages.append(frame.join(rows, on="run_id", how="inner", maintain_order="left").select(TEXTS.names()))
    return pl.concat([pl.DataFrame(schema=TEXTS), *pages])


def _points(database: Database, rows: pl.DataFrame, progress: Progress) -> pl.DataFrame:
    """Return all logged values; where the table of histories is damaged, the latest ones at least."""
    before = len(database.damage)
    points = _measured(database, "metrics", rows, progress)
    if len(database.damage) > before and "latest_metrics" in database.tables:
        latest = _measured(database, "latest_metrics", rows, progress)
        points = pl.concat([points, latest]).unique(maintain_order=True)
    return points


def _measured(database: Database, table: str, rows: pl.DataFrame, progress: Progress) -> pl.DataFrame:
    known = database.tables[table]
    wanted = ["run_uuid", "key", "step" if "step" in known else "0", "timestamp", "value"]
    wanted.append("is_nan" if "is_nan" in known else "0")
    schema = pl.Schema({"run_id": pl.String(), **{n: t for n, t in POINTS.items() if n != "row"}, "nan": pl.Boolean()})
    pages = []
    count = 0
    value = pl.col("value")
    restored = (
        pl.when(pl.col("nan"))
        .then(math.nan)
        .when(value >= _LARGEST)
        .then(math.inf)
        .when(value <= -_LARGEST)
        .then(-math.inf)
        .otherwise(value)
    )
    for page in database.pages(table, "rowid", wanted):
        frame = _frame([row[1:] for row in page], schema).drop_nulls(["metric", "value"])
        frame = frame.with_columns(pl.col("step").fill_null(0), pl.col("time").fill_null(0), restored.alias("value"))
        pages.append(frame.join(rows, on="run_id", how="inner", maintain_order="left").select(POINTS.names()))
        count += len(page)
        progress(f"reading metrics ({count:,} values)", None)
    return pl.concat([pl.DataFrame(schema=POINTS), *pages])


def _frame(rows: Sequence[Sequence[object]], schema: pl.Schema) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pl.DataFrame([pl.Series(n, c, t, strict=False) for (n, t), c in zip(schema.items(), columns, strict=True)])
