"""Optuna studies: SQLite of every schema since 0.9, journal files, and other databases by their URL.

A study is read as it stands: the schema is looked at, never migrated. Of a storage with several studies the one with
the most trials is read unless one is named.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import polars as pl

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers import _optuna_journal as journal
from hpi_core.readers._databases import SCHEMES, connected
from hpi_core.readers._experiments import choose_experiment
from hpi_core.readers._sqlite import Database, Row, opened, tables_of
from hpi_core.readers._stored import PARAMS, Parameters
from hpi_core.readers._study import ATTRIBUTES, INTERMEDIATE, TRIALS, VALUES, Study, study_table
from hpi_core.readers.contract import Experiment, StoreReader
from hpi_core.roles import Direction
from hpi_core.tables.ledger import Entry
from hpi_core.tables.locations import is_address
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table, silent
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
    with _database(place, cancelled, silent) as database:
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
        with _database(place, cancelled, progress) as database:
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


def _database(place: str, cancelled: Cancelled, progress: Progress) -> AbstractContextManager[Database]:
    return connected(place, "optuna", cancelled) if is_address(place) else opened(Path(place), cancelled, progress)


def _studies(database: Database) -> list[Experiment]:
    if not database.tables.keys() >= _OURS:
        shown = ", ".join(safe(name, 40) for name in sorted(database.tables)[:5]) or "none"
        raise SourceError(
            f"{safe(database.name)} holds no Optuna studies; its tables: {shown}.", "Check which database it is."
        )
    if database.damage:  # of a file that is cut no whole table can be counted
        pages = database.pages("trials", "trial_id", ("study_id",))
        counts = Counter(study for page in pages for _, study in page)
        named = database.rows("SELECT study_id, study_name FROM studies ORDER BY study_id")
        return [Experiment(str(id_), str(name), counts[id_]) for id_, name in named]
    found = database.rows(
        "SELECT s.study_id, s.study_name, COUNT(t.trial_id), MIN(t.datetime_start), MAX(t.datetime_start), "
        "MAX(t.datetime_complete) FROM studies s "
        "LEFT JOIN trials t ON t.study_id = s.study_id GROUP BY s.study_id, s.study_name ORDER BY s.study_id"
    )
    moments = [_times([row[at] for row in found]).dt.epoch("ms").to_list() for at in (3, 4, 5)]
    listed = []
    for (id_, name, count, *_), start, *last in zip(found, *moments, strict=True):
        ends = [moment / 1000 for moment in last if moment is not None]
        started = None if start is None else start / 1000
        listed.append(Experiment(str(id_), str(name), int(count), started=started, last=max(ends, default=None)))
    return listed


def _read_study(database: Database, named: str | None, entries: list[Entry], progress: Progress) -> Study:
    """Read one study, its trials before what belongs to them, so that a growing study is read consistently."""
    chosen = choose_experiment(_studies(database), named, "study", database.name, entries)
    id_ = int(chosen.id)
    names, directions = _metric_names(database, id_), _directions(database, id_)
    progress("reading trials", 0.05)
    trials = _trials(database, id_)
    if trials.is_empty():
        return Study(chosen.name, directions, names)
    reading = _Reading(database, trials)
    progress("reading values", 0.15)
    study = Study(chosen.name, directions, names, trials, values=reading.values())
    progress(f"reading the curves of {trials.height:,} trials", 0.25)
    study.intermediate = reading.steps()
    study.params = reading.params(progress)
    progress("reading attributes", 0.8)
    study.user = reading.attributes("user")
    study.system = reading.attributes("system")
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
    heartbeats = _heartbeats(database)
    if heartbeats.is_empty():
        trials = trials.with_columns(pl.lit(None, pl.Datetime("us")).alias("heartbeat"))
    else:
        trials = trials.join(heartbeats, on="trial_id", how="left", maintain_order="left")
    trials = trials.select(TRIALS.names())
    if trials["number"].null_count():
        trials = trials.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("number"))
    return trials if trials["number"].is_sorted() else trials.sort("number", maintain_order=True)


def _heartbeats(database: Database) -> pl.DataFrame:
    pages = [pl.DataFrame(schema={"trial_id": pl.Int64, "heartbeat": pl.Datetime("us")})]
    if "trial_heartbeats" in database.tables:
        for page in database.pages("trial_heartbeats", "trial_heartbeat_id", ("trial_id", "heartbeat")):
            ids = pl.Series("trial_id", [row[1] for row in page], dtype=pl.Int64, strict=False)
            pages.append(pl.DataFrame([ids, _times([row[2] for row in page], "heartbeat")]))
    return pl.concat(pages).group_by("trial_id").agg(pl.col("heartbeat").max())


class _Reading:
    """Reads what belongs to the trials of one study: long tables, in pages that become narrow frames at once."""

    def __init__(self, database: Database, trials: pl.DataFrame) -> None:
        self._database = database
        ids = trials["trial_id"].to_numpy()
        self._row_of = np.argsort(ids, kind="stable").astype(np.uint32)
        self._ids = ids[self._row_of]
        self._within = f"trial_id >= {int(self._ids[0])} AND trial_id <= {int(self._ids[-1])}"
        # Before version 2.4 one table held the steps, and the trial its value.
        self._old = "step" in database.tables.get("trial_values", ())

    def values(self) -> pl.DataFrame:
        """Return the objective values."""
        if not self._old:
            return self._measured("trial_values", "trial_value_id", ("objective", "value"), VALUES)
        pages = self._database.pages("trials", "trial_id", ("trial_id", "0", "value"), self._within)
        return self._placed([_widened(self._page(page, VALUES)) for page in pages], VALUES)

    def steps(self) -> pl.DataFrame:
        """Return the intermediate values."""
        if self._old:
            return self._measured("trial_values", "trial_value_id", ("step", "value"), INTERMEDIATE)
        table = "trial_intermediate_values"
        return self._measured(table, "trial_intermediate_value_id", ("step", "intermediate_value"), INTERMEDIATE)

    def params(self, progress: Progress) -> Parameters:
        """Return the parameters as they are stored, each with its distribution."""
        columns = ("trial_id", "param_name", "param_value", "distribution_json")
        found = Parameters(len(self._ids))
        count = 0
        for page in self._database.pages("trial_params", "param_id", columns, self._within):
            found.take(self._page(page, PARAMS))
            count += len(page)
            progress(f"reading parameters ({count:,})", None)
        return found

    def attributes(self, kind: str) -> pl.DataFrame:
        """Return the `user` or `system` attributes as JSON texts."""
        table = f"trial_{kind}_attributes"
        if table not in self._database.tables:
            return pl.DataFrame(schema=ATTRIBUTES)
        pages = self._database.pages(
            table, f"trial_{kind}_attribute_id", ("trial_id", '"key"', "value_json"), self._within
        )
        return self._placed([self._page(page, ATTRIBUTES) for page in pages], ATTRIBUTES)

    def _measured(self, table: str, key: str, columns: tuple[str, str], schema: pl.Schema) -> pl.DataFrame:
        """Return a table of numbers by trial, with the non-finite ones as they were before they were stored."""
        known = self._database.tables.get(table)
        if known is None:
            return pl.DataFrame(schema=schema)
        type_ = f"{columns[1]}_type" if f"{columns[1]}_type" in known else ""
        pages = []
        for page in self._database.pages(table, key, ("trial_id", *columns, *([type_] if type_ else [])), self._within):
            frame = self._page(page, schema, pl.Series("kind", [r[4] for r in page], pl.String) if type_ else None)
            if type_:
                restored = pl.col("kind").replace_strict(_INFINITE, default=None, return_dtype=pl.Float64)
                frame = frame.with_columns(pl.coalesce(restored, pl.col("value")).alias("value")).drop("kind")
            else:
                frame = _widened(frame)
                if "step" in schema:  # a step that was reported has a value: nothing stands for not a number
                    frame = frame.with_columns(pl.col("value").fill_null(math.nan))
            pages.append(frame)
        return self._placed(pages, schema)

    def _page(self, page: Sequence[Row], schema: pl.Schema, more: pl.Series | None = None) -> pl.DataFrame:
        """Return rows `(key, trial_id, …)` as a frame of the trials' `_row` and the rest, of other trials none."""
        trial = pl.Series([row[1] for row in page], dtype=pl.Int64, strict=False).fill_null(-1).to_numpy()
        place = np.minimum(np.searchsorted(self._ids, trial), len(self._ids) - 1)
        stored = pl.Schema({name: dtype for name, dtype in schema.items() if name != "_row"})
        frame = _frame([row[2 : 1 + len(schema)] for row in page], stored)
        if more is not None:
            frame = frame.with_columns(more)
        frame = frame.select(pl.Series("_row", self._row_of[place]), pl.all())
        known = self._ids[place] == trial
        return frame if known.all() else frame.filter(pl.Series(known))

    def _placed(self, pages: Sequence[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
        return pl.concat(pages) if pages else pl.DataFrame(schema=schema)


def _widened(frame: pl.DataFrame) -> pl.DataFrame:
    value = pl.col("value")
    infinite = pl.when(value >= _LARGEST).then(math.inf).when(value <= -_LARGEST).then(-math.inf)
    return frame.with_columns(infinite.otherwise(value).alias("value"))


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
