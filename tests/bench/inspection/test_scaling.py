"""How long inspect() takes and what memory it adds, from a thousand to a million trials of 30 hyperparameters."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from hpi_core.sweep import Sweep
from tests.bench.causes.measures import print_table
from tests.shared_data import ROOT

_MEASURE = """
import json, resource, sys, time
import hpi_core
from tests.bench.inspection.test_scaling import busy_sweep
sweep = busy_sweep(int(sys.argv[1]), sys.argv[2] == "grid")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
seconds, stages = [], []
for _ in range(2):
    start = time.perf_counter()
    marks = []
    found = hpi_core.inspect(sweep, progress=lambda what, done: marks.append((what, time.perf_counter())))
    seconds.append(time.perf_counter() - start)
    if len(seconds) == 1:
        added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    stages.append([later[1] - mark[1] for mark, later in zip(marks, [*marks[1:], ("", time.perf_counter())])])
frame = sweep.trials.estimated_size() / 2**20
best = seconds.index(min(seconds))
print(json.dumps([seconds[best], stages[best], added / 1024, frame, len(found.issues), len(found.causes)]))
"""
ROWS: list[tuple[str, ...]] = []


def busy_sweep(n: int, grid: bool = False) -> Sweep:
    """Return a sweep of 30 hyperparameters with many issues; on a grid they have few values each."""
    rng = np.random.default_rng(n)
    columns: dict[str, object] = {"trial_id": np.arange(n), "seed": rng.integers(0, 5, n)}
    for i in range(30):
        columns[f"hp.p{i}"] = rng.integers(1, 9, n) / 10 if grid else 10 ** rng.uniform(-5, 0, n)
    first, second = (np.asarray(columns[f"hp.p{i}"]) for i in (0, 1))
    high, low = first > np.quantile(first, 0.85), second <= np.quantile(second, 0.2)
    loss = rng.lognormal(-1, 0.3, n)
    loss[high & (rng.random(n) < 0.5)] = np.nan
    loss[rng.random(n) < 0.01] *= 1e6
    loss[rng.random(n) < 0.06] = np.log(10)
    accuracy = 1 / (1 + loss)
    train = loss * np.where(low & (rng.random(n) < 0.3), 0.2, 0.9)
    columns |= {"train_loss": train, "val_loss": loss, "train_acc": accuracy, "val_acc": accuracy * 0.97}
    columns |= {"epochs": np.where(rng.random(n) < 0.03, 3, 50), "runtime_sec": rng.random(n) * 100}
    columns |= {"val_f1_macro": accuracy * rng.choice([0.5, 0.9], n), "val_ece": rng.random(n) * 0.06}
    columns["error"] = np.where(rng.random(n) < 0.02, "CUDA out of memory", "")
    columns["status"] = rng.choice(["completed", "completed", "completed", "completed", "failed", "timeout"], n)
    columns["node"] = rng.choice([f"node{i:02}" for i in range(12)], n)
    return Sweep.from_polars(pl.DataFrame(columns))


@pytest.mark.parametrize("kind", ["continuous", "grid"])
@pytest.mark.parametrize("n", [1_000, 10_000, 100_000, 1_000_000])
def test_the_inspection_scales(n: int, kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(n), kind], cwd=ROOT, capture_output=True, text=True, check=True
    )
    seconds, stages, added, frame, issues, causes = json.loads(done.stdout)
    parts = " + ".join(f"{stage:.2f}" for stage in stages)
    load = f"{os.getloadavg()[0]:.1f}"
    ROWS.append(
        (
            f"{n:,}",
            kind,
            f"{seconds:.2f} s",
            parts,
            f"{added:.0f} MB",
            f"{frame:.0f} MB",
            str(issues),
            str(causes),
            load,
        )
    )
    head = (
        "trials", "parameters", "better of 2", "measure + detect + rank + causes", "added peak", "frame", "issues",
        "causes", "load",
    )  # fmt: skip
    print_table("inspect() after reading, 30 parameters", head, ROWS)
    assert issues >= 8
    assert causes >= 1
