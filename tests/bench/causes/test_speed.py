"""Speed and memory of the whole cause stage from a thousand to a million trials."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from hpi_core.statistics.inputs import Issue, Parameter
from tests.bench.causes.measures import print_table
from tests.shared_data import ROOT

_MEASURE = """
import json, resource, sys, time
from hpi_core.statistics.causes import find_causes
from tests.bench.causes.test_speed import busy_sweep
parameters, issues = busy_sweep(int(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
seconds, spent = [], []
for _ in range(3):
    start, cpu = time.perf_counter(), time.process_time()
    found = find_causes(parameters, issues)
    seconds.append(time.perf_counter() - start)
    spent.append(time.process_time() - cpu)
added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps([min(seconds), min(spent), added / 1024, len(found.causes), found.tested]))
"""
ROWS: list[tuple[str, ...]] = []


def busy_sweep(n: int, p: int = 30, k: int = 20) -> tuple[list[Parameter], list[Issue]]:
    """Return 30 parameters and 20 issues, five of which have a planted cause and half a mask of their own."""
    rng = np.random.default_rng(0)
    parameters = [Parameter.numeric(f"p{j}", 10 ** rng.uniform(-5, 0, n)) for j in range(p)]
    survivors = rng.random(n) < 0.95
    everyone = np.ones(n, dtype=np.bool_)
    issues = []
    for j in range(k):
        rate = np.where(parameters[j].values > 10**-1.3, 0.5, 0.02) if j < 5 else np.full(n, 0.05)
        issues.append(Issue(f"i{j}", rng.random(n) < rate, survivors if j % 2 else everyone))
    return parameters, issues


@pytest.mark.parametrize("n", [1000, 10_000, 100_000, 1_000_000])
def test_the_cause_stage_scales(n: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(n)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    seconds, spent, added, causes, tested = json.loads(done.stdout)
    frame = n * 50 * 8 / 2**20
    ROWS.append(
        (f"{n:,}", f"{seconds:.2f} s", f"{spent:.2f} s", f"{added:.0f} MB", f"{frame:.0f} MB", str(causes), str(tested))
    )
    head = ("trials", "best of 3", "CPU", "added", "frame of 50 columns", "causes", "tested")
    print_table("Cause stage, 30 parameters x 20 issues", head, ROWS)
    assert causes >= 5
    assert n < 100_000 or added <= frame
