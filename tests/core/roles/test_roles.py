"""Roles by example: the tools' own exports, objective and ties, directions, overrides, parameter kinds and scales."""

from __future__ import annotations

import polars as pl
import pytest

from hpi_core.errors import UsageError
from hpi_core.roles import Objective, RoleHints, RoleOverrides, Roles, infer_roles
from hpi_core.roles.names import parse


def _roles(columns: dict[str, list[object]], overrides: RoleOverrides | None = None) -> Roles:
    return infer_roles(pl.DataFrame(columns, strict=False), RoleHints(), overrides)


def _names(roles: Roles) -> list[str]:
    return [parameter.name for parameter in roles.hyperparameters]


def test_an_optuna_study() -> None:
    roles = _roles(
        {
            "number": [0, 1, 2],
            "value": [0.5, 0.25, 0.75],
            "datetime_start": ["2024-01-01 10:00:00", "2024-01-01 11:00:00", "2024-01-01 12:00:00"],
            "duration": [1.5, 2.5, 3.5],
            "params_lr": [0.1, 0.01, 0.001],
            "params_seed": [1, 2, 3],
            "user_attrs_note": ["a", "b", "c"],
            "system_attrs_grid": [1, 2, 3],
            "state": ["COMPLETE", "FAIL", "PRUNED"],
        }
    )
    assert (roles.id, roles.status, roles.seed) == ("number", "state", "params_seed")
    assert _names(roles) == ["params_lr"]
    assert roles.objective == Objective("value", None)
    assert (roles.resources, roles.time, roles.text) == (("duration",), ("datetime_start",), ("user_attrs_note",))
    assert roles.ignored == ("system_attrs_grid",)


def test_a_weights_and_biases_table() -> None:
    roles = _roles(
        {
            "Name": ["brisk-sun-1", "calm-sea-2", "deep-wood-3"],
            "State": ["finished", "crashed", "running"],
            "Created": ["2024-05-01T10:00:00Z", "2024-05-01T10:00:01Z", "2024-05-01T10:00:02Z"],
            "Runtime": [100, 200, 300],
            "Hostname": ["n1", "n2", "n1"],
            "config/lr": [0.1, 0.2, 0.3],
            "val/loss": [1.5, 0.5, 0.25],
            "loss": [1.0, 0.25, 0.125],
            "val/acc": [0.5, 0.75, 0.8],
            "_step": [10, 20, 30],
            "_timestamp": [1.7e9, 1.7e9 + 1, 1.7e9 + 2],
        }
    )
    assert (roles.id, roles.status) == ("Name", "State")
    assert roles.environment == ("Hostname",)
    assert roles.resources == ("Runtime", "_step")
    assert roles.time == ("Created", "_timestamp")
    assert roles.objective == Objective("val/loss", "min")
    pairs = {metric.name: metric.paired_with for metric in roles.metrics}
    assert pairs == {"val/loss": "loss", "loss": "val/loss", "val/acc": None}


def test_mlflow_and_ray() -> None:
    mlflow = _roles(
        {
            "run_id": ["a1", "b2", "c3"],
            "status": ["FINISHED", "FAILED", "KILLED"],
            "start_time": ["2024-01-01", "2024-01-02", "2024-01-03"],
            "params.lr": ["0.1", "0.2", "0.3"],
            "metrics.val_auc": [0.5, 0.6, 0.7],
            "tags.mlflow.user": ["x", "x", "y"],
        }
    )
    assert (mlflow.id, mlflow.status, mlflow.objective) == ("run_id", "status", Objective("metrics.val_auc", "max"))
    ray = _roles(
        {
            "trial_id": ["a_0", "a_1", "a_2"],
            "training_iteration": [5, 10, 10],
            "time_total_s": [1.5, 2.5, 3.5],
            "pid": [1, 2, 3],
            "hostname": ["n1", "n2", "n1"],
            "node_ip": ["10.0.0.1", "10.0.0.2", "10.0.0.1"],
            "config/lr": [0.1, 0.2, 0.3],
            "mean_accuracy": [0.5, 0.6, 0.7],
        }
    )
    assert ray.id == "trial_id"
    assert ray.environment == ("pid", "hostname", "node_ip")
    assert ray.resources == ("training_iteration", "time_total_s")
    assert ray.objective == Objective("mean_accuracy", "max")


@pytest.mark.parametrize(
    ("name", "quantity", "direction", "split"),
    [
        ("val_loss", "loss", "min", "val"),
        ("validation/ctc_loss", "loss", "min", "val"),
        ("testAccuracy", "accuracy", "max", "test"),
        ("eval/rouge-l f1", "f1", "max", "val"),
        ("neg_mean_squared_error", "error", "max", None),
        ("1-accuracy", "accuracy", "min", None),
        ("val_dice_loss", "loss", "min", "val"),
        ("metric:speed [0.0; inf] (minimize)", "speed", "min", None),
        ("recall@5", "recall", "max", None),
        ("val_kl_reward", "reward", None, "val"),
        ("dev.wer", "wer", "min", "val"),
        ("top1_err", "error", "min", None),
    ],
)
def test_what_a_metric_name_says(name: str, quantity: str, direction: str | None, split: str | None) -> None:
    roles = _roles({"lr": [0.1, 0.2, 0.3], name: [0.123, 0.456, 0.789]})
    (metric,) = roles.metrics
    assert (metric.quantity, metric.direction, metric.split) == (quantity, direction, split)


@pytest.mark.parametrize(
    ("metrics", "objective"),
    [
        (["train_loss", "val_loss", "test_loss"], Objective("val_loss", "min")),
        (["test_accuracy", "test_loss"], Objective("test_loss", "min")),
        (["val_accuracy", "test_loss"], Objective("val_accuracy", "max")),
        (["val_rmse", "val_accuracy"], Objective("val_rmse", "min")),
        (["val_loss", "val_loss_best"], Objective("val_loss", "min")),
        (["val_loss", "val/ctc_loss"], Objective("val_loss", "min")),
        (["val/box_loss", "val/ctc_loss"], None),
        (["values_0", "values_1"], None),
        (["val_f1", "val_auc"], None),
        (["accuracy", "accuracy_std"], Objective("accuracy", "max")),
    ],
)
def test_the_objective(metrics: list[str], objective: Objective | None) -> None:
    columns: dict[str, list[object]] = {name: [0.12 + i, 0.34, 0.56] for i, name in enumerate(metrics)}
    assert _roles({"params_lr": [0.1, 0.2, 0.3], **columns}).objective == objective


def test_a_qualified_metric_that_stands_in_for_the_plain_one_is_a_tie() -> None:
    roles = _roles({"params_lr": [0.1, 0.2], "val_loss": [0.5, None], "val/ctc_loss": [None, 0.75]})
    assert roles.objective is None


def test_settings_that_sound_like_metrics() -> None:
    names = [
        "loss_weight",
        "score_threshold",
        "max_grad_norm",
        "kl_coef",
        "eval_batch_size",
        "learning_rate",
        "label_smoothing",
    ]
    roles = _roles({"val_loss": [0.31, 0.32, 0.33], **{name: [0.1 * i + 1, 2.0, 4.0] for i, name in enumerate(names)}})
    assert _names(roles) == names


def test_epochs_that_ran_are_a_resource_and_epochs_that_were_set_are_not() -> None:
    roles = _roles(
        {"epochs": [5, 10, 10], "num_epochs": [10, 10, 20], "manifold_steps": [1, 5, 1], "lr": [0.1, 0.2, 0.3]}
    )
    assert roles.resources == ("epochs",)
    assert "num_epochs" in _names(roles)


def test_one_value_is_a_constant_and_no_value_is_ignored() -> None:
    roles = _roles({"params_lr": [0.1, 0.1], "params_wd": [None, None], "val_loss": [0.5, 0.25], "acc": [1.0, 1.0]})
    assert roles.constants == ("params_lr", "acc")
    assert roles.ignored == ("params_wd",)


def test_kinds_scales_and_counts() -> None:
    n = 60
    roles = _roles(
        {
            "params_lr": [10 ** (-5 + 5 * i / (n - 1)) for i in range(n)],
            "params_dropout": [i / n for i in range(n)],
            "params_units": [2 ** (4 + i % 8) for i in range(n)],
            "params_opt": [["adam", "sgd", None][i % 3] for i in range(n)],
            "params_rho": [float("nan") if i % 2 else 1.0 + i % 4 for i in range(n)],
        }
    )
    found = {p.name: (p.kind, p.scale, p.distinct, p.missing) for p in roles.hyperparameters}
    assert found == {
        "params_lr": ("ordered", "log", 60, 0),
        "params_dropout": ("ordered", "linear", 60, 0),
        "params_units": ("discrete", "log", 8, 0),
        "params_opt": ("categorical", "linear", 2, 20),
        "params_rho": ("discrete", "linear", 2, 30),
    }


def test_overrides_are_the_last_word() -> None:
    columns: dict[str, list[object]] = {
        "trial_id": ["a", "b"],
        "other": ["c", "d"],
        "lr": [0.1, 0.2],
        "val_loss": [0.3, 0.4],
    }
    roles = _roles(columns, RoleOverrides(objective="lr", direction="max", roles=(("other", "id"),)))
    assert roles.id == "other"
    assert roles.text == ("trial_id",)
    assert roles.objective == Objective("lr", "max", "user")
    assert _names(roles) == []
    with pytest.raises(UsageError, match="val_loss"):
        _roles(columns, RoleOverrides(objective="val_los"))
    with pytest.raises(UsageError, match="not a role"):
        _roles(columns, RoleOverrides(roles=(("lr", "knob"),)))


def test_what_the_source_says_goes_before_names() -> None:
    table = pl.DataFrame({"a": [0.123, 0.2], "b": [1.5, 2.5], "val_loss": [0.5, 0.25]})
    hints = RoleHints(hyperparameters=("b",), metrics=("a",), objective=Objective("a", "max", "source"))
    roles = infer_roles(table, hints)
    assert roles.objective == Objective("a", "max", "source")
    assert _names(roles) == ["b"]


@pytest.mark.parametrize(
    ("name", "quantity", "direction"),
    [
        ("eval_samples_per_second", "throughput", "max"),
        ("train/train_steps_per_second", "throughput", "max"),
        ("tokens_per_sec", "throughput", "max"),
        ("val_loss_per_token", "loss", "min"),
        ("reward_per_step", "reward", "max"),
        ("errors_per_minute", "error", "min"),
        ("test_bits_per_dim", "bits_per_dim", "min"),
        ("per", "per", "min"),  # the phoneme error rate
        ("val_per", "per", "min"),
        ("test/per", "per", "min"),
        ("seconds_per_step", None, None),
        ("num_envs_per_worker", None, None),
        ("n_configs_per_hyperparameter", None, None),
    ],
)
def test_so_much_per_something_is_no_error_rate(name: str, quantity: str | None, direction: str | None) -> None:
    read = parse(name).metric
    assert (None if read is None else (read.quantity, read.direction)) == (quantity and (quantity, direction))


def test_a_pace_is_never_what_a_sweep_is_ranked_by() -> None:
    table = pl.DataFrame(
        {"run": ["a", "b", "c"], "eval_samples_per_second": [9.1, 8.2, 7.3], "lr": [0.1, 0.2, 0.3],
         "cur_kl_coeff": [0.11, 0.12, 0.13], "train_loss": [1.1, 0.9, 0.8]}
    )  # fmt: skip
    metrics = ("eval_samples_per_second", "cur_kl_coeff", "train_loss", "lr")
    roles = infer_roles(table, RoleHints(id="run", metrics=metrics))
    assert roles.objective is not None
    assert roles.objective.metric == "train_loss"
    assert {metric.name: metric.direction for metric in roles.metrics}["cur_kl_coeff"] is None
    alone = infer_roles(table.drop("train_loss"), RoleHints(id="run", metrics=metrics[:2]))
    assert alone.objective is None


@pytest.mark.parametrize("name", ["learning_rate", "dead_fraction", "seed", "gpu", "optimizer"])
def test_what_runs_reported_was_never_chosen(name: str) -> None:
    values = [f"o{n % 2}" for n in range(6)] if name == "optimizer" else [0.1 * n for n in range(6)]
    table = pl.DataFrame({"run": range(6), "val_loss": [0.51, 0.42, 0.33, 0.24, 0.15, 0.16], name: values})
    roles = infer_roles(table, RoleHints(reported=(name,)))
    assert roles.hyperparameters == ()
    assert name not in roles.environment
    assert (name in {metric.name for metric in roles.metrics}) == (name != "optimizer")
