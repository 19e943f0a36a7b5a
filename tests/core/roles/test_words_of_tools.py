"""Words that tools and people name columns with, one rule each."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest

from hpi_core.roles import normalise_status
from hpi_core.roles.names import parse
from hpi_core.sweep import Sweep

ROWS = 60


def sweep(**columns: Any) -> Sweep:
    """Return a sweep of a learning rate, a batch size, and the given columns."""
    draw = random.Random(0)
    table = {
        "lr": [10 ** draw.uniform(-5, -1) for _ in range(ROWS)],
        "bs": [draw.choice((16, 32)) for _ in range(ROWS)],
    }
    return Sweep.from_polars(pl.DataFrame(table | columns))


def measured() -> list[float]:
    """Return values as they are measured."""
    draw = random.Random(1)
    return [draw.random() * 30 for _ in range(ROWS)]


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("AUPRC", "max"), ("val/loss_epoch", "min"), ("eval_loss", "min"), ("best_val_acc", "max"), ("score", "max"),
        ("eval/ppl", "min"), ("Val Acc (%)", "max"), ("loss ↓", "min"), ("reward", "max"), ("cost", "min"),
        ("fitness", None), ("objective", None), ("target", None), ("y", None), ("result", None), ("f(x)", None),
    ],
)  # fmt: skip
def test_the_only_measurement_is_the_objective(name: str, direction: str | None) -> None:
    objective = sweep(**{name: measured()}).roles.objective
    assert objective is not None
    assert (objective.metric, objective.direction) == (name, direction)


@pytest.mark.parametrize("name", ["gflop", "gflops", "tflops", "macs", "GMACs", "flops", "metric_params_size"])
def test_what_a_model_costs_is_a_resource(name: str) -> None:
    roles = sweep(**{name: measured()}).roles
    assert (roles.resources, roles.objective) == ((name,), None)


def test_columns_of_weights_and_biases() -> None:
    half = ROWS // 2
    roles = sweep(
        **{
            "Name": [f"fluffy-{k}" for k in range(ROWS)],
            "State": ["finished"] * (ROWS - 10) + ["crashed"] * 10,
            "Notes": ["-"] * ROWS,
            "User": ["bob"] * ROWS,
            "Tags": [""] * ROWS,
            "Created": ["2024-01-01T00:00:00.000Z"] * half + ["2024-02-01T00:00:00.000Z"] * half,
            "Runtime": list(range(ROWS)),
            "Sweep": ["ab12"] * half + ["cd"] * half,
            "GPU Type": ["A100"] * half + ["H100"] * half,
            "GPU Count": [1] * half + [8] * half,
            "Hostname": ["n1"] * half + ["n2"] * half,
            "_step": list(range(ROWS)),
            "_runtime": measured(),
            "_timestamp": [1.7e9 + k for k in range(ROWS)],
            "val/loss_epoch": measured(),
        }
    ).roles
    assert (roles.id, roles.status, roles.group) == ("Name", "State", "Sweep")
    assert [p.name for p in roles.hyperparameters] == ["lr", "bs"]
    assert roles.environment == ("GPU Type", "GPU Count", "Hostname")
    assert set(roles.resources) == {"Runtime", "_step", "_runtime"}
    assert set(roles.time) == {"Created", "_timestamp"}
    assert {"Notes", "User", "Tags"} <= {*roles.text, *roles.ignored}
    assert [metric.name for metric in roles.metrics] == ["val/loss_epoch"]


@pytest.mark.parametrize(("zeros", "low", "scale"), [(0.4, -6, "log"), (0.4, -1, "linear"), (0.0, -6, "log")])
def test_zero_beside_a_log_uniform_weight_decay(zeros: float, low: float, scale: str) -> None:
    draw = random.Random(2)
    values: list[object] = [0.0 if draw.random() < zeros else 10 ** draw.uniform(low, -0.5) for _ in range(ROWS)]
    decay = sweep(weight_decay=values, loss=measured()).roles.hyperparameters[-1]
    assert (decay.name, decay.scale) == ("weight_decay", scale)


def test_zero_or_a_single_value_is_no_scale() -> None:
    decay = sweep(weight_decay=[0.0, 0.0001, 0.1] * (ROWS // 3), loss=measured()).roles.hyperparameters[-1]
    assert decay.scale == "linear"


def test_top_1_before_top_5_and_an_error_before_its_accuracy() -> None:
    top1, top5 = measured(), measured()
    roles = sweep(
        top1=top1,
        top1_err=[100 - v for v in top1],
        top5=top5,
        top5_err=[100 - v for v in top5],
    ).roles
    assert roles.objective is not None
    assert (roles.objective.metric, roles.objective.direction) == ("top1_err", "min")
    only = sweep(**{"acc@5": top5, "acc@1": top1}).roles.objective
    assert only is not None
    assert only.metric == "acc@1"


def test_a_value_that_measures_many_things_ranks_nothing() -> None:
    words: list[object] = ["final_loss", "gradient"] * (ROWS // 2)
    roles = sweep(metric=words, value=measured(), max_abs_error=measured()).roles
    assert roles.objective is None
    assert "metric" in roles.text
    one = sweep(metric=["final_loss"] * ROWS, value=measured()).roles.objective
    assert one is not None
    assert one.metric == "value"


@pytest.mark.parametrize("name", ["Fair (DPD<0.1)", "converged", "is_best", "passed"])
@pytest.mark.parametrize("answers", [("Yes", "No"), (True, False), ("pass", "fail")])
def test_a_verdict_is_no_setting(name: str, answers: tuple[object, object]) -> None:
    roles = sweep(**{name: list(answers) * (ROWS // 2), "loss": measured()}).roles
    assert [p.name for p in roles.hyperparameters] == ["lr", "bs"]
    assert [metric.name for metric in roles.metrics] == ["loss"]


def test_yes_or_no_without_a_verdict_is_a_setting() -> None:
    roles = sweep(shuffle=["yes", "no"] * (ROWS // 2), loss=measured()).roles
    assert "shuffle" in [p.name for p in roles.hyperparameters]


def test_an_unnamed_index_is_no_metric_but_a_headerless_column_is_none() -> None:
    numbers: list[object] = [k % 40 for k in range(ROWS)]
    assert "col_1" in sweep(col_1=numbers, loss=measured()).roles.ignored
    headerless = sweep(col_1=numbers, col_2=measured()).roles
    assert "col_1" not in (*headerless.ignored, headerless.id)


def test_what_was_left_out_on_purpose_has_not_failed() -> None:
    table = sweep(status=["pass"] * 30 + ["skipped"] * 15 + ["unavailable"] * 15, loss=measured())
    statuses = normalise_status(table.trials.drop("_row", "_status"), table.roles, frozenset())
    assert dict(statuses.value_counts().iter_rows()) == {"completed": 30, "pruned": 30}


def test_so_many_per_second_is_a_speed_and_no_phoneme_error_rate() -> None:
    for name in ("eval_samples_per_second", "train_steps_per_second", "tokens_per_sec"):
        metric = parse(name).metric
        assert metric is None or (metric.quantity, metric.direction) != ("per", "min"), name
    for name in ("test/per", "eval_per"):
        metric = parse(name).metric
        assert metric is not None
        assert (metric.quantity, metric.direction) == ("per", "min")
    loss = parse("loss_per_token").metric
    assert loss is not None
    assert loss.quantity == "loss"
