"""Repeats: trials of one configuration are told as trials and tested as one, where they agree."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpi_core.statistics.causes import find_causes
from hpi_core.statistics.findings import CauseFindings
from hpi_core.statistics.inputs import Booleans, Floats, Integers, Issue, Parameter
from hpi_core.statistics.repeats import Repeats

NOBODY = np.zeros(300, dtype=np.bool_)


def _configurations(rng: np.random.Generator, count: int, seeds: int) -> tuple[list[Parameter], Integers, Floats]:
    """Return six parameters of `count` configurations, run with so many seeds each, the configurations, and lr."""
    which = rng.permutation(np.repeat(np.arange(count), seeds))
    lr = 10 ** rng.uniform(-5, 0, count)
    columns: dict[str, Any] = {
        "lr": lr,
        "decay": 10 ** rng.uniform(-6, -1, count),
        "dropout": rng.uniform(0, 0.6, count),
    }
    columns |= {"batch": rng.choice([32.0, 64.0, 128.0], count), "layers": rng.integers(1, 9, count) + 0.0}
    words = rng.choice(["adam", "sgd", "lion"], count)[which].tolist()
    numeric = [Parameter.numeric(name, values[which]) for name, values in columns.items()]
    return [*numeric, Parameter.categorical("optimizer", words)], which, lr


def _found(parameters: list[Parameter], which: Integers, sick: Booleans, rng: np.random.Generator) -> CauseFindings:
    repeats = Repeats.of(which, rng.integers(0, 2**60, len(which)))
    return find_causes(parameters, [Issue("failed", sick, np.ones_like(sick))], repeats=repeats)


def test_innocent_parameters_of_repeated_configurations_are_not_blamed() -> None:
    blamed = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        parameters, which, _ = _configurations(rng, 60, 5)
        found = _found(parameters, which, (rng.random(60) < 0.2)[which], rng)
        blamed += bool(found.causes or found.pairs)
        assert found.caveats[-1] == "300 trials repeat 60 configurations: tests count configurations."
    assert blamed <= 4


def test_a_cause_of_repeated_configurations_is_found_and_told_with_the_counts_of_all_trials() -> None:
    seen = 0
    for seed in range(10):
        rng = np.random.default_rng([seed, 1])
        parameters, which, lr = _configurations(rng, 60, 5)
        truth = np.where(lr > 0.01, 0.9, 0.05)
        sick = (rng.random(60) < truth)[which]
        cause = next((c for c in _found(parameters, which, sick, rng).causes if c.parameter == "lr"), None)
        if cause is None:
            continue
        assert cause.low is not None
        inside = np.asarray(parameters[0].values) > cause.low
        assert (cause.n, cause.sick) == (inside.sum(), sick[inside].sum())
        assert (cause.elsewhere_n, cause.elsewhere_sick) == ((~inside).sum(), sick[~inside].sum())
        assert cause.rows.tolist() == np.flatnonzero(inside & sick).tolist()
        assert cause.rate_low <= cause.rate <= cause.rate_high
        configurations = len(np.unique(which[inside]))
        assert cause.rate_high - cause.rate_low > 1.2 / np.sqrt(configurations) * np.sqrt(cause.rate * (1 - cause.rate))
        seen += 1
    assert seen >= 9


def test_repetitions_that_differ_as_much_as_configurations_count_as_trials() -> None:
    rng = np.random.default_rng(3)
    parameters, which, lr = _configurations(rng, 100, 3)
    sick = rng.random(300) < np.where(lr > 0.01, 0.4, 0.1)[which]
    issue = Issue("failed", sick, np.ones_like(sick))
    repeats = Repeats.of(which, np.arange(300))
    assert repeats is not None
    assert repeats.seen(issue, lr[which] > 0.01) is issue
    assert repeats.seen(Issue("failed", sick[which], issue.assessable), NOBODY).assessable.sum() == 100
    found = find_causes(parameters, [issue], repeats=repeats)
    assert found.caveats[-1].startswith("300 trials repeat 100 configurations, and repetitions differ as much")


def test_one_configuration_run_often_counts_once() -> None:
    which = np.concatenate([np.arange(100), np.full(10, 7)])
    repeats = Repeats.of(which, np.arange(110))
    assert repeats is not None
    sick = which < 20
    kept = repeats.seen(Issue("failed", sick, np.ones(110, dtype=np.bool_)), np.zeros(110, dtype=np.bool_))
    assert np.bincount(which[kept.assessable]).tolist() == [1] * 100


def test_nothing_repeated_is_no_repeats() -> None:
    assert Repeats.of(np.arange(50), np.arange(50)) is None


def test_the_mean_of_every_configuration_stands_at_one_of_its_trials() -> None:
    repeats = Repeats.of(np.array([0, 1, 0, 2, 1]), np.array([2, 1, 1, 0, 0]))
    assert repeats is not None
    means = repeats.means(np.array([1.0, 4.0, 3.0, 5.0, np.nan]))
    assert np.nan_to_num(means, nan=-1).tolist() == [-1, 4, 2, 5, -1]


def test_correlated_trials_are_worth_fewer() -> None:
    rng = np.random.default_rng(5)
    which = np.repeat(np.arange(60), 5)
    repeats = Repeats.of(which, rng.permutation(300))
    assert repeats is not None
    assert round(repeats.worth(rng.random(60)[which])) == 60
    assert 200 < repeats.worth(rng.random(300)) <= 300
