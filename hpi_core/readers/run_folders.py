"""One run per folder: a log of metrics (CSV, JSON Lines, Parquet, a Trainer's state), settings (YAML, JSON), or both.

What Lightning, the Hugging Face Trainer, Hydra and hand-written scripts leave behind. What the settings of a run do not
tell, its folder's name may (`rank8_lr1e-5`). A run whose files are damaged or empty is a trial all the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import HpiError, SourceError
from hpi_core.readers._reading import choose
from hpi_core.readers._run_layout import RunPlace, find_runs
from hpi_core.readers._run_logs import table_of_log
from hpi_core.readers._trainer_state import log_of_trainer, status_of_trainer
from hpi_core.readers._tree import Aside
from hpi_core.readers._wandb_log import last_error
from hpi_core.readers.contract import StoreReader
from hpi_core.roles.names import parse
from hpi_core.tables.content import Content
from hpi_core.tables.ledger import Entry
from hpi_core.tables.locations import is_address
from hpi_core.tables.run_files import Log, bounded, json_value, log_of, settings_of
from hpi_core.tables.run_names import parts_of_folders
from hpi_core.tables.run_table import Run, table_of_runs
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table
from hpi_core.text import safe

_FEW, _ALL = 300, 200_000
_LARGEST_LOG = 2 << 30
_HEAD = 64 << 10
_DONE = frozenset({"done", "_success", "success", "completed", "finished"})
_FAILED = frozenset({"failed", "_failed", "error.txt", "err.txt", "error.log", "stderr.txt", "traceback.txt"})


def claims(place: str) -> int:
    """Claim a folder that is a run, or in which several are: known logs with settings, or logs of one name."""
    if is_address(place):
        return 0
    runs = find_runs(Path(place), _FEW)
    if any(run.log is not None and (run.settings or run.log.name == "trainer_state.json") for run in runs):
        return 60
    logs = Counter(run.log.name for run in runs if run.log is not None and run.folder != Path(place))
    return 50 if logs and logs.most_common(1)[0][1] > 1 else 0


def read_table(place: str, options: ReadOptions, progress: Progress, cancelled: Cancelled) -> Table:
    """Read every run in a folder; see `StoreReader.read_table`.

    Raises:
        SourceError: nothing of any run could be read.
        Cancelled: the person asked to stop.
    """
    root = Path(place)
    aside = Aside()
    places = find_runs(root, _ALL, aside)
    runs: list[Run] = []
    partial: set[int] = set()
    unsure: set[str] = set()
    for index, run_place in enumerate(places):
        progress("reading runs", index / len(places))
        if cancelled():
            raise ReadingCancelled(f"Reading {root.name} was stopped.")
        run, log = _read_run(run_place, root, options, cancelled)
        runs.append(run.rest())
        if log.partial:
            partial.add(index)
        if log.points is None:
            unsure.update(run.results)  # one record may hold settings as well
    if not any(run.settings or run.results or run.measured for run in runs):
        reasons = [note.message for run in runs for note in run.notes]
        raise SourceError(
            f"The folder {place} holds {len(runs)} run folders of which nothing can be read.",
            safe(reasons[0]) if reasons else "Their logs are empty.",
        )
    named = _name_parts(runs, places, root)
    table = table_of_runs(runs, entries=aside.entries(), unsure=unsure)
    # What somebody put into the names of folders was varied on purpose, whatever the word may mean elsewhere.
    others = (*table.hints.others, *((name, "hyperparameter") for name in named if name in table.frame.columns))
    return replace(table, hints=replace(table.hints, others=others), incomplete=frozenset(partial))


def _read_run(place: RunPlace, root: Path, options: ReadOptions, cancelled: Cancelled) -> tuple[Run, Log]:
    relative = place.folder.relative_to(root).as_posix()
    run = Run(relative if relative != "." else root.resolve().name)
    settings: dict[str, object] = {}
    for path in place.settings:
        try:
            settings = {**settings_of(path, root), **settings}
        except SourceError as error:
            run.notes.append(_left_out(run, error))
    log = _read_log(place, root, run, options, cancelled)
    constant = {name: value for name, value in log.last.items() if name in log.constant and log.points is not None}
    run.settings = {**constant, **settings}
    run.results = {name: value for name, value in log.last.items() if name not in constant}
    run.points = log.points
    if log.note:
        run.notes.append(Entry("steps", f"run {safe(run.id)}: {log.note}"))
    failure = _error(place, root)
    status = _status(place, log, failure)
    run.about = {"status": status, "error": failure} if status or failure else {}
    return run, log


def _left_out(run: Run, error: HpiError) -> Entry:
    return Entry("refused_file", f"run {safe(run.id)}: {error.message}")


def _read_log(place: RunPlace, root: Path, run: Run, options: ReadOptions, cancelled: Cancelled) -> Log:
    nothing = Log(None, {}, frozenset())
    if place.log is None:
        return nothing
    if place.others:
        names = ", ".join(safe(path.name, 60) for path in place.others[:4])
        run.notes.append(Entry("left_out", f"run {safe(run.id)}: beside {place.log.name} lie {names}, left out"))
    try:
        data = bounded(place.log, root, _LARGEST_LOG)
        if place.log.name == "trainer_state.json":
            return log_of_trainer(json_value(data, place.log.name), place.log.name)
        content = Content(place.log.name, data=data)
        reader = choose(content.name, data[:_HEAD])
        ended = options.complete or _has_ended(place)
        whose = f"run {safe(run.id)}"
        table = table_of_log(content, reader, run, whose, replace(options, complete=ended), cancelled)
    except ReadingCancelled:
        raise
    except HpiError as error:
        run.notes.append(_left_out(run, error))
        return nothing
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, RecursionError, MemoryError) as error:
        run.notes.append(_left_out(run, SourceError(f"{place.log.name} cannot be read ({type(error).__name__}).")))
        return nothing
    try:
        log = log_of(table)
        if place.guessed and (log.note or log.points is None):
            raise SourceError("counts no steps: it may be any table.")
        return log
    except SourceError as error:
        run.notes.append(_left_out(run, SourceError(f"{place.log.name} {error.message}")))
        return nothing


def _status(place: RunPlace, log: Log, error: str | None) -> str | None:
    if error is not None:
        return "failed"
    if _has_ended(place):
        return "completed"
    return status_of_trainer(log.last)


def _has_ended(place: RunPlace) -> bool:
    return any(name.lower() in _DONE for name in place.names)


def _error(place: RunPlace, root: Path) -> str | None:
    """Return what a file of errors says; an empty one says nothing, one of mere warnings names no error."""
    for name in sorted(place.names):
        if name.lower() not in _FAILED:
            continue
        try:
            lines = bounded(place.folder / name, root).decode("utf-8", "replace").splitlines()
        except SourceError:
            continue
        found = last_error(lines[-200:])
        if found is not None or name.lower() in ("failed", "_failed"):
            return found or "failed"
    return None


def _name_parts(runs: Sequence[Run], places: Sequence[RunPlace], root: Path) -> list[str]:
    """Give each run the variables in its folders' names that its settings do not tell, and its upper folder.

    Returns the names of the variables.
    """
    relative = [place.folder.relative_to(root).parts for place in places]
    found = parts_of_folders(relative)
    named = list(dict.fromkeys(name for one in found for name in one))
    column = {name: _setting_of(name, found, runs) for name in named}
    for run, variables in zip(runs, found, strict=True):
        own = {column[name]: value for name, value in variables.items() if column[name] not in run.settings}
        run.settings = {**run.settings, **own}
    if all(len(parts) > 1 for parts in relative) and len({parts[0] for parts in relative}) > 1:
        for run, parts, variables in zip(runs, relative, found, strict=True):
            if not _holds_value(parts[0], variables):
                run.about["folder_1"] = parts[0]
    return [column[name] for name in named if name != "seed"]


def _setting_of(name: str, found: Sequence[Mapping[str, object]], runs: Sequence[Run]) -> str:
    """Return which setting a variable of the folders' names is: one called so, or one of the same values; else itself.

    Short for it (`lr` for `optim.learning_rate`) once the same value is enough, otherwise two different ones.
    """
    settings = dict.fromkeys(key for run in runs for key in run.settings)
    if name in settings:
        return name
    for key in settings:
        both = [(one[name], run.settings[key]) for one, run in zip(found, runs, strict=True)
                if name in one and key in run.settings]  # fmt: skip
        if both and all(mine == set_ for mine, set_ in both):
            short = name.casefold() in _short_forms(key)
            if short or len({mine for mine, _ in both}) > 1:
                return key
    return name


def _short_forms(key: str) -> set[str]:
    """Return what people shorten the name of a setting to: its last words, their first letters, their beginnings."""
    tokens = parse(key).tokens
    tails = [tokens[at:] for at in range(len(tokens))]
    return {form for tail in tails for form in ("_".join(tail), "".join(tail), "".join(word[0] for word in tail))}


def _holds_value(part: str, variables: Mapping[str, object]) -> bool:
    """Say whether the name of a folder is but the variables that were taken out of it."""
    return any(re.search(rf"(^|[_\-,]){re.escape(name)}[=_\-]?", part) for name in variables)


READER = StoreReader(
    "folders",
    "folders with one run each: metrics (CSV, JSONL, Parquet, trainer_state.json) and settings (YAML, JSON)",
    20,
    claims,
    read_table,
    runs_below=lambda root: iter([run.folder for run in find_runs(root, _FEW)]),
)
