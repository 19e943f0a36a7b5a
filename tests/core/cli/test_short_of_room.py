"""What pages keep where room is short, and what is said of a filter or an option that finds nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

from hpi_core import demo
from tests.core.cli.running import hpi_process
from tests.shared_data import DATA, needs_shared

DEEPOBS = DATA / "12_curves" / "deepobs_trials.csv"


@needs_shared
def test_the_best_trials_keep_what_causes_name(tmp_path: Path) -> None:
    page = hpi_process("best", DEEPOBS, home=tmp_path, COLUMNS="80").stdout.decode()
    heading = next(line for line in page.split("\n") if line.strip().startswith("#"))
    assert " lr" in heading
    assert "No room for" in page
    page = hpi_process("inspect", DEEPOBS, home=tmp_path, COLUMNS="80").stdout.decode()
    best = page[page.index("Best healthy trials") :].split("\n")[1]
    assert " lr" in best


def test_a_filter_that_nothing_passes_is_said_plainly(tmp_path: Path) -> None:
    source = shutil.copy(demo.path(), tmp_path / "sweep.csv")
    page = hpi_process("inspect", source, "--where", "lr > 1000", home=tmp_path).stdout.decode()
    assert "There is no trial to look at:" in page
    assert "No sick trials" not in page
    assert "Trials by status" not in page
    assert "one value throughout" not in page


def test_an_experiment_of_a_table_is_refused(tmp_path: Path) -> None:
    source = shutil.copy(demo.path(), tmp_path / "sweep.csv")
    done = hpi_process("inspect", source, "--experiment", "mnist", home=tmp_path)
    assert done.returncode == 2
    assert "holds no experiments or studies to choose from" in done.stderr.decode()
