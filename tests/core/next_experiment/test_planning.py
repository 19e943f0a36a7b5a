"""The new space follows what was planted and leaves noise alone; configurations lie in it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpi_core.inspection import Inspection
from hpi_core.next_experiment import Change, Dimension, Plan, plan_next
from hpi_core.next_experiment.design import at
from hpi_core.numerals import number
from tests.core.next_experiment.sweeps import at_the_edge, conditional, diverging, inspected, noise


def _dimension(plan: Plan, name: str) -> Dimension:
    return next(dimension for dimension in plan.dimensions if dimension.name == name)


def _changes(plan: Plan, name: str) -> dict[str, Change]:
    return {change.action: change for change in plan.changes if change.parameter == name}


def _inside(dimension: Dimension, value: object) -> bool:
    if dimension.kind != "range":
        return value in dimension.values
    assert isinstance(value, int | float)
    assert dimension.low is not None
    assert dimension.high is not None
    return dimension.low <= value <= dimension.high or value in dimension.also


def test_a_cause_cuts_where_it_is_told_and_a_probe_lies_beyond() -> None:
    inspection = diverging()
    plan = plan_next(inspection)
    cause = next(c for c in inspection.causes if c.parameter == "lr")
    change = _changes(plan, "lr")["cut"]
    lowest = inspection.sweep.roles.hyperparameters[0].minimum
    assert change.confidence == cause.strength
    assert f"{cause.sick} of {cause.n}" in change.rationale
    assert change.to == f"{number(lowest)} to {number(cause.low)} (log)"
    probe = next(c for c in plan.configurations if c.purpose == "probe")
    assert (cause.threshold_low or 0) < float(probe.values["lr"] or 0) < (cause.threshold_high or 1) * 1.01
    assert "still bad (nonfinite_metric)?" in probe.note
    assert all(float(c.values["lr"] or 0) <= 0.1 for c in plan.configurations if c.purpose != "probe")


def test_the_range_shrinks_to_where_the_best_lie() -> None:
    plan = plan_next(diverging())
    lr = _dimension(plan, "lr")
    assert "shrink" in _changes(plan, "lr")
    assert lr.low is not None
    assert 1e-4 < lr.low < 10**-2.5  # the best lie around 10^-2.5, the sweep began at 1e-5
    assert lr.high is not None
    assert lr.high > 10**-2.5


def test_a_crowded_end_is_moved_out_a_decade_or_to_the_next_value() -> None:
    plan = plan_next(at_the_edge())
    lr = _dimension(plan, "lr")
    change = _changes(plan, "lr")["expand"]
    assert lr.high == pytest.approx(1e-2, rel=0.1)
    assert "high end" in change.rationale
    rng = np.random.default_rng(0)
    width = rng.choice([16, 32, 64, 128], 200)
    loss = -np.log2(width) + rng.normal(0, 0.3, 200)
    wider = _dimension(plan_next(inspected({"width": width, "lr": rng.uniform(size=200), "val_loss": loss})), "width")
    assert 256 in wider.values


def test_nothing_is_expanded_across_a_cut() -> None:
    rng = np.random.default_rng(1)
    lr = 10 ** rng.uniform(-4, 0, 400)
    loss = np.where(lr > 0.1, np.nan, 1 - 0.2 * np.log10(lr / 1e-4) + rng.normal(0, 0.02, 400))
    plan = plan_next(inspected({"lr": lr, "wd": rng.uniform(size=400), "val_loss": loss}))
    assert "expand" not in _changes(plan, "lr")
    assert (_dimension(plan, "lr").high or 1) <= 0.11


def test_a_cut_that_would_take_the_best_trials_is_not_made() -> None:
    rng = np.random.default_rng(2)
    lr = 10 ** rng.uniform(-4, 0, 400)
    fails = (lr > 0.05) & (rng.uniform(size=400) < 0.5)
    loss = np.where(fails, np.nan, 1 - 0.3 * np.log10(lr / 1e-4) + rng.normal(0, 0.02, 400))
    plan = plan_next(inspected({"lr": lr, "wd": rng.uniform(size=400), "val_loss": loss}))
    assert (_dimension(plan, "lr").high or 0) > 0.5
    watched = _changes(plan, "lr")["watch"]
    assert "all 34 best results lie there, so it is not cut" in watched.rationale


def test_a_bad_level_is_dropped_and_one_always_stays() -> None:
    rng = np.random.default_rng(3)
    init = rng.choice(["xavier", "he", "orthogonal"], 300)
    loss = np.where((init == "orthogonal") & (rng.uniform(size=300) < 0.8), np.nan, rng.uniform(size=300))
    plan = plan_next(inspected({"init": init, "lr": rng.uniform(size=300), "val_loss": loss}))
    assert _dimension(plan, "init").values == ("he", "xavier")


def test_what_is_wrong_with_a_value_because_of_another_is_no_reason_to_drop_it() -> None:
    rng = np.random.default_rng(4)
    node = rng.choice(["n1", "n2", "n3"], 300)
    optimizer = np.where(node == "n3", "adam", rng.choice(["adam", "sgd"], 300))
    loss = np.where(node == "n3", np.nan, rng.uniform(size=300))
    plan = plan_next(inspected({"optimizer": optimizer, "lr": rng.uniform(size=300), "node": node, "val_loss": loss}))
    assert "adam" in _dimension(plan, "optimizer").values
    assert any("node = n3" in note for note in plan.notes)


def test_conditions_are_found_and_kept_in_every_configuration() -> None:
    plan = plan_next(conditional(), trials=64)
    momentum = _dimension(plan, "momentum")
    assert momentum.condition is not None
    assert (momentum.condition.parent, momentum.condition.values) == ("optimizer", ("sgd",))
    names = [dimension.name for dimension in plan.dimensions]
    assert names.index("optimizer") < names.index("momentum")
    searched = [c.values for c in plan.configurations if c.purpose == "search"]
    assert all((values["momentum"] is not None) == (values["optimizer"] == "sgd") for values in searched)
    zeros = sum(values["weight_decay"] == 0 for values in searched)
    assert _dimension(plan, "weight_decay").kind == "fixed" or 5 <= zeros <= 35
    assert all(isinstance(values["layers"], int) for values in searched)


def test_repeats_have_seeds_that_were_not_used() -> None:
    rng = np.random.default_rng(5)
    plan = plan_next(
        inspected({"lr": rng.uniform(size=60), "seed": rng.integers(0, 3, 60), "val_loss": rng.uniform(size=60)}),
        repeats=3,
    )
    seeds = [c.values["seed"] for c in plan.configurations if c.purpose == "repeat"]
    assert seeds == list(range(3, 12))


def test_noise_changes_next_to_nothing() -> None:
    changed = []
    for seed in range(25):
        plan = plan_next(noise(seed=seed), trials=4)
        changed.append({c.parameter for c in plan.changes if c.action not in ("keep", "watch")})
    assert sum(len(names) for names in changed) <= 0.05 * 4 * 25 + 5, changed
    assert sum(bool(names) for names in changed) <= 6, changed


@pytest.mark.parametrize("make", [diverging, at_the_edge, conditional, noise])
def test_configurations_lie_in_the_space_are_new_and_the_same_each_time(make: object) -> None:
    assert callable(make)
    inspection: Inspection = make()
    plan, again, other = plan_next(inspection), plan_next(inspection), plan_next(inspection, seed=7)
    assert plan == again
    assert plan.configurations != other.configurations
    searched = [c.values for c in plan.configurations if c.purpose == "search"]
    assert len(searched) == 32
    assert len({tuple(values.items()) for values in searched}) == 32
    for values in searched:
        assert list(values) == [dimension.name for dimension in plan.dimensions]
        for dimension in plan.dimensions:
            assert values[dimension.name] is None or _inside(dimension, values[dimension.name])


def test_points_cover_a_logarithmic_range_evenly() -> None:
    dimension = Dimension("lr", "range", low=1e-6, high=1.0, log=True)
    values = [float(at(dimension, place)) for place in (0.0, 0.5, 1.0)]
    assert values == pytest.approx([1e-6, 1e-3, 1.0])
    whole = Dimension("layers", "range", low=1, high=4, integer=True)
    counts = np.bincount([int(at(whole, place)) for place in np.linspace(0, 0.999, 400)], minlength=5)[1:]
    assert counts.min() >= 95


def test_a_space_of_few_choices_offers_only_what_was_not_run() -> None:
    values = [(a, b) for a in ("x", "y", "z") for b in (1, 2, 3)] * 4
    values = [pair for pair in values if pair != ("z", 3)]
    rng = np.random.default_rng(6)
    inspection = inspected(
        {"a": [a for a, _ in values], "b": [b for _, b in values], "val_loss": rng.uniform(size=len(values))}
    )
    plan = plan_next(inspection)
    searched = [c.values for c in plan.configurations if c.purpose == "search"]
    assert len(searched) <= 1
    assert all(dict(found) == {"a": "z", "b": 3} for found in searched)
    said = "Every configuration" if not searched else "One configuration instead of 32"
    assert any(note.startswith(said) for note in plan.notes)


def test_the_tree_parzen_estimator_asks_in_the_new_space() -> None:
    pytest.importorskip("optuna")
    inspection = conditional()
    plan = plan_next(inspection, sampler="tpe", trials=20)
    searched = [c.values for c in plan.configurations if c.purpose == "search"]
    assert len(searched) == 20
    for values in searched:
        for dimension in plan.dimensions:
            assert values[dimension.name] is None or _inside(dimension, values[dimension.name])
        assert (values["momentum"] is not None) == (values["optimizer"] == "sgd")
    best = [math.log10(float(values["lr"] or 1)) for values in searched[:14]]
    assert np.abs(np.array(best) + 3).mean() < 0.8  # the best lr is 1e-3


def test_odd_sweeps_have_a_plan() -> None:
    odd: list[dict[str, object]] = [
        {"lr": [0.1], "val_loss": [0.5]},
        {"lr": [0.1, 0.2], "val_loss": [float("nan"), float("nan")]},
        {"opt": [f"o{i}" for i in range(60)], "val_loss": [i / 60 for i in range(60)]},
        {"lr": [float("inf"), 0.1, 0.2] * 10, "val_loss": [i / 30 for i in range(30)]},
    ]
    for columns in odd:
        plan = plan_next(inspected(columns), trials=4)
        assert plan.changes or plan.notes
