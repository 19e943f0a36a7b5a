"""What must not change when a real sweep is written down differently, and what must when it is larger.

The sweep is the one that was trained for the demo, without its curves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.core.cli.running import hpi

DEMO = Path(__file__).parents[3] / "hpi_core" / "demo" / "sweep.csv"
SYNONYMS = {
    "train_loss": "training/loss", "val_loss": "validation/loss", "train_accuracy": "train_acc",
    "val_accuracy": "valid acc",
}  # fmt: skip


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return pl.read_csv(DEMO, infer_schema_length=None)


@pytest.fixture(scope="module")
def plain(table: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return _summary(table, tmp_path_factory.mktemp("plain"))


def _summary(table: pl.DataFrame, folder: Path) -> dict[str, Any]:
    path = folder / "sweep.csv"
    table.write_csv(path)
    done = hpi("inspect", path, "--json", "--all", home=folder)
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def _sick(summary: dict[str, Any]) -> dict[str, tuple[str, set[str]]]:
    """Return issue -> severity and trials."""
    return {issue["issue"]: (issue["severity"], set(issue["trials"])) for issue in summary["issues"]}


def _blamed(summary: dict[str, Any]) -> list[tuple[object, ...]]:
    """Return what is claimed of each cause, apart from where on its scale it lies and from what is drawn."""
    keys = ("parameter", "issue", "kind", "n", "sick", "elsewhere_n", "elsewhere_sick", "q")
    return [tuple(cause[key] for key in keys) for cause in summary["causes"]]


def _best(summary: dict[str, Any]) -> list[str]:
    return [entry["trial"] for entry in summary["best"]]


def _shuffled(names: Iterable[str]) -> list[str]:
    names = list(names)
    return [names[place] for place in np.random.default_rng(11).permutation(len(names))]


SAME: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "metrics by their synonyms": lambda t: t.rename(SYNONYMS),
    "columns in another order": lambda t: t.select(_shuffled(t.columns)),
    "a constant column": lambda t: t.with_columns(pl.lit(8).alias("num_workers"), pl.lit("cosine").alias("schedule")),
    "a constant column twice": lambda t: t.with_columns(pl.lit(5).alias(n) for n in ("patience", "patience_again")),
    "learning rates in another unit": lambda t: t.with_columns(pl.col("lr") * 1000),
    "learning rates as logarithms": lambda t: t.with_columns(pl.col("lr").log10()),
    "learning rates cubed": lambda t: t.with_columns(pl.col("lr") ** 3),
}


@pytest.mark.parametrize("how", SAME)
def test_nothing_changes(how: str, table: pl.DataFrame, plain: dict[str, Any], tmp_path: Path) -> None:
    assert len(plain["causes"]) >= 5
    changed = _summary(SAME[how](table), tmp_path)
    assert _sick(changed) == _sick(plain)
    assert _blamed(changed) == _blamed(plain)
    assert _best(changed) == _best(plain)
    assert changed["trials"] == plain["trials"]


def test_thresholds_move_with_the_unit(table: pl.DataFrame, plain: dict[str, Any], tmp_path: Path) -> None:
    changed = _summary(table.with_columns(pl.col("lr") * 1000), tmp_path)
    pairs = [
        (before["threshold_low"], after["threshold_low"])
        for before, after in zip(plain["causes"], changed["causes"], strict=True)
        if before["parameter"] == "lr"
    ]
    assert pairs
    # Both are rounded to the fewest digits that lie inside the interval.
    assert all(after == pytest.approx(1000 * before, rel=0.2) for before, after in pairs)


def test_rows_in_another_order_say_the_same_of_each_trial(
    table: pl.DataFrame, plain: dict[str, Any], tmp_path: Path
) -> None:
    changed = _summary(table.sample(fraction=1.0, shuffle=True, seed=3), tmp_path)
    assert _sick(changed) == _sick(plain)
    assert changed["trials"] == plain["trials"]
    assert _best(changed) == _best(plain)
    assert _blamed(changed) == _blamed(plain)


def test_every_trial_twice_is_no_surer_of_the_same_effect(
    table: pl.DataFrame, plain: dict[str, Any], tmp_path: Path
) -> None:
    again = table.with_columns((pl.col("trial_id").cast(pl.String) + "b").alias("trial_id"), pl.col("seed") + 100_000)
    both = pl.concat([table.with_columns(pl.col("trial_id").cast(pl.String)), again])
    changed = _summary(both, tmp_path)
    before, after = (summary["causes"][0] for summary in (plain, changed))
    assert (after["parameter"], after["issue"]) == (before["parameter"], before["issue"])
    assert (after["n"], after["sick"]) == (2 * before["n"], 2 * before["sick"])
    assert abs(after["log10_p"] - before["log10_p"]) < 1
    assert after["rate_high"] - after["rate_low"] > 0.9 * (before["rate_high"] - before["rate_low"])
    assert f"{both.height:,} trials repeat {table.height:,} configurations: tests count configurations." in " ".join(
        changed["caveats"]
    )
