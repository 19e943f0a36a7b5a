"""Roles of tables nobody here wrote, as a person who looked at each file would give them."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl
import pytest

from hpi_core.roles import Objective, RoleHints, infer_roles, normalise_status
from tests.shared_data import DATA, needs_shared


class Expected(NamedTuple):
    """What one file's columns are; `hyperparameters` None where they are too many to list."""

    id: str | None
    status: str | None
    hyperparameters: set[str] | None
    objective: Objective | None


_CAVE = "01_sweep_csv/automl__DeepCAVE/logs/DataFrame"
_FAIR = "10_fairness/algofairness__fairness-comparison/fairness/results"
_TIMM = "01_sweep_csv/huggingface__pytorch-image-models/results"
_FORT = "01_sweep_csv/lazy-fortran__fortml-bench/results"
_ACCURACY = "metric:accuracy [0.0; 1.0] (maximize)"
_FILES = {
    "01_sweep_csv/UBC-MDS__DSCI522_group17/results/cv_results.csv": Expected(
        "", None, set(), Objective("test_score", "max")
    ),
    "01_sweep_csv/UBC-MDS__DSCI522_group17/results/tuned_cv_results.csv": Expected(
        "", None, set(), Objective("test_score", "max")
    ),
    f"{_CAVE}/run_1/trials.csv": Expected(
        "config_id",
        "status",
        {"alpha", "batch_size", "depth", "learning_rate_init"},
        Objective("metric:normal [0.0; 1.0] (maximize)", "max", "source"),
    ),
    # The same configuration runs again at higher budgets, so its number is not the trial's.
    f"{_CAVE}/run_2/trials.csv": Expected(
        None, "status", {"max_samples", "n_estimators"}, Objective(_ACCURACY, "max", "source")
    ),
    f"{_CAVE}/run_3/trials.csv": Expected(
        "config_id",
        "status",
        {"criterion", "max_features", "n_estimators", "SimpleImputer_strategy"},
        Objective(_ACCURACY, "max", "source"),
    ),
    "01_sweep_csv/facebookresearch__hiplot/assets/data/ml1.csv": Expected(
        "uid", None, {"dropout", "embedding_size", "lr"}, Objective("valid ppl", "min")
    ),
    f"{_TIMM}/benchmark-train-amp-nchw-pt112-cu113-rtx3090.csv": Expected(
        "model", None, {"train_batch_size", "train_img_size"}, None
    ),
    # Top-1 and top-5 error tie.
    f"{_TIMM}/results-imagenet.csv": Expected(None, None, {"img_size", "crop_pct", "interpolation"}, None),
    f"{_TIMM}/results-sketch.csv": Expected(None, None, {"img_size", "crop_pct", "interpolation"}, None),
    f"{_FORT}/mlp_minibatch_adam_hypergradient.csv": Expected(None, "status", None, Objective("max_abs_error", "min")),
    f"{_FORT}/training_imputer.csv": Expected(None, "status", None, Objective("max_abs_error", "min")),
    "01_sweep_csv/sdbuch__thinky-manifolds/wandb_results.csv": Expected(
        "run_name", "state", {"manifold_steps", "admm_rho"}, Objective("test_loss", "min")
    ),
    "02_hpo_bench/pypi__lcdb/database-accuracy.first6000rows.csv": Expected(
        None, None, {"learner", "size_train"}, Objective("score_valid", "max")
    ),
    f"{_FAIR}/ZafarFairness-DIavgall_german_age_numerical-binsensitive.csv": Expected(
        None, None, set(), Objective("accuracy", "max")
    ),
    f"{_FAIR}/before-rerun/adult_race_numerical-binsensitive.csv": Expected(
        "run-id", None, set(), Objective("accuracy", "max")
    ),
    f"{_FAIR}/before-rerun/german_age_numerical-binsensitive.csv": Expected(
        None, None, {"algorithm"}, Objective("accuracy", "max")
    ),
    f"{_FAIR}/two-gaussians_sensitive-attr_numerical-binsensitive.csv": Expected(
        None, None, {"algorithm"}, Objective("accuracy", "max")
    ),
    "10_fairness/algofairness__fairness-comparison/analysis/correlation-vis/all_sampled_0.5class_0.5priv.csv": Expected(
        None, None, {"algorithm"}, Objective("accuracy", "max")
    ),
    "10_fairness/nagendran-84__LJMU-MSML/results/fairness_metrics.csv": Expected("Model", None, None, None),
    "10_fairness/sanjaybasu__healthcare-world-model/results/fairness_results.csv": Expected("", None, set(), None),
    # Speech workloads have only a CTC loss, the others only a plain loss: which to rank by must be asked.
    "12_curves/algoperf_trials.csv": Expected("trial_id", None, None, None),
    "12_curves/deepobs_trials.csv": Expected(
        "trial_id",
        None,
        {"optimizer", "num_epochs", "batch_size", "beta1", "beta2", "epsilon", "lr", "momentum", "use_nesterov"},
        Objective("test_losses_final", "min"),
    ),
}


def _read(path: str) -> pl.DataFrame:
    return pl.read_csv(DATA / path, infer_schema_length=None, null_values=["", "None"])


@needs_shared
@pytest.mark.parametrize("path", _FILES)
def test_roles_of_a_real_file(path: str) -> None:
    expected = _FILES[path]
    table = _read(path)
    roles = infer_roles(table, RoleHints())
    assert (roles.id, roles.status, roles.objective) == (expected.id, expected.status, expected.objective)
    if expected.hyperparameters is not None:
        assert {p.name for p in roles.hyperparameters} == expected.hyperparameters


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
