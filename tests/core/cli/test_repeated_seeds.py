"""The commands on a real benchmark in which the best configurations of eight problems were run with ten seeds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl

from tests.core.cli.running import hpi_process
from tests.shared_data import DATA, needs_shared

DEEPOBS = DATA / "12_curves" / "deepobs_trials.csv"


@needs_shared
def test_best_names_the_problem_and_tells_of_ten_seeds_once(tmp_path: Path) -> None:
    page = hpi_process("best", DEEPOBS, home=tmp_path).stdout.decode()
    assert re.search(r"^ +# +trial +testproblem +test_losses_final +runs +if repeated", page, re.MULTILINE)
    assert re.search(r"^ +1 +165 +cifar10_3c3d +0\.742306 += +10 +0\.74351", page, re.MULTILINE)
    assert "Results of different testproblem do not compare: the best trials are ranked within each." in page
    assert " ".join(page.split()).count("1,080 trials repeat 864 configurations: tests count configurations.") == 1

    found = json.loads(hpi_process("best", DEEPOBS, "-k", "8", "--json", home=tmp_path).stdout)
    trials = pl.read_csv(DEEPOBS)
    assert len({entry["group"] for entry in found["best"]}) == 8
    assert {entry["rank"] for entry in found["best"]} == {1}
    own = trials.filter(pl.col("testproblem") == "cifar10_3c3d", optimizer="AdamOptimizer")
    ten = own.filter((pl.col("lr") - 0.00039810717055).abs() < 1e-9)
    entry = next(entry for entry in found["best"] if entry["group"] == "cifar10_3c3d")
    assert (entry["runs"], round(entry["value"], 6)) == (10, round(sum(ten["test_losses_final"]) / 10, 6))


@needs_shared
def test_ten_seeds_of_one_configuration_make_no_cause_of_good_results(tmp_path: Path) -> None:
    page = " ".join(hpi_process("inspect", DEEPOBS, home=tmp_path).stdout.decode().split())
    assert "lr > 0.2 → nonfinite_metric strong 178 of 345 trials" in page
    assert "1,080 trials repeat 864 configurations: tests count configurations." in page
    results = page[page.index("Results test_losses_final") : page.index("What to do")]
    assert "9 of 20 trials" not in results
