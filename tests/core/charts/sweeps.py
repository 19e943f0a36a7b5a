"""Sweeps in which one parameter of a kind makes trials nonfinite."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from hpi_core.detectors import listing
from hpi_core.inspection import Inspection, IssueCount, inspect
from hpi_core.inspection.association import associate
from hpi_core.sweep import Sweep
from tests.builders import sweep_of

TRIALS = 240


def sick_where(values: Sequence[object], sick: Callable[[object], bool], name: str = "knob") -> Sweep:
    """Return a sweep of two parameters, whose val_loss is nan where `sick` says so; every seventh trial failed."""
    chance = random.Random(5)
    loss = [float("nan") if sick(value) and chance.random() < 0.9 else 0.3 + chance.random() for value in values]
    status = ["failed" if at % 7 == 3 else "completed" for at in range(len(values))]
    columns: dict[str, Sequence[object]] = {
        "trial_id": [f"t{at}" for at in range(len(values))],
        "status": status,
        name: values,
        "width": [chance.choice([8, 16, 32]) for _ in values],
        "val_loss": loss,
        "train_loss": [value / 2 for value in loss],
    }
    return sweep_of(columns, [(name, "hyperparameter"), ("width", "hyperparameter")])


def crowded(parameters: int, issues: int) -> Inspection:
    """Return an inspection of many parameters, some with long, wide and hostile names, and of many issues.

    The k-th parameter makes trials sick with the k-th issue.
    """
    chance = np.random.default_rng(11)
    odd = ["学習率" * 6, "a\x1b[31mred\x07", "x" * 80, "[bold]markup[/]", "`tick`", "tab\tname"]
    names = [*odd, *(f"parameter_{k}" for k in range(parameters - len(odd) - 1))]
    values = chance.random((len(names), TRIALS))
    columns: dict[str, Sequence[object]] = {name: values[k].tolist() for k, name in enumerate(names)}
    columns["words"] = chance.choice(["ä" * 30, "\x9b2J", "学習"], TRIALS).tolist()
    sweep = sweep_of(columns, [(name, "hyperparameter") for name in [*names, "words"]])
    kinds = [entry["issue"] for entry in listing() if entry["scope"] == "trial"][:issues]
    verdicts = {issue: pl.Series(values[k] > 0.5 + 0.02 * k) for k, issue in enumerate(kinds)}
    found = associate(sweep, verdicts, kinds, pl.repeat(False, sweep.trials.height, eager=True))
    counts = [
        IssueCount(issue, issue, "error", "trial", TRIALS, int(sick.sum()), 0.3, 0.2, 0.4, (), True)
        for issue, sick in verdicts.items()
    ]
    sick = pl.select(pl.any_horizontal(list(verdicts.values()))).to_series()
    whole = inspect(sweep)
    ran = whole.coverage.with_columns(state=pl.lit("ran"), assessable=pl.lit(TRIALS, pl.UInt32))
    return replace(
        whole, sick=sick, verdicts=verdicts, issues=tuple(counts), coverage=ran, causes=found.causes,
        not_causes=found.not_causes, leads=found.leads, buckets=found.buckets,
    )  # fmt: skip
