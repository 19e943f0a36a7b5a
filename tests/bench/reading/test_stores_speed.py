"""Time and memory of reading large stores of MLflow and Optuna, beside these libraries' own reading of the same store.

Run with `pytest tests/bench/reading -s`; each reading happens in a process of its own. The libraries are looked for in
this environment, or in that of the interpreter named by HPI_ORACLE_PYTHON (MLflow is too large to depend on).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from tests.core.readers.mlflow_stores import sweep_runs, write_files
from tests.core.readers.optuna_stores import add_study, new_database

RUNS = 10_000
TRIALS = 100_000
ALLOWED = 0.2
# The least of a few: most of the time goes into the file system, whose share swings with what else runs.
REPEATS = 3
MEMORY = 3.0
ORACLE = os.environ.get("HPI_ORACLE_PYTHON", sys.executable)
OURS = """
import json, re, resource, sys
from pathlib import Path
from statistics import median
import numpy, polars as pl
import hpi_core
import hpi_core.readers._reading
from hpi_core.readers._reading import choose_store
from hpi_core.tables.table import ReadOptions, never, silent
reader = choose_store(sys.argv[1])
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
def size_of(frame):  # polars leaves out the 16 bytes that each text takes in its column
    return frame.estimated_size() + 16 * frame.height * sum(dtype == pl.String for dtype in frame.dtypes)
if len(sys.argv) > 2:  # what the first reading loads stays, however small it is
    reader.read_table(sys.argv[2], ReadOptions(), silent, never)
def status(field):
    return int(re.search(field + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
before = status("VmRSS")
start = cpu()
table = reader.read_table(sys.argv[1], ReadOptions(), silent, never)
seconds = cpu() - start
peak = status("VmHWM")
curves = table.curves if table.scanned is None else table.scanned.collect()
size = size_of(table.frame) + (0 if curves is None else size_of(curves))
print(json.dumps({"seconds": seconds, "grown": (peak - before) * 1024, "frame": size, "rows": table.frame.height}))
"""
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


def _compare(name: str, path: Path, few: Path, theirs: str, module: str, rows: int) -> None:
    found = [measured(sys.executable, OURS, path, few) for _ in range(REPEATS)]
    ours = min(found, key=lambda one: one["seconds"])
    held = sorted(one["grown"] / one["frame"] for one in found)
    assert ours["rows"] == rows
    print(f"\n{name}, {rows:,} trials: {ours['seconds']:.2f} s of CPU, frames of {ours['frame'] / 2**20:.1f} MiB")
    print(f"  memory grew by {', '.join(f'{one:.2f}' for one in held)} x these (allowed {MEMORY})")
    assert median(held) <= MEMORY
    there = subprocess.run([ORACLE, "-c", f"import {module}, pandas"], capture_output=True, check=False)
    if there.returncode:
        pytest.skip(f"{module} is not installed: nothing to compare with")
    library = min((measured(ORACLE, theirs, path) for _ in range(REPEATS)), key=lambda m: m["seconds"])
    assert library["rows"] == rows
    ratio = ours["seconds"] / library["seconds"]
    print(f"  the library: {library['seconds']:.2f} s of CPU; ratio {ratio:.3f} (allowed {ALLOWED})")
    assert ratio <= ALLOWED


def measured(python: str, program: str, *paths: Path) -> dict[str, float]:
    """Run a program that prints what it measured as JSON in its last line."""
    done = subprocess.run([python, "-c", program, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return result
