"""Parameters that follow from others are computed, and what is independent is searched."""

from __future__ import annotations

import numpy as np
import pytest

from hpi_core.next_experiment import Plan, plan_next
from tests.core.next_experiment.sweeps import conditional, diverging, inspected, noise


def _related(n: int = 300, seed: int = 0) -> Plan:
    rng = np.random.default_rng(seed)
    lr, batch = 10 ** rng.uniform(-5, 0, n), rng.choice([32, 64, 128, 256], n)
    model = rng.choice(["small", "base", "large"], n)
    return plan_next(
        inspected(
            {
                "lr": lr,
                "log_lr": np.log10(lr),
                "lr2": 2 * lr,
                "cosine_lr": np.sin(np.clip(lr, 0, 1)) ** 3 + lr / 7,
                "batch_size": batch,
                "lr_scaled": lr * batch / 256 * np.exp(rng.normal(0, 0.02, n)),
                "warmup_lr": 0.1 * lr * np.exp(rng.normal(0, 0.05, n)),
                "model": model,
                "width_of_model": [{"small": 128, "base": 256, "large": 512}[word] for word in model],
                "dropout": rng.uniform(0, 0.5, n),
                "val_loss": np.where(lr > 0.1, np.nan, np.abs(np.log10(lr) + 2) + rng.normal(0, 0.1, n)),
            }
        )
    )


def test_what_follows_from_others_is_computed_and_not_searched() -> None:
    plan = _related()
    formulas = {relation.name: relation.formula for relation in plan.relations}
    assert formulas["log_lr"] == "log10(lr)"
    assert formulas["lr2"] == "2 · lr"
    assert formulas["lr_scaled"].endswith("· lr · batch_size")
    assert formulas["warmup_lr"].endswith("· lr")
    assert {"lr", "batch_size", "model", "dropout"} <= {dimension.name for dimension in plan.dimensions}
    searched = [c.values for c in plan.configurations if c.purpose == "search"]
    for values in searched:
        lr, batch = float(values["lr"] or 0), float(values["batch_size"] or 0)
        assert float(values["log_lr"] or 0) == pytest.approx(np.log10(lr), abs=1e-3)
        assert float(values["lr2"] or 0) == pytest.approx(2 * lr, rel=1e-3)
        assert float(values["lr_scaled"] or 0) == pytest.approx(lr * batch / 256, rel=0.02)
        assert float(values["warmup_lr"] or 0) == pytest.approx(lr / 10, rel=0.05)
        assert values["width_of_model"] == {"small": 128, "base": 256, "large": 512}[str(values["model"])]


def test_a_function_without_a_formula_is_left_out_with_a_note() -> None:
    plan = _related()
    relation = next(relation for relation in plan.relations if relation.name == "cosine_lr")
    assert not relation.known
    assert any("cosine_lr is a function of lr" in note for note in plan.notes)
    assert all("cosine_lr" not in c.values for c in plan.configurations if c.purpose == "search")


def test_independent_parameters_are_all_searched() -> None:
    for seed in range(10):
        assert plan_next(noise(n=60, seed=seed), trials=1).relations == ()
    assert plan_next(conditional(), trials=1).relations == ()
    assert plan_next(diverging(), trials=1).relations == ()


def test_correlated_parameters_of_their_own_are_searched_apart() -> None:
    rng = np.random.default_rng(1)
    lr = 10 ** rng.uniform(-4, -1, 200)
    decay = lr * np.exp(rng.normal(0, 1.0, 200))
    plan = plan_next(inspected({"lr": lr, "wd": decay, "val_loss": rng.uniform(size=200)}), trials=1)
    assert plan.relations == ()
