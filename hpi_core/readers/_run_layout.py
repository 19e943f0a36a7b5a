"""Where the runs lie in a tree of folders, and which of their files is the log and which hold the settings."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from hpi_core.readers._tree import Aside
from hpi_core.roles.vocabulary import words
from hpi_core.tables.locations import natural

# Names that logs of metrics have, the likeliest first: one of them makes a folder a run.
_LOGS = {
    name: rank
    for rank, name in enumerate(
        words(
            """
            trainer_state.json metrics.csv metrics.jsonl metrics.parquet metrics.json history.csv history.jsonl
            history.parquet history.json progress.csv measurements.csv training_log.csv train_log.csv log.csv logs.csv
            log.jsonl scalars.csv scalars.json results.csv results.jsonl results.parquet results.json result.json
            all_results.json eval_results.json eval_measurements.csv test_results.json summary.json
            """
        )
    )
}
_SETTINGS = {
    name: rank
    for rank, name in enumerate(
        f"{stem}.{suffix}"
        for stem in words(
            """
            hparams hyperparameters hyperparams params args config cfg conf settings options opts training_args
            train_config experiment_config flags flags_0 meta_tags
            """
        )
        for suffix in (("csv",) if stem == "meta_tags" else ("yaml", "yml", "json"))
    )
}
_TABLES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"})
_SKIPPED = frozenset({"wandb", "mlruns", "checkpoints", "artifacts", "__pycache__", "node_modules", "site-packages"})
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_DEPTH = 6


@dataclass(frozen=True)
class RunPlace:
    """The folder of one run, the names in it, its log, other logs beside it, and its settings, the strongest first.

    `guessed` is set where the name of the log does not say that it is one.
    """

    folder: Path
    names: frozenset[str]
    log: Path | None
    others: tuple[Path, ...] = ()
    settings: tuple[Path, ...] = field(default=())
    guessed: bool = False


def find_runs(root: Path, most: int, aside: Aside | None = None) -> list[RunPlace]:
    """Return the runs in and below `root` in the order of their names, after a look into at most `most` folders.

    Links to folders are not followed but noted in `aside`. A folder that only holds settings gives them to the runs
    below it.
    """
    folders = _walk(root, most, aside)
    runs = [place for folder, names in folders.items() if (place := _place(folder, names)) is not None]
    logs = _likely_logs(folders, root)
    known = {run.folder for run in runs if run.log is not None}
    for folder, names in folders.items():
        if folder not in known:
            mine = sorted((n for n in names if n in logs), key=natural)
            if mine:
                bare = next((run for run in runs if run.folder == folder), RunPlace(folder, names, None))
                runs = [run for run in runs if run.folder != folder]
                more = tuple(folder / name for name in mine[1:])
                runs.append(replace(bare, log=folder / mine[0], others=more, guessed=True))
    runs = _latest_checkpoints(runs)
    runs = _with_settings_above(runs, root)
    return sorted(runs, key=lambda run: natural(str(run.folder)))


def _walk(root: Path, most: int, aside: Aside | None) -> dict[Path, frozenset[str]]:
    """Return folder -> names of the files in it (of `.hydra` too, with its name before them), the nearest first."""
    out: dict[Path, frozenset[str]] = {}
    level = [root]
    for _ in range(_DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            if len(out) >= most:
                return out
            try:
                with os.scandir(folder) as listing:
                    entries = list(listing)
            except OSError:
                if aside is not None:
                    aside.forbidden.append(os.path.relpath(folder, root))
                continue
            if aside is not None:
                aside.note((entry for entry in entries if entry.name not in _SKIPPED), root)
            names = {entry.name for entry in entries if not entry.name.startswith(".") and not entry.is_dir()}
            if (folder / ".hydra" / "config.yaml").is_file():
                names.add(".hydra/config.yaml")
            out[folder] = frozenset(names)
            below += [
                folder / e.name
                for e in entries
                if not e.name.startswith(".") and e.name not in _SKIPPED and not e.is_symlink() and e.is_dir()
            ]
        level = sorted(below)
    return out


def _place(folder: Path, names: frozenset[str]) -> RunPlace | None:
    """Return a folder as a run where its files have names that logs or settings have."""
    logs = sorted((name for name in names if name in _LOGS), key=_LOGS.__getitem__)
    settings = sorted((name for name in names if name in _SETTINGS), key=_SETTINGS.__getitem__)
    if ".hydra/config.yaml" in names:
        settings.append(".hydra/config.yaml")
    if not logs and not settings:
        return None
    tables = tuple(folder / name for name in logs[1:])
    return RunPlace(folder, names, folder / logs[0] if logs else None, tables, tuple(folder / n for n in settings))


def _likely_logs(folders: dict[Path, frozenset[str]], root: Path) -> set[str]:
    """Return names of tables that are logs because several folders below the root have one, or because of settings."""
    counted: Counter[str] = Counter()
    beside: set[str] = set()
    for folder, names in folders.items():
        tables = [name for name in names if PurePath(name).suffix.lower() in _TABLES and name not in _SETTINGS]
        if folder != root:
            counted.update(tables)
        if any(name in _SETTINGS for name in names):
            beside.update(tables)
    return {name for name, count in counted.items() if count > 1} | beside


def _latest_checkpoints(runs: list[RunPlace]) -> list[RunPlace]:
    """Return the runs with their checkpoints put together: the last of them holds the whole history."""
    own = {run.folder: run for run in runs if _CHECKPOINT.fullmatch(run.folder.name) is None}
    newest: dict[Path, tuple[int, RunPlace]] = {}
    for run in runs:
        found = _CHECKPOINT.fullmatch(run.folder.name)
        if found is not None and run.log is not None:
            newest[run.folder.parent] = max(
                newest.get(run.folder.parent, (-1, run)), (int(found[1]), run), key=lambda pair: pair[0]
            )
    for parent, (_, run) in newest.items():
        above = own.get(parent)
        if above is None:
            own[parent] = replace(run, folder=parent)
        elif above.log is None:
            own[parent] = replace(above, log=run.log, settings=(*above.settings, *run.settings))
    return list(own.values())


def _with_settings_above(runs: list[RunPlace], root: Path) -> list[RunPlace]:
    """Give runs the settings of the folders they lie in, which are then no runs themselves."""
    bare = {run.folder: run for run in runs if run.log is None}
    above: set[Path] = set()
    out: list[RunPlace] = []
    for run in runs:
        settings = list(run.settings)
        for parent in run.folder.parents:
            if parent in bare and run.folder != parent:
                settings += bare[parent].settings
                above.add(parent)
            if parent == root:
                break
        out.append(replace(run, settings=tuple(settings)))
    return [run for run in out if run.folder not in above]
