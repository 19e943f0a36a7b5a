"""Optuna studies: SQLite of every schema since 0.9, journal files, and other databases by their URL.

A study is read as it stands: the schema is looked at, never migrated. Of a storage with several studies the one with
the most trials is read unless one is named.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import polars as pl

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers import _optuna_journal as journal
from hpi_core.readers._databases import SCHEMES, connected
from hpi_core.readers._experiments import choose_experiment
from hpi_core.readers._sqlite import Database, opened, tables_of
from hpi_core.readers._study import ATTRIBUTES, INTERMEDIATE, PARAMS, TRIALS, VALUES, Study, study_table
from hpi_core.readers.contract import Experiment, StoreReader
from hpi_core.roles import Direction
from hpi_core.tables.ledger import Entry
from hpi_core.tables.locations import is_address
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table
from hpi_core.text import safe

_OURS = frozenset({"studies", "trials", "trial_params"})
_DIRECTIONS: dict[str, Direction] = {"MINIMIZE": "min", "MAXIMIZE": "max"}
# Before values had a type of their own, infinities were kept as the largest number of single precision.
_LARGEST = 3.4028234e38
_INFINITE = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}


def claims(place: str) -> int:
    """Claim databases that hold studies, journals of operations on studies, and addresses of relational databases."""
    if is_address(place):
        return 60 if place.split(":", 1)[0].split("+", 1)[0].lower() in SCHEMES else 0
    path = Path(place)
    if journal.is_journal(path):
        return 100
    return 100 if tables_of(path).keys() >= _OURS else 0


def experiments(place: str, cancelled: Cancelled) -> list[Experiment]:
    """List the studies of a storage.

    Raises:
        SourceError: the storage cannot be opened.
        Cancelled: the person asked to stop.
    """
    if not is_address(place) and journal.is_journal(Path(place)):
        return journal.experiments(Path(place), cancelled)
    with _database(place, cancelled) as database:
        return _studies(database)


def read_table(place: str, options: ReadOptions, progress: Progress, cancelled: Cancelled) -> Table:
    """Read one study of a storage.

    Raises:
        SourceError: the storage cannot be opened, holds no study, or none of the name asked for.
        Cancelled: the person asked to stop.
    """
    progress("opening the storage", None)
    entries: list[Entry] = []
    if not is_address(place) and journal.is_journal(Path(place)):
        study = journal.read_study(Path(place), options.experiment, entries, progress, cancelled)
    else:
        with _database(place, cancelled) as database:
            study = _read_study(database, options.experiment, entries, progress)
            if study.trials.is_empty() and database.damage:
                raise SourceError(
                    f"{safe(database.name)} is damaged: {safe(database.damage[0], 200)}.",
                    "It may have been copied while it was written: copy it again.",
                )
            entries += [Entry("damaged", f"the rest cannot be read: {safe(what, 200)}") for what in database.damage]
    if study.trials.is_empty():
        raise SourceError(
            f"The study {safe(study.name, 80)} has no trials yet.",
            "`hpi experiments SOURCE` lists the studies; --study names another.",
        )
    if cancelled():
        raise ReadingCancelled("The reading was stopped.")
    progress("putting the study together", 0.9)
    return study_table(study, entries)


def _database(place: str, cancelled: Cancelled) -> AbstractContextManager[Database]:
    return connected(place, "optuna", cancelled) if is_address(place) else opened(Path(place), cancelled)


def _studies(database: Database) -> list[Experiment]:
    if not database.tables.keys() >= _OURS:
        shown = ", ".join(safe(name, 40) for name in sorted(database.tables)[:5]) or "none"
        raise SourceError(
            f"{safe(database.name)} holds no Optuna studies; its tables: {shown}.", "Check which database it is."
        )
    found = database.rows(
        "SELECT s.study_id, s.study_name, COUNT(t.trial_id), MIN(t.datetime_start) FROM studies s "
        "LEFT JOIN trials t ON t.study_id = s.study_id GROUP BY s.study_id, s.study_name ORDER BY s.study_id"
    )
    started = _times([row[3] for row in found]).dt.epoch("ms").to_list()
    return [
        Experiment(str(id_), str(name), int(count), started=None if start is None else start / 1000)
        for (id_, name, count, _), start in zip(found, started, strict=True)
    ]


def _read_study(database: Database, named: str | None, entries: list[Entry], progress: Progress) -> Study:
    """Read one study, its trials before what belongs to them, so that a growing study is read consistently."""
    chosen = choose_experiment(_studies(database), named, "study", database.name, entries)
    id_ = int(chosen.id)
    names, directions = _metric_names(database, id_), _directions(database, id_)
    progress("reading trials", 0.05)
    trials = _trials(database, id_)
    if trials.is_empty():
        return Study(chosen.name, directions, names)
    ids = trials["trial_id"].sort()
    within = f"trial_id >= {int(ids[0])} AND trial_id <= {int(ids[-1])}"
    values, steps = _values(database, within, trials, chosen.trials, progress)
    study = Study(chosen.name, directions, names, trials, values=values, intermediate=steps)
    count = 0
    params: list[pl.DataFrame] = []
    for page in _pages(
        database, "trial_params", "param_id", ("param_name", "param_value", "distribution_json"), within
    ):
        params.append(_frame(page, PARAMS))
        count += len(page)
        progress(f"reading parameters ({count:,})", None)
    study.params = pl.concat(params) if params else study.params
    progress("reading attributes", 0.8)
    study.user = _attributes(database, "trial_user_attributes", "trial_user_attribute_id", within)
    study.system = _attributes(database, "trial_system_attributes", "trial_system_attribute_id", within)
    return study


def _directions(database: Database, study: int) -> list[Direction | None]:
    if "study_directions" in database.tables:
        found = database.rows("SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective", (study,))
    elif "direction" in database.tables["studies"]:
        found = database.rows("SELECT direction FROM studies WHERE study_id = ?", (study,))
    else:
        found = []
    return [_DIRECTIONS.get(str(direction)) for (direction,) in found]


def _metric_names(database: Database, study: int) -> list[str]:
    if "study_system_attributes" not in database.tables:
        return []
    sql = "SELECT value_json FROM study_system_attributes WHERE study_id = ? AND key = ?"
    key = '"key"' if "key" in database.tables["study_system_attributes"] else "key"
    found = database.rows(sql.replace("key", key), (study, "study:metric_names"))
    try:
        names = json.loads(found[0][0]) if found else []
    except (ValueError, TypeError, RecursionError):
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def _trials(database: Database, study: int) -> pl.DataFrame:
    columns = database.tables["trials"]
    wanted = ["number" if "number" in columns else "NULL", "state", "datetime_start", "datetime_complete"]
    schema = pl.Schema(
        {name: dtype for name, dtype in TRIALS.items() if name not in ("start", "complete", "heartbeat")}
    )
    pages = []
    for page in database.pages("trials", "trial_id", wanted, f"study_id = {study}"):
        frame = _frame([row[:3] for row in page], schema)
        pages.append(
            frame.with_columns(_times([r[3] for r in page], "start"), _times([r[4] for r in page], "complete"))
        )
    if not pages:
        return pl.DataFrame(schema=TRIALS)
    trials = pl.concat(pages)
    trials = trials.join(_heartbeats(database), on="trial_id", how="left", maintain_order="left").select(TRIALS.names())
    if trials["number"].null_count():
        trials = trials.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("number"))
    return trials.sort("number", maintain_order=True)


def _heartbeats(database: Database) -> pl.DataFrame:
    pages = [pl.DataFrame(schema={"trial_id": pl.Int64, "heartbeat": pl.Datetime("us")})]
    if "trial_heartbeats" in database.tables:
        for page in database.pages("trial_heartbeats", "trial_heartbeat_id", ("trial_id", "heartbeat")):
            ids = pl.Series("trial_id", [row[1] for row in page], dtype=pl.Int64, strict=False)
            pages.append(pl.DataFrame([ids, _times([row[2] for row in page], "heartbeat")]))
    return pl.concat(pages).group_by("trial_id").agg(pl.col("heartbeat").max())


def _values(
    database: Database, within: str, trials: pl.DataFrame, total: int, progress: Progress
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the objective values and the intermediate values, wherever this version of the schema keeps them."""
    progress("reading values", 0.2)
    columns = database.tables
    if "step" in columns.get("trial_values", ()):  # before 2.4 one table held the steps, the trial its value
        steps = _measured(database, "trial_values", "trial_value_id", ("step", "value"), within, INTERMEDIATE)
        return _trial_values(database, within), steps
    objectives = _measured(database, "trial_values", "trial_value_id", ("objective", "value"), within, VALUES)
    progress(f"reading the curves of {total:,} trials", 0.3)
    steps = _measured(
        database,
        "trial_intermediate_values",
        "trial_intermediate_value_id",
        ("step", "intermediate_value"),
        within,
        INTERMEDIATE,
    )
    return objectives, steps


def _trial_values(database: Database, within: str) -> pl.DataFrame:
    pages = [
        _frame([(row[0], 0, row[1]) for row in page], VALUES)
        for page in database.pages("trials", "trial_id", ("value",), within)
    ]
    return _widened(pl.concat([pl.DataFrame(schema=VALUES), *pages]))


def _measured(
    database: Database, table: str, key: str, columns: Sequence[str], within: str, schema: pl.Schema
) -> pl.DataFrame:
    """Return a table of numbers by trial, with the non-finite ones as they were before they were stored."""
    if table not in database.tables:
        return pl.DataFrame(schema=schema)
    type_ = f"{columns[1]}_type" if f"{columns[1]}_type" in database.tables[table] else ""
    pages = []
    for page in _pages(database, table, key, (*columns, type_) if type_ else columns, within):
        frame = _frame([row[:3] for row in page], schema)
        if type_:
            kinds = pl.Series("kind", [row[3] for row in page], dtype=pl.String, strict=False)
            known = kinds.replace_strict(_INFINITE, default=None, return_dtype=pl.Float64)
            frame = frame.with_columns(pl.coalesce(known, pl.col("value")).alias("value"))
        else:
            frame = _widened(frame)
            if "step" in schema:  # a step that was reported has a value: nothing stands for not a number
                frame = frame.with_columns(pl.col("value").fill_null(math.nan))
        pages.append(frame)
    return pl.concat(pages) if pages else pl.DataFrame(schema=schema)


def _widened(frame: pl.DataFrame) -> pl.DataFrame:
    value = pl.col("value")
    infinite = pl.when(value >= _LARGEST).then(math.inf).when(value <= -_LARGEST).then(-math.inf)
    return frame.with_columns(infinite.otherwise(value).alias("value"))


def _attributes(database: Database, table: str, key: str, within: str) -> pl.DataFrame:
    pages = []
    if table in database.tables:
        pages = [_frame(page, ATTRIBUTES) for page in _pages(database, table, key, ('"key"', "value_json"), within)]
    return pl.concat(pages) if pages else pl.DataFrame(schema=ATTRIBUTES)


def _pages(
    database: Database, table: str, key: str, columns: Sequence[str], within: str
) -> Iterator[list[tuple[object, ...]]]:
    """Yield pages of `(trial_id, *columns)`."""
    for page in database.pages(table, key, ("trial_id", *columns), within):
        yield [row[1:] for row in page]


def _frame(rows: Sequence[Sequence[object]], schema: pl.Schema) -> pl.DataFrame:
    """Return rows as a frame; a cell that is not of its column's type is missing."""
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pl.DataFrame([pl.Series(n, c, t, strict=False) for (n, t), c in zip(schema.items(), columns, strict=True)])


def _times(values: Sequence[object], name: str = "") -> pl.Series:
    texts = pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)
    return texts.str.slice(0, 26).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)


READER = StoreReader(
    name="optuna",
    about="Optuna studies: SQLite of every version, journal files, PostgreSQL and MySQL by URL",
    specificity=90,
    claims=claims,
    read_table=read_table,
    needs="optuna",
    experiments=experiments,
)
