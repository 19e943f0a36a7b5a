"""Time and memory of reading large stores of MLflow and Optuna, beside these libraries' own reading of the same store.

Run with `pytest tests/bench/reading -s`; each reading happens in a process of its own. The libraries are looked for in
this environment, or in that of the interpreter named by HPI_ORACLE_PYTHON (MLflow is too large to depend on).
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from tests.bench.reading.measuring import LEAST, MEMORY, OURS, measured
from tests.core.readers.mlflow_stores import sweep_runs, write_files
from tests.core.readers.optuna_stores import add_study, journal_lines, new_database

RUNS = 10_000
TRIALS = 100_000
ALLOWED = 0.2
# The least of a few: most of the time goes into the file system, whose share swings with what else runs.
REPEATS = 3
ORACLE = os.environ.get("HPI_ORACLE_PYTHON", sys.executable)
MLFLOW = """
import json, logging, os, resource, sys, warnings
warnings.filterwarnings("ignore"); logging.disable(50)
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
import mlflow, pandas
mlflow.set_tracking_uri("file://" + sys.argv[1])
mlflow.search_runs(experiment_ids=["0"], max_results=1)
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
start = cpu()
frame = mlflow.search_runs(experiment_ids=["0"], max_results=100_000)
print(json.dumps({"seconds": cpu() - start, "rows": len(frame)}))
"""
OPTUNA = """
import json, resource, sys
import optuna, pandas
optuna.logging.set_verbosity(optuna.logging.ERROR)
url = "sqlite:///" + sys.argv[1]
storage = optuna.storages.RDBStorage(url, skip_compatibility_check=True, skip_table_creation=True)
study = optuna.load_study(study_name="s", storage=storage)
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
start = cpu()
frame = study.trials_dataframe()
print(json.dumps({"seconds": cpu() - start, "rows": len(frame)}))
"""
JOURNAL = """
import json, resource, sys
import optuna, pandas
optuna.logging.set_verbosity(optuna.logging.ERROR)
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
start = cpu()  # opening the storage replays the journal
storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(sys.argv[1]))
frame = optuna.load_study(study_name="s", storage=storage).trials_dataframe()
print(json.dumps({"seconds": cpu() - start, "rows": len(frame)}))
"""


@pytest.mark.parametrize(("steps", "params"), [(50, 9), (4, 0)], ids=["long", "tiny"])
def test_ten_thousand_runs_of_a_file_store(steps: int, params: int, tmp_path: Path) -> None:
    more = {f"p{number}": str(number * 1.5) for number in range(params)}
    runs = [replace(run, params={**run.params, **more}) for run in sweep_runs(RUNS, steps=steps)]
    store = write_files(tmp_path / "mlruns", {"sweep": runs})
    few = write_files(tmp_path / "few", {"sweep": sweep_runs(20)})
    _compare(f"MLflow file store, {steps} steps", store, few, MLFLOW, "mlflow", RUNS)


@pytest.mark.parametrize(("trials", "steps"), [(TRIALS, 1), (TRIALS // 5, 50)])
def test_a_large_study_in_sqlite(trials: int, steps: int, tmp_path: Path) -> None:
    for name, count in (("study", trials), ("few", 100)):
        connection = new_database(tmp_path / f"{name}.db")
        add_study(connection, "s", count, steps=steps)
        connection.close()
    name = f"Optuna SQLite, {steps} steps"
    _compare(name, tmp_path / "study.db", tmp_path / "few.db", OPTUNA, "optuna", trials)


def test_a_large_journal(tmp_path: Path) -> None:
    """Every line is JSON that both must parse, which is most of the time: no fifth can be asked for."""
    for name, count in (("study", TRIALS // 5), ("few", 100)):
        lines = journal_lines("s", count)
        (tmp_path / f"{name}.log").write_text("".join(line + "\n" for line in lines))
    _compare(
        "Optuna journal, 2 steps", tmp_path / "study.log", tmp_path / "few.log", JOURNAL, "optuna", TRIALS // 5, 0.5
    )


def _compare(name: str, path: Path, few: Path, theirs: str, module: str, rows: int, allowed: float = ALLOWED) -> None:
    found = [measured(sys.executable, OURS, path, few) for _ in range(REPEATS)]
    ours = min(found, key=lambda one: one["seconds"])
    held = sorted(one["grown"] / one["frame"] for one in found)
    most = max(MEMORY, LEAST / ours["frame"])
    assert ours["rows"] == rows
    print(f"\n{name}, {rows:,} trials: {ours['seconds']:.2f} s of CPU, frames of {ours['frame'] / 2**20:.1f} MiB")
    print(f"  memory grew by {', '.join(f'{one:.2f}' for one in held)} x these (allowed {most:.1f})")
    assert median(held) <= most
    there = subprocess.run([ORACLE, "-c", f"import {module}, pandas"], capture_output=True, check=False)
    if there.returncode:
        pytest.skip(f"{module} is not installed: nothing to compare with")
    library = min((measured(ORACLE, theirs, path) for _ in range(REPEATS)), key=lambda m: m["seconds"])
    assert library["rows"] == rows
    ratio = ours["seconds"] / library["seconds"]
    print(f"  the library: {library['seconds']:.2f} s of CPU; ratio {ratio:.3f} (allowed {allowed})")
    assert ratio <= allowed
