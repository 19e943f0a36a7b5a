"""Ray Tune: experiment folders with one folder per trial, of every version, without Ray.

A trial's settings come from `params.json` (else from the experiment's state), its curves from `result.json` (else from
`progress.csv`), how it ended from the state and `error.txt`. Where its results are not here, the last that the state
holds are its final ones. Pickles (`error.pkl`, `params.pkl`, values pickled into
the state) are never opened.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers import delimited, jsonl
from hpi_core.readers._ray_state import TrialState, absences, is_pickle, is_state, states_in
from hpi_core.readers._run_logs import cut_line, table_of_log
from hpi_core.readers._tree import ALL, FEW, Aside, Entries, walk
from hpi_core.readers._wandb_log import last_error
from hpi_core.readers.contract import StoreReader
from hpi_core.roles import Objective
from hpi_core.roles.names import parse
from hpi_core.tables.content import Content
from hpi_core.tables.ledger import Entry
from hpi_core.tables.locations import is_address, natural
from hpi_core.tables.nested import flatten, frame_of_records
from hpi_core.tables.run_files import Log, bounded, json_value, log_of
from hpi_core.tables.run_table import Run, table_of_runs
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table
from hpi_core.text import safe

_LARGEST_LOG = 2 << 30
_EPISODIC = r"(^|[/.])(episode|policy)_(reward|return|len)"
# What Ray itself writes beside the metrics of a trial.
_OWN = frozenset(
    {
        "trial_id", "experiment_id", "experiment_tag", "date", "timestamp", "time_this_iter_s", "time_total_s", "pid",
        "hostname", "node_ip", "time_since_restore", "iterations_since_restore", "timesteps_since_restore", "done",
        "training_iteration", "checkpoint_dir_name", "should_checkpoint", "num_healthy_workers", "warmup_time",
    }
)  # fmt: skip


def claims(place: str) -> int:
    """Claim a folder in which, up to six levels down, an experiment's state or a trial of Ray Tune lies."""
    if is_address(place):
        return 0
    return 90 if next(_folders(Path(place), FEW), None) is not None else 0


def read_table(place: str, options: ReadOptions, progress: Progress, cancelled: Cancelled) -> Table:
    """Read every trial of every experiment in a folder; see `StoreReader.read_table`.

    Raises:
        SourceError: no trial in it could be read.
        Cancelled: the person asked to stop.
    """
    root = Path(place)
    entries: list[Entry] = []
    states: dict[Path, TrialState] = {}
    trials: dict[Path, Path | None] = {}
    aside = Aside()
    for folder, names in _folders(root, ALL, aside):
        if _is_trial(names):
            trials[folder] = folder
        for name, state in states_in(folder, names, root, entries).items():
            inner = folder / name
            states[inner] = state
            trials.setdefault(inner, inner if _may_look(inner) else None)
    runs: list[Run] = []
    unheard: dict[Path, bool] = {}
    partial: set[int] = set()
    places = sorted(trials, key=_in_turn)
    for index, at in enumerate(places):
        progress("reading trials", index / len(trials))
        if cancelled():
            raise ReadingCancelled(f"Reading {root.name} was stopped.")
        run, log = _trial(at, trials[at], states.get(at), root, options, cancelled)
        if not log.last:
            unheard[at] = bool(run.results)
        if log.partial:
            partial.add(index)
        runs.append(run.rest())
    if not runs:
        message = entries[0].message if entries else "no trial is in it"
        raise SourceError(f"{place} is an experiment of Ray Tune of which nothing can be read: {message}")
    _tell_apart(runs, [place.relative_to(root).as_posix() for place in places])
    _name_experiments(runs, places, root)
    entries += [*aside.entries(), *absences(states, unheard)]
    table = _searched(table_of_runs(runs, "trial_id", entries), states.values())
    return replace(_experiments_apart(table), incomplete=frozenset(partial))


def _may_look(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and os.access(folder, os.R_OK | os.X_OK)


def _in_turn(folder: Path) -> tuple[object, str]:
    return natural(folder.name), str(folder)


def _name_experiments(runs: list[Run], places: list[Path], root: Path) -> None:
    """Call experiments that no state names after the folder of their trials, where there are several experiments."""
    if 1 < len({place.parent for place in places}) < len(places):
        for run, place in zip(runs, places, strict=True):
            run.about["experiment"] = run.about["experiment"] or place.parent.relative_to(root).as_posix()


def _searched(table: Table, states: Iterable[TrialState]) -> Table:
    """Return the table with the metric its experiments looked for as the objective, where all name the same."""
    named = {state.metric for state in states}
    metric = named.pop() if len(named) == 1 else None
    if metric is None or not table.frame.schema.get(metric, pl.String()).is_numeric():
        return table
    told = parse(metric).metric
    objective = Objective(metric, told.direction if told is not None else None, "source")
    metrics = tuple(dict.fromkeys([metric, *table.hints.metrics]))
    return replace(table, hints=replace(table.hints, metrics=metrics, objective=objective))


def _experiments_apart(table: Table) -> Table:
    """Return the table with several experiments, where it holds such, as groups: each is a search of its own."""
    column = "experiment"
    if column not in table.frame.columns or table.frame[column].drop_nulls().n_unique() < 2:
        return table
    return replace(table, hints=replace(table.hints, group=column, grouped=True))


def _folders(root: Path, most: int, aside: Aside | None = None) -> Iterator[tuple[Path, set[str]]]:
    """Yield the folders in and below `root` that are an experiment or a trial, with the names in them."""
    for folder, entries in walk(root, most, _ends_at_trials, aside):
        names = {entry.name for entry in entries}
        if _is_trial(names) or any(is_state(folder, name) for name in names):
            yield folder, names


def _ends_at_trials(_folder: Path, entries: Entries) -> bool:
    return _is_trial({entry.name for entry in entries})


def _runs_below(root: Path) -> Iterator[Path]:
    """Yield the folders of trials; of an experiment whose trials have none, the folder where one would be."""
    for folder, names in _folders(root, FEW):
        yield folder if _is_trial(names) else folder / "trial"


def _is_trial(names: set[str]) -> bool:
    return "params.json" in names and ("result.json" in names or "progress.csv" in names or "error.txt" in names)


def _trial(
    at: Path, folder: Path | None, state: TrialState | None, root: Path, options: ReadOptions, cancelled: Cancelled
) -> tuple[Run, Log]:
    """Read one trial, which has its folder `at`, or would: `folder` is None where it is not there."""
    name = at.name if at != root else root.resolve().name
    said = state.said if state is not None else {}
    run = Run(str(said.get("trial_id") or name))
    log = Log(None, {}, frozenset())
    params: object = said.get("config")
    if folder is not None:
        ended = options.complete or said.get("status") == "TERMINATED"
        log = _log(folder, root, run, replace(options, complete=ended), cancelled)
        params = _params(folder, root, run) or params
    reported = log.last or (state.last_result() if state is not None else {})
    last = {key: _plain(value) for key, value in reported.items()}
    params = params or run.settings
    run.settings = _without_pickles(params, run) if isinstance(params, dict) else {}
    if not run.settings:
        run.settings = {key[len("config/") :]: value for key, value in last.items() if _is_setting(key)}
    run.id = str(said.get("trial_id") or last.get("trial_id") or name)
    run.results = {k: v for k, v in last.items() if not _is_no_metric(k)}
    run.points = log.points
    error = _error(folder, root) or _told_error(said)
    status = _status(said, last, error)
    told = (_moment(last.get("timestamp")), None if state is None else state.last_heard())
    seen = max((one for one in told if one is not None), default=None)
    run.about = {
        "status": status,
        "start_time": _moment(said.get("start_time")) or _start(last),
        "end_time": seen if status in ("TERMINATED", "ERROR") else None,
        "heartbeat": seen,
        "runtime": last.get("time_total_s"),
        "iterations": last.get("training_iteration"),
        "experiment": None if state is None else state.experiment,
        "host": last.get("hostname"),
        "node_ip": last.get("node_ip"),
        "gpu_count": None if state is None else state.gpus(),
        "error": error,
        "folder": name,
    }
    return run, log


def _told_error(said: Mapping[str, object]) -> str | None:
    told = said.get("error_msg")
    return (last_error(told.splitlines()[-200:]) or told.strip() or None) if isinstance(told, str) else None


def _log(folder: Path, root: Path, run: Run, options: ReadOptions, cancelled: Cancelled) -> Log:
    """Return the trial's results: those in `result.json`, else those in `progress.csv`."""
    whose = f"trial {safe(folder.name)}"
    plain = replace(options, separator=None, encoding=None)
    for name, reader in (("result.json", jsonl.READER), ("progress.csv", delimited.READER)):
        path = folder / name
        if not path.exists():
            continue
        try:
            data = bounded(path, root, _LARGEST_LOG)
            if not data.strip():
                run.notes.append(Entry("refused_file", f"{whose}: {name} is empty"))
                continue
            table = _quick_results(data, run, whose) if name == "result.json" else None
            if table is None:
                table = table_of_log(Content(name, data=data), reader, run, whose, plain, cancelled)
            return _without_unplayed(log_of(flatten(table), _is_no_metric), run, whose)
        except SourceError as error:
            run.notes.append(Entry("refused_file", f"{whose}: {error.message}"))
    return Log(None, {}, frozenset())


def _without_unplayed(log: Log, run: Run, whose: str) -> Log:
    """Leave out the NaN that RLlib writes for what episodes gave before the first has ended: nothing has gone wrong."""
    if log.points is None:
        return log
    episodic = pl.col("metric").cast(pl.String).str.contains(_EPISODIC)
    heard = pl.col("value").is_nan().not_().cum_max().over("metric")
    kept = log.points.filter(~episodic | heard)
    if gone := log.points.height - kept.height:
        message = f"{whose}: {gone:,} NaN before the first episode had ended are gaps, not values"
        run.notes.append(Entry("unplayed", message, count=gone))
    unplayed = {name for name, value in log.last.items() if value != value and re.search(_EPISODIC, name)}
    last = {name: value for name, value in log.last.items() if name not in unplayed}
    return replace(log, points=kept, last=last)


def _quick_results(data: bytes, run: Run, whose: str) -> Table | None:
    """Return sound lines of results without the settings that Ray repeats in each; None where a line is damaged.

    The settings of the last line become those of the run. A last line that stops in the middle is left out.
    """
    lines = data.split(b"\n")
    cut = lines.pop()
    records: list[dict[str, object]] = []
    for line in lines:
        record = _record(line)
        if record is None:
            return None
        records.append(record)
    if cut:
        closed = _record(cut)
        if closed is not None:
            records.append(closed)
        else:
            run.notes.append(cut_line(whose, "result.json", cut.decode("utf-8", "replace")))
    if not records:
        return None
    for record in records:
        config = record.pop("config", None)
        if isinstance(config, dict):
            run.settings = config
    frame, ledger = frame_of_records(records)
    return Table(frame, ledger)


def _record(line: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_no_metric(column: str) -> bool:
    # A column without a name is the index that some writers put before the first.
    return column in _OWN or _is_setting(column) or re.fullmatch(r"col_\d+", column) is not None


def _is_setting(column: str) -> bool:
    return column.startswith(("config/", "config."))


def _params(folder: Path, root: Path, run: Run) -> dict[str, object]:
    if not (folder / "params.json").exists():
        return {}
    try:
        value = json_value(bounded(folder / "params.json", root), "params.json")
    except SourceError as error:
        run.notes.append(Entry("refused_file", f"trial {safe(folder.name)}: {error.message}"))
        return {}
    return value if isinstance(value, dict) else {}


def _without_pickles(params: Mapping[str, object], run: Run) -> dict[str, object]:
    """Return the settings without values that Ray could write only as a pickle."""
    out: dict[str, object] = {}
    for key, value in params.items():
        if is_pickle(value):
            run.notes.append(Entry("pickled", f"the setting {safe(key)} is a pickle, which is never opened"))
        elif isinstance(value, dict):
            out[str(key)] = _without_pickles(value, run)
        else:
            out[str(key)] = value
    return out


def _plain(value: object) -> object:
    return None if value == {} else value


def _status(state: Mapping[str, object], last: Mapping[str, object], error: str | None) -> str | None:
    """Say how a trial ended: a trial that reported being done is, whatever an older state says."""
    told = state.get("status")
    if error is not None or state.get("error_file") or state.get("error_filename"):
        return "ERROR"
    if last.get("done") is True or str(last.get("done")) == "True":
        return "TERMINATED"
    if told in ("PENDING", "RUNNING") and last:
        return "RUNNING"
    return str(told) if told else None


def _moment(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _start(last: Mapping[str, object]) -> float | None:
    stamp, taken = last.get("timestamp"), last.get("time_total_s")
    return float(stamp) - float(taken) if isinstance(stamp, (int, float)) and isinstance(taken, (int, float)) else None


def _error(folder: Path | None, root: Path) -> str | None:
    if folder is None or not (folder / "error.txt").exists():
        return "Ray kept the error as a pickle" if folder is not None and (folder / "error.pkl").exists() else None
    try:
        lines = bounded(folder / "error.txt", root).decode("utf-8", "replace").splitlines()
    except SourceError as error:
        return error.message
    return last_error(lines[-200:]) or next((line.strip() for line in reversed(lines) if line.strip()), "failed")


def _tell_apart(runs: list[Run], paths: list[str]) -> None:
    """Give trials of different experiments that share an id the names of their folders, or the ways to these."""
    for names in ([str(run.about["folder"]) for run in runs], paths):
        ids = Counter(run.id for run in runs)
        for run, name in zip(runs, names, strict=True):
            if ids[run.id] > 1:
                run.id = name


READER = StoreReader(
    "ray",
    "Ray Tune experiments (ray_results/NAME): states, results and errors of the trials",
    80,
    claims,
    read_table,
    runs_below=_runs_below,
)
