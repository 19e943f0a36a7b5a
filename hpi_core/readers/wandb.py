"""Local folders of Weights & Biases: `wandb/` with one folder per run, online or offline, without the service.

A run's own log (`run-ID.wandb`) tells the most: settings, history, how it ended. Where it is missing, empty or damaged,
`config.yaml`, `wandb-summary.json` and `wandb-metadata.json` are read instead. Links are not followed (`latest-run`
leads to a run that is there anyway); a copy of a run is left out, the parts of a resumed run are put together.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers._tree import ALL, FEW, Aside, Entries, walk
from hpi_core.readers._wandb_log import RunLog, last_error, read_run_log
from hpi_core.readers._wandb_records import MAGIC
from hpi_core.readers.contract import StoreReader
from hpi_core.roles import Direction
from hpi_core.tables.ledger import Entry
from hpi_core.tables.locations import is_address
from hpi_core.tables.run_files import bounded, json_value, settings_of
from hpi_core.tables.run_table import Run, table_of_runs, unpacked
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table
from hpi_core.text import safe

_FILES = frozenset({"wandb-summary.json", "wandb-metadata.json", "config.yaml"})
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_OWN = frozenset({"_wandb", "wandb_version"})
_CLOCKS = frozenset({"_step", "_timestamp", "_runtime", "_wandb"})
# What the metadata of clients before 2020 say of how a run ended.
_STATES = frozenset({"running", "finished", "failed", "crashed", "killed"})


def claims(place: str) -> int:
    """Claim a folder in which, up to six levels down, a run of Weights & Biases lies."""
    if is_address(place):
        return 0
    return 95 if next(_runs(Path(place)), None) is not None else 0


def read_table(place: str, _options: ReadOptions, progress: Progress, cancelled: Cancelled) -> Table:
    """Read every run of a folder; see `StoreReader.read_table`.

    Raises:
        SourceError: no run in it could be read.
        Cancelled: the person asked to stop.
    """
    root = Path(place)
    aside = Aside()
    folders = sorted(_runs(root, ALL, aside), key=lambda folder: (folder.name.removeprefix("offline-"), str(folder)))
    entries = aside.entries()
    runs: dict[str, Run] = {}
    directions: dict[str, set[Direction]] = {}
    for index, folder in enumerate(folders):
        progress("reading runs", index / len(folders))
        if cancelled():
            raise ReadingCancelled(f"Reading {root.name} was stopped.")
        run, told = _read_run(folder, root, cancelled)
        run.rest()
        for name, direction in told.items():
            directions.setdefault(name, set()).add(direction)
        known = runs.get(run.id)
        if known is None:
            runs[run.id] = run
        elif known.about.get("start_time") == run.about.get("start_time"):
            message = f"{safe(folder.name)} is a copy of run {safe(run.id)} and was left out"
            entries.append(Entry("duplicate_run", message))
        else:
            runs[run.id] = _resumed(known, run)
    table = table_of_runs(list(runs.values()), entries=entries)
    told_of = tuple((name, ways.pop()) for name, ways in directions.items() if len(ways) == 1)
    judged = tuple((name, direction) for name, direction in told_of if name in table.hints.metrics)
    return replace(table, hints=replace(table.hints, directions=judged))


def _runs(root: Path, most: int = FEW, aside: Aside | None = None) -> Iterator[Path]:
    """Yield the run folders in and below `root`, the nearest first; what is not looked into is noted in `aside`."""
    found: set[Path] = set()
    for folder, entries in walk(root, most, lambda folder, _entries: folder in found, aside):
        if _is_run(entries):
            found.add(folder)
            yield folder


def _is_run(entries: Entries) -> bool:
    """Say whether a folder with these entries is a run: by its log, or by the files W&B keeps of it."""
    names = {entry.name for entry in entries}
    for entry in entries:
        if entry.name.endswith(".wandb") and _begins_like_a_log(Path(entry.path)):
            return True
        if entry.name == "files" and entry.is_dir():
            try:
                inner = {path.name for path in Path(entry.path).iterdir()}
            except OSError:
                continue
            if "wandb-summary.json" in inner or "wandb-metadata.json" in inner or _wandb_config(Path(entry.path)):
                return True
    return "wandb-summary.json" in names and ("wandb-metadata.json" in names or "config.yaml" in names)


def _begins_like_a_log(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
    except OSError:
        return False
    return head in (MAGIC, b"")


def _wandb_config(files: Path) -> bool:
    try:
        with (files / "config.yaml").open("rb") as file:
            return b"wandb_version" in file.read(4096)
    except OSError:
        return False


def _read_run(folder: Path, root: Path, cancelled: Cancelled) -> tuple[Run, dict[str, Direction]]:
    """Return a run, and which way its metrics are good as far as it says so."""
    run = Run(re.sub(r"^(offline-)?run-\d{8}_\d{6}-", "", folder.name))
    log = _read_log(folder, run, cancelled)
    files = folder / "files" if (folder / "files").is_dir() else folder
    summary = _mapping(files / "wandb-summary.json", root, run)
    metadata = _mapping(files / "wandb-metadata.json", root, run)
    settings = dict(log.settings)
    if not settings and (files / "config.yaml").exists():
        try:
            settings = settings_of(files / "config.yaml", root)
        except SourceError as error:
            run.notes.append(_left_out(run.id, error))
    run.settings = {name: value for name, value in settings.items() if name not in _OWN}
    reported = summary or log.summary or log.last_history
    run.results = {name: _finite_or_not(value) for name, value in reported.items() if not _is_own(name)}
    run.points = log.points
    run.id = log.texts.get("run", run.id)
    run.about = _about(log, summary or log.summary, metadata)
    if log.exit_code not in (0, None) and run.about["error"] is None:
        run.about["error"] = _error_in_output(files / "output.log", root)
    return run, log.directions


def _is_own(name: str) -> bool:
    return name in _CLOCKS or name.startswith("_wandb.")


def _read_log(folder: Path, run: Run, cancelled: Cancelled) -> RunLog:
    for path in sorted(folder.glob("*.wandb")):
        try:
            log = read_run_log(path, cancelled)
        except (SourceError, OSError) as error:
            run.notes.append(_left_out(run.id, error))
            continue
        if log.damage:
            run.notes.append(Entry("truncated", f"{safe(path.name)}: {log.damage}; what came before it was read"))
        return log
    return RunLog()


def _left_out(run: str, error: Exception) -> Entry:
    if isinstance(error, OSError):
        what = f"{safe(Path(str(error.filename)).name, 80)} cannot be read ({error.strerror})."
        return Entry("refused_file", f"run {safe(run)}: {what}")
    message = error.message if isinstance(error, SourceError) else safe(error, 120)
    return Entry("refused_file", f"run {safe(run)}: {message}")


def _mapping(path: Path, root: Path, run: Run) -> dict[str, object]:
    """Return what a JSON file of the run holds; nothing where it is missing, empty or damaged (the ledger says so)."""
    if not path.exists():
        return {}
    try:
        data = bounded(path, root)
        value = json_value(data, path.name)
    except SourceError as error:
        run.notes.append(_left_out(run.id, error))
        return {}
    return value if isinstance(value, dict) else {}


def _about(log: RunLog, summary: dict[str, object], metadata: dict[str, object]) -> dict[str, object]:
    own = summary.get("_wandb")
    runtime = own.get("runtime") if isinstance(own, dict) else summary.get("_wandb.runtime")
    runtime = _number(summary.get("_runtime", runtime)) or log.runtime
    start = log.start_time or _seconds(metadata.get("startedAt"))
    seen = log.last_seen or _number(summary.get("_timestamp")) or _seconds(metadata.get("heartbeatAt"))
    status = str(metadata.get("state")) if metadata.get("state") in _STATES else None
    if log.records:
        status = "running" if log.exit_code is None else ("finished" if log.exit_code == 0 else "failed")
    end = None
    if status not in (None, "running"):
        end = seen or (start + runtime if start is not None and runtime is not None else None)
    return {
        "name": log.texts.get("name"),
        "status": status,
        "exit_code": log.exit_code,
        "start_time": start,
        "end_time": end,
        "heartbeat": seen,
        "runtime": runtime,
        "project": log.texts.get("project"),
        "group": log.texts.get("group"),
        "job_type": log.texts.get("job_type"),
        "sweep": log.texts.get("sweep"),
        "tags": ", ".join(dict.fromkeys(log.tags)) or None,
        "notes": log.texts.get("notes"),
        "host": log.texts.get("host", metadata.get("host")),
        "gpu": log.texts.get("gpu", metadata.get("gpu")),
        "gpu_count": log.gpus or _number(metadata.get("gpu_count")),
        "error": log.error,
    }


def _finite_or_not(value: object) -> object:
    """Return the number that a word such as "NaN" stands for: JSON has none for it."""
    return _WORDS.get(value, value) if isinstance(value, str) else value


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _seconds(text: object) -> float | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _error_in_output(path: Path, root: Path) -> str | None:
    try:
        return last_error(bounded(path, root).decode("utf-8", "replace").splitlines()[-60:]) if path.exists() else None
    except SourceError:
        return None


def _resumed(first: Run, then: Run) -> Run:
    """Put the parts of a resumed run together: the curves of both, and the later word on everything else."""
    points = [part for part in (first.taken(), then.taken()) if part is not None]
    about = {**first.about, **{name: value for name, value in then.about.items() if value is not None}}
    about |= {"start_time": first.about.get("start_time"), "status": then.about.get("status") or first.about["status"]}
    return Run(
        then.id,
        about,
        {**first.settings, **then.settings},
        {**first.results, **then.results},
        unpacked(points) if points else None,
        [*first.notes, *then.notes, Entry("resumed", "the run was resumed: its parts were put together")],
    )


READER = StoreReader(
    "wandb",
    "Weights & Biases folders (wandb/) of local runs, online and offline",
    80,
    claims,
    read_table,
    runs_below=_runs,
)
