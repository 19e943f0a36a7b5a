"""Pairs: an AND is found as what it is; causes that act alone, noise and adaptive sweeps yield none."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import hpi_core
from hpi_core.statistics.binning import in_range
from hpi_core.statistics.causes import find_causes
from hpi_core.statistics.inputs import Booleans, Floats, Groups, Issue, Parameter
from hpi_core.statistics.pairs import score, standardised
from tests.bench.causes.sweeps import innocents, noise, strata

N = 1000


def _issue(rng: np.random.Generator, rate: Floats) -> Issue:
    return Issue("sick", rng.random(len(rate)) < rate, np.ones(len(rate), dtype=np.bool_))


def _two(rng: np.random.Generator, n: int = N) -> tuple[list[Parameter], Booleans, Booleans]:
    lr, width = 10 ** rng.uniform(-5, 0, n), rng.random(n)
    return [Parameter.numeric("lr", lr), Parameter.numeric("width", width), *innocents(rng, n)], lr > 0.01, width > 0.6


def test_two_conditions_that_only_act_together_are_found_and_counted() -> None:
    rng = np.random.default_rng(2)
    parameters, hot, wide = _two(rng)
    issue = _issue(rng, np.where(hot & wide, 0.8, 0.05))
    (pair,) = find_causes(parameters, [issue]).pairs
    assert pair.parameters == ("lr", "width")
    assert [part.kind for part in pair.conditions] == ["above", "above"]
    assert pair.conditions[0].low == pytest.approx(0.01, rel=0.3)
    assert pair.conditions[1].low == pytest.approx(0.6, abs=0.05)
    lr, width = (np.asarray(parameters[i].values, dtype=np.float64) for i in (0, 1))
    first, second = (in_range(x, part.low, part.high) for x, part in zip((lr, width), pair.conditions, strict=True))
    places = (first & second, first & ~second, ~first & second, ~first & ~second)
    cells = (pair.both, pair.first_only, pair.second_only, pair.neither)
    for inside, cell in zip(places, cells, strict=True):
        assert (cell.n, cell.sick) == (int(inside.sum()), int((inside & issue.sick).sum()))
    assert pair.both.rate_low <= 0.8 <= pair.both.rate_high
    assert np.array_equal(pair.rows, np.flatnonzero(first & second & issue.sick))
    assert pair.carries == ("lr", "width")
    typed = [eval(pair.text, {}, {"lr": a, "width": b}) for a, b in zip(lr.tolist(), width.tolist(), strict=True)]
    assert np.array_equal(first & second, typed)


def test_a_level_and_a_range_can_be_a_pair() -> None:
    rng = np.random.default_rng(1)
    parameters, hot, _ = _two(rng)
    optimizer = next(p for p in parameters if p.name == "optimizer")
    sgd = np.asarray(optimizer.values) == optimizer.levels.index("sgd")
    (pair,) = find_causes(parameters, [_issue(rng, np.where(hot & sgd, 0.8, 0.05))]).pairs
    assert set(pair.parameters) == {"lr", "optimizer"}
    assert "optimizer = sgd" in pair.text


def test_two_causes_that_each_act_alone_are_no_pair() -> None:
    found = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        parameters, hot, wide = _two(rng)
        rate = 1 - (1 - np.where(hot, 0.6, 0.03)) * (1 - np.where(wide, 0.5, 0.0))
        result = find_causes(parameters, [_issue(rng, rate)])
        assert {cause.parameter for cause in result.causes} >= {"lr", "width"}
        found += bool(result.pairs)
    assert found <= 1


def test_noise_yields_no_pair() -> None:
    found = 0
    for seed in range(40):
        sweep = noise(np.random.default_rng(seed), 400)
        found += bool(find_causes(sweep.parameters, sweep.issues).pairs)
    assert found <= 1


def test_a_copy_is_no_second_condition() -> None:
    rng = np.random.default_rng(2)
    lr = 10 ** rng.uniform(-5, 0, N)
    parameters = [Parameter.numeric("lr", lr), Parameter.numeric("copy", lr * 2), Parameter.numeric("x", rng.random(N))]
    assert find_causes(parameters, [_issue(rng, np.where(lr > 0.03, 0.9, 0.05))]).pairs == ()


@pytest.mark.parametrize("mixed", [False, True])
def test_a_pair_is_found_within_stretches_of_order_and_within_mixed_sweeps(mixed: bool) -> None:
    sweep = strata(np.random.default_rng(3), N, mixed=mixed, kind="and")
    found = find_causes(sweep.parameters, sweep.issues, groups=sweep.groups)
    (pair,) = found.pairs
    assert set(pair.parameters) == {"a", "b"}
    assert pair.adjusted_for == (("task",) if mixed else ("trial order",))
    assert any("pairs of them were tested within" in caveat for caveat in found.caveats)


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("kind", ["alone", "or"])
def test_strata_alone_make_no_pair(mixed: bool, kind: str) -> None:
    found = 0
    for seed in range(6):
        sweep = strata(np.random.default_rng(seed), 500, mixed=mixed, kind=kind)
        found += bool(find_causes(sweep.parameters, sweep.issues, groups=sweep.groups).pairs)
    assert found == 0


def test_pairs_that_strata_leave_too_few_trials_for_are_not_tested_and_that_is_said() -> None:
    rng = np.random.default_rng(3)
    sweep = strata(rng, 300, mixed=True, kind="and")
    groups = Groups.of("task", [f"task {k}" for k in rng.integers(0, 15, 300)])
    found = find_causes(sweep.parameters, sweep.issues, groups=groups)
    assert found.pairs == ()
    assert any("Pairs of parameters were not tested: the trials are too few" in caveat for caveat in found.caveats)


def test_one_stratum_is_no_stratum_and_equal_strata_add_up() -> None:
    rng = np.random.default_rng(0)
    n = rng.integers(30, 90, (4, 5)).astype(np.float64)
    a = np.floor(n * rng.random((4, 5)))
    assert np.array_equal(standardised([n], [a])[0], n)
    trials, sick = standardised([n, n, n], [a, a, a])
    assert trials == pytest.approx(3 * n)
    assert sick == pytest.approx(3 * a)
    lacking = np.where(np.arange(4)[:, None] == 2, 0.0, n)
    assert standardised([n, lacking], [a, np.minimum(a, lacking)])[0] == pytest.approx(n)


def test_the_score_is_its_formula_and_judges_no_small_cell() -> None:
    n = np.array([[60.0, 60], [80, 19], [70, 70], [200, 200]])
    a = np.array([[14.0, 14], [8, 2], [5, 5], [10, 10]])
    rate = (a[:, 0] + 0.5) / (n[:, 0] + 1)
    expected = 1 - (1 - rate[1]) * (1 - rate[2]) / (1 - rate[3])
    others = (rate[1:] / (n[1:, 0] * (1 - rate[1:]))).sum()
    error = math.sqrt(expected * (1 - expected) / n[0, 0] + (1 - expected) ** 2 * others)
    assert score(n, a)[0] == pytest.approx((rate[0] - expected) / error)
    assert np.isnan(score(n, a)[1])


@pytest.mark.parametrize("n", [2, 30, 100])
def test_few_trials_have_no_pairs_and_never_crash(n: int) -> None:
    rng = np.random.default_rng(n)
    parameters, hot, wide = _two(rng, n)
    constant = [Parameter.numeric("one", np.ones(n)), Parameter.categorical("word", ["a"] * n)]
    assert find_causes([*parameters, *constant], [_issue(rng, np.where(hot & wide, 0.5, 0.2))]).pairs == ()


def test_a_box_of_which_every_trial_is_sick_is_found_in_the_demo() -> None:
    demo = hpi_core.inspect(hpi_core.read(Path(hpi_core.__file__).parent / "demo" / "sweep.csv"))
    pair = next(pair for pair in demo.pairs if pair.issue == "failed_run")
    assert set(pair.parameters) == {"width", "init"}
    assert (pair.both.sick, pair.both.n, pair.first_only.sick, pair.second_only.sick, pair.neither.sick) == (
        37,
        37,
        0,
        0,
        0,
    )
