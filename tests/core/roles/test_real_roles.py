"""Roles of tables nobody here wrote, as a person who looked at each file would give them."""

from __future__ import annotations

import polars as pl

from hpi_core.roles import RoleHints, infer_roles, normalise_status
from tests.shared_data import DATA, needs_shared


def _read(path: str) -> pl.DataFrame:
    return pl.read_csv(DATA / path, infer_schema_length=None, null_values=["", "None"])


@needs_shared
def test_deepobs_in_detail() -> None:
    table = _read("12_curves/deepobs_trials.csv")
    roles = infer_roles(table, RoleHints())
    assert (roles.group, roles.seed) == ("testproblem", "random_seed")
    assert "train_losses_len" in roles.resources
    pairs = {metric.name: metric.paired_with for metric in roles.metrics}
    assert pairs["test_losses_final"] == "train_losses_final"
    assert pairs["test_accuracies_best"] == "train_accuracies_best"
    lr = next(p for p in roles.hyperparameters if p.name == "lr")
    assert (lr.kind, lr.scale) == ("ordered", "log")
    counts = dict(normalise_status(table, roles, frozenset()).value_counts().iter_rows())
    assert counts == {"completed": 860, "unknown": 220}


@needs_shared
def test_algoperf_in_detail() -> None:
    table = _read("12_curves/algoperf_trials.csv")
    roles = infer_roles(table, RoleHints())
    assert roles.group == "workload"
    names = {p.name for p in roles.hyperparameters}
    assert {name for name in table.columns if name.startswith("hp.")} <= names | set(roles.constants) | set(
        roles.ignored
    )
    pairs = {metric.name: metric.paired_with for metric in roles.metrics}
    assert pairs["validation/ctc_loss"] == "train/ctc_loss"
    assert {"global_step", "total_duration", "train/loss.nonfinite"} <= set(roles.resources)
