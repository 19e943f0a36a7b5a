"""A true case of every issue of final metrics, by `hpi inspect --json` on real files of other people.

Where no file at hand has the issue, a real table is changed as little as will do it; the change stands in the case.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import hpi_core
from hpi_core.detectors.catalogue import catalogue
from tests.core.cli.running import hpi
from tests.shared_data import DATA, needs_shared

pytestmark = needs_shared

DEEPOBS = "12_curves/deepobs_trials.csv"
ALGOPERF = "12_curves/algoperf_trials.csv"
MANIFOLDS = "01_sweep_csv/sdbuch__thinky-manifolds/wandb_results.csv"
CAVE = "01_sweep_csv/automl__DeepCAVE/logs/DataFrame/run_2/trials.csv"
FAIR = "10_fairness/algofairness__fairness-comparison"
GAUSSIANS = f"{FAIR}/fairness/results/two-gaussians_sensitive-attr_numerical-binsensitive.csv"
GERMAN = f"{FAIR}/fairness/results/before-rerun/german_age_numerical-binsensitive.csv"
ADULT = f"{FAIR}/fairness/results/before-rerun/adult_race_numerical-binsensitive.csv"
SAMPLED = f"{FAIR}/analysis/correlation-vis/all_sampled_0.5class_0.5priv.csv"
NAS = "02_hpo_bench/*/src/blackbox/offline_evaluations/nas_bench102.csv.zip"
ALPACA = "05_wandb/0-KaiKai-0__stanford_alpaca"
QSAR = "04_optuna/Medicine-Artificial-Intelligence__ProQSAR/example.db"


@dataclass(frozen=True)
class Case:
    """What one issue of one file must look like: severity, trials flagged, the first of them, the first one's evidence.

    `options` are further arguments of the command; `scope` is the issue's.
    """

    issue: str
    path: str
    severity: str
    count: int
    evidence: str
    trials: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    scope: str = "trial"


# As the files are. Evidence was looked up in them by eye.
REAL = (
    Case("nonfinite_metric", DEEPOBS, "error", 220, "test_losses_final is NaN", ("0", "1", "8", "9")),
    Case(
        "stuck_at_chance", DEEPOBS, "error", 68,
        "test_accuracies_final is 0.09986, that of guessing among 10 classes (1 in 10)", ("135", "136", "137"),
    ),
    Case(
        "exploded_metric", DEEPOBS, "error", 9,
        "test_losses_final 21350000; half of the trials are at most 2.493", ("158", "828", "834"),
    ),
    Case(
        "infeasible_share", DEEPOBS, "warn", 1, "229 of 1,080 trials failed or broke down numerically", scope="sweep"
    ),
    Case(
        "overfit_gap", NAS, "warn", 32,
        "metric_train_accuracy is better than metric_test_accuracy by 12.3 points; half of the trials: 7.44",
        ("123", "780", "1065"), ("--where", "task = cifar10"),
    ),
    Case(
        "val_better_than_train", NAS, "info", 2,
        "metric_test_accuracy is better than metric_train_accuracy by 9.718 points", ("3426", "4101"),
        ("--where", "task = cifar10"),
    ),
    Case(
        "short_run", ALGOPERF, "warn", 9, "global_step 7782; usual here is 36189", ("4122", "4124", "4125"),
        ("--where", "submission = baseline"),
    ),
    Case(
        "most_trials_overfit", MANIFOLDS, "warn", 1,
        "the median of train_accuracy - test_accuracy over 31 trials is 0.131 (bound 0.1)", scope="sweep",
    ),
    Case(
        "identical_results", MANIFOLDS, "warn", 6,
        "all metrics are those of trials with other hyperparameters; their number: 1",
        ("manifold_muon-lr0.1-20251007-021444", "manifold_muon-admm-rho2.0-lr0.1-20251007-012341"),
    ),
    Case(
        "duplicate_configuration", CAVE, "info", 36, "the configuration and seed are shared by 2 trials",
        ("1", "3", "4"),
    ),
    Case("too_good", SAMPLED, "warn", 38, "accuracy is 1, as good as perfect", ("2045", "2046", "2047")),
    Case("majority_class", GERMAN, "warn", 20, "TPR is 1 and TNR 0: one class for everything", ("0", "1", "2")),
    Case(
        "subgroup_disparity", ADULT, "info", 8,
        "F_OAE (range) over 2 groups of sex is 0.1074; group sizes unknown, so not assessable for significance",
        ("0", "1", "2"),
    ),
    Case("failed_run", ALPACA, "error", 13, "the source says failed: KeyboardInterrupt"),
    Case("missing_metric", ALPACA, "error", 1, "completed without train/loss"),
    Case(
        "zombie", QSAR, "warn", 80, "running for 99110 s; 95 % of the completed runs took at most",
    ),
)  # fmt: skip

Change = Callable[[pl.DataFrame], pl.DataFrame]


def _set(column: str, rows: list[int], value: object) -> Change:
    """Overwrite the cells of one column in these rows."""
    chosen = pl.int_range(pl.len()).is_in(rows)
    return lambda table: table.with_columns(pl.when(chosen).then(pl.lit(value)).otherwise(column).alias(column))


def _with(**columns: list[object]) -> Change:
    """Add columns; a list is repeated over the rows."""
    return lambda table: table.with_columns(
        pl.Series(name, [values[i % len(values)] for i in range(table.height)]) for name, values in columns.items()
    )


def _same_for_every_seed(table: pl.DataFrame) -> pl.DataFrame:
    """Give all seeds of a configuration of the first test problem the metrics of the first seed."""
    metrics = [name for name in table.columns if name.endswith("_final")]
    keys = ["testproblem", "optimizer", "lr"]
    first = [pl.col(name).first().over(keys) for name in metrics]
    cifar = table.filter(pl.col("testproblem") == "cifar10_3c3d").select(*keys, "random_seed", "batch_size", *metrics)
    return cifar.with_columns(first)


def _again_with_another_warmup(table: pl.DataFrame) -> pl.DataFrame:
    """Run every trial a second time with another warm-up, which changes nothing."""
    twice = [table.with_columns(pl.lit(steps).alias("warmup_steps")) for steps in (0, 100)]
    return pl.concat([twice[0], twice[1].with_columns(pl.col("run_name") + "-again")])


# A real table, a change, and what must be found then and was not before.
DERIVED: tuple[tuple[Case, Change], ...] = (
    (
        Case(
            "timeout", MANIFOLDS, "error", 1, "the source says TIMEOUT",
            ("manifold_muon-admm-rho2.0-lr0.1-20251007-012801",),
        ),
        _set("state", [11], "TIMEOUT"),
    ),
    (
        Case("out_of_memory", MANIFOLDS, "error", 2, "the source says OUT_OF_MEMORY"),
        _set("state", [6, 7], "OUT_OF_MEMORY"),
    ),
    (Case("failed_run", MANIFOLDS, "error", 2, "the source says crashed"), _set("state", [3, 4], "crashed")),
    (Case("missing_metric", MANIFOLDS, "error", 1, "completed without test_loss"), _set("test_loss", [7], None)),
    (Case("nonfinite_metric", MANIFOLDS, "error", 2, "test_loss is inf"), _set("test_loss", [8, 9], float("inf"))),
    (
        Case("exploded_metric", MANIFOLDS, "error", 1, "test_loss 40000000; half of the trials are at most 1.364"),
        _set("test_loss", [10], 4e7),
    ),
    (
        Case("metric_out_of_range", MANIFOLDS, "warn", 1, "test_accuracy is 187, outside 0 to 100"),
        _set("test_accuracy", [11], 187.0),
    ),
    (
        Case("overfit_gap", MANIFOLDS, "warn", 1, "test_loss / train_loss is 6"),
        _set("train_loss", [20], 0.02),
    ),
    (
        Case("seed_ignored", DEEPOBS, "error", 30, "the same metrics for 10 seeds of this configuration"),
        _same_for_every_seed,
    ),
    (
        Case(
            "inert_parameter", MANIFOLDS, "warn", 1,
            "all pairs of trials that differ only in this have the same metrics: warmup_steps (", scope="sweep",
        ),
        _again_with_another_warmup,
    ),
    (
        Case("miscalibrated", MANIFOLDS, "warn", 4, "val_ece is 0.12"),
        _with(val_ece=[0.02, 0.12, 0.03, 0.01, 0.04, 0.03, 0.02, 0.01]),
    ),
    (
        # The rates of the two classes, under the names other tools give them.
        Case("class_imbalance", GAUSSIANS, "warn", 10, "in the worst of 2 classes the wrong share is 1", ("50", "51")),
        lambda table: table.rename({"TPR": "recall_class_1", "TNR": "recall_class_0"}),
    ),
    (
        # Sizes as large as the data set's (48,842 people): now the gap can be told from chance.
        Case(
            "subgroup_disparity", ADULT, "warn", 8,
            "F_OAE (range) over 2 groups of gender is 0.1074; by chance at most ", ("0", "1", "2"),
        ),
        lambda table: table.select(
            "accuracy", pl.col("0-accuracy_2").alias("acc_female"), pl.col("1-accuracy_2").alias("acc_male"),
            pl.lit(16192).alias("n_female"), pl.lit(32650).alias("n_male"),
        ),
    ),
)  # fmt: skip


Issues = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Issues]:
    """Return the issues of a file as it is, each file read once."""
    home = tmp_path_factory.mktemp("home")
    return functools.cache(functools.partial(_issues, home))


def _issues(home: Path, path: Path, *options: str) -> Issues:
    done = hpi("inspect", path, *options, "--json", "--all", home=home)
    assert done.returncode == 0, done.stderr
    return {issue["issue"]: issue for issue in json.loads(done.stdout)["issues"]}


def _path(case: Case) -> Path:
    (path,) = DATA.glob(case.path)
    return path


def _holds(case: Case, found: Issues) -> None:
    issue = found[case.issue]
    assert (issue["severity"], issue["count"], issue["scope"]) == (case.severity, case.count, case.scope)
    assert issue["evidence"].startswith(case.evidence), issue["evidence"]
    assert issue["diagnostic"]
    if case.scope == "trial":
        assert len(issue["trials"]) == case.count
        assert tuple(issue["trials"][: len(case.trials)]) == case.trials


@pytest.mark.parametrize("case", REAL, ids=lambda case: case.issue)
def test_a_real_file_has_it(case: Case, unchanged: Callable[..., Issues]) -> None:
    _holds(case, unchanged(_path(case), *case.options))


@pytest.mark.parametrize(("case", "change"), DERIVED, ids=[case.issue for case, _change in DERIVED])
def test_a_real_table_changed_a_little_has_it(
    case: Case, change: Change, tmp_path: Path, unchanged: Callable[..., Issues]
) -> None:
    trials = hpi_core.read(_path(case)).trials.drop("_row", "_status")
    before = unchanged(_path(case)).get(case.issue)
    assert before is None or before["severity"] == "info"
    table = tmp_path / "changed.csv"
    change(trials).write_csv(table, null_value="")
    _holds(case, _issues(tmp_path, table))


def test_every_issue_of_final_metrics_has_a_case() -> None:
    told = {case.issue for case in REAL} | {case.issue for case, _change in DERIVED}
    assert {*FINAL} == told
    assert told <= {detector.issue for detector in catalogue().detectors}


FINAL = (
    "failed_run", "out_of_memory", "timeout", "zombie", "short_run", "missing_metric", "identical_results",
    "duplicate_configuration", "seed_ignored", "too_good", "val_better_than_train", "nonfinite_metric",
    "exploded_metric", "metric_out_of_range", "overfit_gap", "most_trials_overfit", "majority_class", "class_imbalance",
    "miscalibrated", "stuck_at_chance", "inert_parameter", "infeasible_share", "subgroup_disparity",
)  # fmt: skip
