"""Real trials: what the rules say of them, and pathologies planted in real files where none has them."""

from __future__ import annotations

import polars as pl
import pytest

import hpi_core
from hpi_core.detectors import detect
from hpi_core.sweep import Sweep
from tests.shared_data import DATA, needs_shared

DEEPOBS = DATA / "12_curves" / "deepobs_trials.csv"
MANIFOLDS = DATA / "01_sweep_csv" / "sdbuch__thinky-manifolds" / "wandb_results.csv"
HIPLOT = DATA / "01_sweep_csv" / "facebookresearch__hiplot" / "assets" / "data" / "ml1.csv"

# What stands in the files themselves: issue, file, trials flagged, words of the first one's evidence.
REAL = [
    ("nonfinite_metric", DEEPOBS, 220, "nan"),
    ("identical_results", MANIFOLDS, 6, "all metrics are those of"),
    ("short_run", HIPLOT, 46, "epoch"),
]


def _flagged(sweep: Sweep, issue: str) -> tuple[set[int], str]:
    found = detect(sweep).findings.filter((pl.col("issue") == issue) & pl.col("_row").is_not_null())
    return set(found["_row"].to_list()), "" if found.is_empty() else found["evidence"][0]


@needs_shared
@pytest.mark.parametrize(("issue", "path", "count", "words"), REAL, ids=[case[0] for case in REAL])
def test_what_real_sweeps_have(issue: str, path: object, count: int, words: str) -> None:
    rows, evidence = _flagged(hpi_core.read(str(path)), issue)
    assert len(rows) == count
    assert words in evidence.lower()


def _planted(column: str, rows: list[int], value: object) -> Sweep:
    """Return the real sweep of 31 trials with one column's cells overwritten."""
    table = hpi_core.read(MANIFOLDS).trials.drop("_row", "_status")
    chosen = pl.int_range(pl.len()).is_in(rows)
    return Sweep.from_polars(table.with_columns(pl.when(chosen).then(pl.lit(value)).otherwise(column).alias(column)))


PLANTED = [
    ("failed_run", "state", "crashed", [3, 4]),
    ("timeout", "state", "TIMEOUT", [5]),
    ("out_of_memory", "state", "OUT_OF_MEMORY", [6]),
    ("missing_metric", "test_loss", None, [7]),
    ("nonfinite_metric", "test_loss", float("inf"), [8, 9]),
    ("exploded_metric", "test_loss", 4e7, [10]),
    ("metric_out_of_range", "test_accuracy", 187.0, [11]),
    ("overfit_gap", "train_loss", 0.02, [20]),
]


@needs_shared
@pytest.mark.parametrize(("issue", "column", "value", "rows"), PLANTED, ids=[case[0] for case in PLANTED])
def test_what_is_planted_in_a_real_sweep_is_found_and_nothing_else(
    issue: str, column: str, value: object, rows: list[int]
) -> None:
    before, _evidence = _flagged(hpi_core.read(MANIFOLDS), issue)
    after, evidence = _flagged(_planted(column, rows, value), issue)
    assert after - before == set(rows)
    assert evidence
