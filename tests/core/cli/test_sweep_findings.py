"""`hpi inspect` on real sweeps: every finding about the sweep as a whole where it is, and silence where it is not."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from tests.core.cli.running import hpi
from tests.shared_data import DATA, needs_shared

DEEPOBS = DATA / "12_curves" / "deepobs_trials.csv"
HIPLOT = DATA / "01_sweep_csv" / "facebookresearch__hiplot" / "assets" / "data" / "ml1.csv"
CAVE = DATA / "01_sweep_csv" / "automl__DeepCAVE" / "logs" / "DataFrame"


@dataclass(frozen=True)
class Case:
    """A finding, the file (and trials) that have it, what is said of it, and a file that does not have it."""

    issue: str
    path: Path
    evidence: str
    null: Path
    where: str = ""
    null_where: str = ""


CASES = (
    Case("boundary_optimum", DEEPOBS, "lr: 7 of the 14 best at the low end", DEEPOBS,
         "testproblem = fmnist_2c2d", "testproblem = svhn_wrn164"),
    Case("stability_edge", DEEPOBS, "lr: 93.8 % of the trials above 0.08 break down", DEEPOBS,
         "testproblem = cifar10_3c3d and optimizer = GradientDescentOptimizer",
         "testproblem = cifar10_3c3d and optimizer = AdamOptimizer"),
    Case("infeasible_share", DEEPOBS, "15 of 45 trials failed or broke down numerically", DEEPOBS,
         "testproblem = cifar10_3c3d and optimizer = GradientDescentOptimizer",
         "testproblem = cifar10_3c3d and optimizer = AdamOptimizer"),
    Case("seed_noise", DEEPOBS, "ranked by test_losses_final, repetitions of one configuration spread", DEEPOBS,
         "testproblem = tolstoi_char_rnn", "testproblem = quadratic_deep"),
    Case("no_clear_winner", DEEPOBS, "1 configuration cannot be told from the best", DEEPOBS,
         "testproblem = fmnist_vae", "testproblem = mnist_vae"),
    Case("adaptive_drift", HIPLOT, "drift with row: embedding_size", DEEPOBS),
    Case("collinear_parameters", DEEPOBS, "num_epochs and batch_size", HIPLOT),
    Case("undersampled", CAVE / "run_1" / "trials.csv", "20 trials for 4 hyperparameters", DEEPOBS),
)  # fmt: skip


def _told(path: Path, where: str, home: Path) -> tuple[dict[str, str], str]:
    """Return issue -> evidence of what is said of the sweep as a whole, and the page."""
    options = ("--where", where) if where else ()
    page, plain = (hpi("inspect", path, *options, *more, home=home) for more in ((), ("--json",)))
    assert page.returncode == plain.returncode == 0, plain.stderr
    issues = json.loads(plain.stdout)["issues"]
    return {i["issue"]: i["evidence"] for i in issues if i["scope"] == "sweep"}, " ".join(page.stdout.decode().split())


@needs_shared
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.issue)
def test_a_real_sweep_has_it_and_another_has_not(case: Case, tmp_path: Path) -> None:
    found, page = _told(case.path, case.where, tmp_path)
    assert found[case.issue].startswith(case.evidence) or case.evidence in found[case.issue]
    assert case.issue in page
    assert case.evidence in page
    none, quiet = _told(case.null, case.null_where, tmp_path)
    assert case.issue not in none
    assert f"{case.issue} " not in quiet


@needs_shared
@pytest.mark.parametrize("issue", ["boundary_optimum", "stability_edge"])
def test_results_dealt_out_anew_have_no_edge(issue: str, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.issue == issue)
    problem = case.where.split(" and ")[0].removeprefix("testproblem = ")
    table = pl.read_csv(case.path, infer_schema_length=None).filter(pl.col("testproblem") == problem)
    if "optimizer" in case.where:
        table = table.filter(pl.col("optimizer") == "GradientDescentOptimizer")
    results = [name for name in table.columns if "loss" in name or "accurac" in name]
    dealt = table.select(results).sample(fraction=1, shuffle=True, seed=1)
    table.with_columns(dealt).write_csv(tmp_path / "dealt.csv")
    assert issue not in _told(tmp_path / "dealt.csv", "", tmp_path)[0]


def test_a_rule_that_flags_the_best_is_set_aside_and_makes_nobody_sick(tmp_path: Path) -> None:
    draw = random.Random(0)
    lines = ["trial_id,lr,epochs,val_loss"]
    for i in range(120):
        short = i < 12
        loss = draw.uniform(0.2, 0.25) if short else draw.uniform(0.4, 0.9)
        lines.append(f"{i},{10 ** draw.uniform(-4, -1):.8f},{3 if short else 50},{loss:.4f}")
    (tmp_path / "sweep.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    summary = json.loads(hpi("inspect", tmp_path / "sweep.csv", "--json", home=tmp_path).stdout)
    issues = {issue["issue"]: issue for issue in summary["issues"]}
    assert "short_run" in issues["undiagnostic_rule"]["evidence"]
    assert not issues["short_run"]["diagnostic"]
    assert summary["trials"]["sick"] == 0
    assert not [cause for cause in summary["causes"] if cause["issue"] == "short_run"]
