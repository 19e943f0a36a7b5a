"""Each number of importance against a null in which nothing matters and a truth that was planted."""

from __future__ import annotations

import numpy as np
import pytest

from hpi_core.statistics.binning import code_trials
from hpi_core.statistics.inputs import Floats, Parameter
from hpi_core.statistics.replicates import replication, shrunken
from hpi_core.statistics.top_decile import best_of, cells_of, divergence_score, importance_of_top, top_share
from hpi_core.statistics.variance_share import (
    joint_share,
    noise_quantile,
    ranks,
    ranks_within,
    share_codes,
    variance_share,
)


def _parameters(rng: np.random.Generator, n: int) -> list[Parameter]:
    return [
        Parameter.numeric("continuous", rng.uniform(size=n)),
        Parameter.numeric("discrete", rng.integers(0, 5, n).astype(np.float64)),
        Parameter.categorical("words", list(rng.choice(list("abcd"), n))),
        Parameter.numeric("mass", np.where(rng.uniform(size=n) < 0.3, 0.0, rng.uniform(size=n))),
    ]


@pytest.mark.parametrize("n", [40, 150, 600])
def test_parameters_that_do_nothing_are_rarely_said_to_matter(n: int) -> None:
    rng = np.random.default_rng(n)
    everybody = np.ones(n, dtype=np.bool_)
    beyond = {"variance": 0, "top": 0, "failing": 0}
    tried = 0
    for _ in range(40):
        result, sick = rng.normal(size=n), (rng.uniform(size=n) < 0.2).astype(np.float64)
        top = best_of(result, top_share(n))
        for parameter in _parameters(rng, n):
            codes = share_codes(code_trials(parameter), everybody)
            shares = variance_share(*codes, ranks(result)), variance_share(*codes, sick)
            made = importance_of_top(cells_of(parameter, everybody, top, False), rng)
            tried += 1
            for name, share in zip(("variance", "failing", "top"), (*shares, made), strict=True):
                beyond[name] += share is not None and share.low > 0
    assert max(beyond.values()) / tried <= 0.1, beyond


def test_the_band_of_noise_holds_the_largest_of_many_parameters() -> None:
    rng = np.random.default_rng(3)
    n, parameters, beyond = 200, 10, 0
    for _ in range(300):
        result = ranks(rng.normal(size=n))
        codes = rng.integers(0, 16, (parameters, n))
        shares = [variance_share(row, np.ones(n, dtype=np.bool_), result, parameters) for row in codes]
        beyond += max(share.score for share in shares if share) > noise_quantile(16, n, parameters)
    assert 0.02 <= beyond / 300 <= 0.09


def _planted(rng: np.random.Generator, n: int) -> tuple[list[Parameter], Floats]:
    x = rng.uniform(size=(n, 4))
    result = 2 * x[:, 0] + 0.8 * x[:, 1] + rng.normal(0, 0.3, n)
    return [Parameter.numeric(f"x{i}", x[:, i]) for i in range(4)], result


def test_planted_effects_are_found_in_their_order_and_of_their_size() -> None:
    rng = np.random.default_rng(5)
    found = np.zeros(4)
    covered = 0
    # The shares of 100,000 trials stand for the truth.
    parameters, result = _planted(rng, 100_000)
    everybody = np.ones(100_000, dtype=np.bool_)
    truth = [variance_share(*share_codes(code_trials(p), everybody), ranks(result)) for p in parameters]
    for _ in range(40):
        parameters, result = _planted(rng, 200)
        everybody = np.ones(200, dtype=np.bool_)
        for i, parameter in enumerate(parameters):
            share, true = variance_share(*share_codes(code_trials(parameter), everybody), ranks(result)), truth[i]
            assert share is not None
            assert true is not None
            found[i] += share.low > 0
            covered += share.low <= true.score <= share.high
    assert found[0] == 40
    assert found[1] >= 20
    assert found[2] + found[3] <= 8
    assert covered / 160 >= 0.85


def test_top_decile_importance_tells_the_parameter_that_decides() -> None:
    rng = np.random.default_rng(6)
    n = 500
    parameters, result = _planted(rng, n)
    top = best_of(result, 0.1)
    everybody = np.ones(n, dtype=np.bool_)
    scores = [divergence_score(cells_of(p, everybody, top, False)) for p in parameters]
    assert scores[0] > 3 * max(scores[2:])
    alone = divergence_score(cells_of(parameters[0], everybody, best_of(np.asarray(parameters[0].values), 0.1), False))
    assert 0.6 < alone <= 1.05  # decides alone: about 1, less what the kernel smooths


def test_zero_on_a_logarithmic_scale_is_a_regime_of_its_own() -> None:
    rng = np.random.default_rng(8)
    n = 400
    values = np.where(rng.uniform(size=n) < 0.3, 0.0, 10 ** rng.uniform(-5, -1, n))
    everybody = np.ones(n, dtype=np.bool_)
    best_at_zero = best_of(np.where(values == 0, 0.0, 1.0) + rng.normal(0, 0.05, n), 0.1)
    indifferent = best_of(rng.normal(size=n), 0.1)
    parameter = Parameter.numeric("weight_decay", values)
    decides = divergence_score(cells_of(parameter, everybody, best_at_zero, True))
    assert decides > 5 * divergence_score(cells_of(parameter, everybody, indifferent, True))


def test_a_conditional_parameter_is_judged_where_it_is_active() -> None:
    rng = np.random.default_rng(9)
    n = 600
    active = rng.uniform(size=n) < 0.5
    momentum = np.where(active, rng.uniform(size=n), np.nan)
    switch_only = np.where(active, 1.0, 0.0) + rng.normal(0, 0.2, n)
    inside = np.where(active, momentum, 0.5) + rng.normal(0, 0.1, n)
    codes = share_codes(code_trials(Parameter.numeric("momentum", momentum)), np.ones(n, dtype=np.bool_))
    by_switch = variance_share(*codes, ranks(switch_only))
    by_value = variance_share(*codes, ranks(inside))
    assert by_switch is not None
    assert by_value is not None
    assert by_switch.low == 0
    assert by_value.low > 0.2
    assert by_value.n == int(active.sum())


def test_an_interaction_is_found_and_additive_effects_are_none() -> None:
    rng = np.random.default_rng(11)
    n, false = 800, 0
    for _ in range(60):
        a, b = rng.integers(0, 6, (2, n))
        additive = joint_share(a, b, ranks(a + 0.5 * b + rng.normal(0, 2, n)))
        assert additive is not None
        false += additive.score > max(additive.noise, 0.03)
    assert false <= 6
    a, b = rng.integers(0, 6, (2, n))
    joint = joint_share(a, b, ranks(((a > 2) ^ (b > 2)) + rng.normal(0, 0.5, n)))
    assert joint is not None
    assert joint.score > 0.3 > joint.noise


def test_parameters_that_move_together_are_no_interaction() -> None:
    rng = np.random.default_rng(12)
    a = rng.integers(0, 6, 1000)
    b = np.clip(a + rng.integers(-1, 2, 1000), 0, 5)
    joint = joint_share(a, b, ranks(a + rng.normal(0, 1, 1000)))
    assert joint is not None
    assert joint.score <= max(joint.noise, 0.03)


def test_what_only_differs_between_groups_has_no_part() -> None:
    rng = np.random.default_rng(13)
    group = np.repeat([0, 1, 2], 100)
    result = 10.0 * group + rng.normal(size=300)
    codes = group.astype(np.int64)
    everybody = np.ones(300, dtype=np.bool_)
    across, within = (
        variance_share(codes, everybody, ranks(result)),
        variance_share(codes, everybody, ranks_within(result, group)),
    )
    assert across is not None
    assert within is not None
    assert across.score > 0.8
    assert within.score == 0


def test_the_best_of_many_is_shrunk_to_what_a_repetition_gives() -> None:
    rng = np.random.default_rng(14)
    promised, kept, said = [], [], []
    for _ in range(200):
        means = rng.normal(0, 1, 100)
        runs = means + rng.normal(0, 0.7, 100)
        first = int(runs.argmin())
        promised.append(runs[first])
        kept.append(means[first])
        said.append(shrunken(float(runs[first]), runs, 0.7))
    assert np.mean(promised) < np.mean(kept) - 0.5  # the winner's curse
    assert abs(np.mean(said) - np.mean(kept)) < 0.2


def test_spread_between_repetitions_is_pooled() -> None:
    rng = np.random.default_rng(15)
    configurations = np.repeat(np.arange(200), 3)
    values = np.repeat(rng.normal(0, 3, 200), 3) + rng.normal(0, 0.5, 600)
    found = replication(configurations, values)
    assert found is not None
    assert found.degrees == 400
    assert found.within == pytest.approx(0.5, rel=0.1)
    assert found.between == pytest.approx(3, rel=0.15)
    assert replication(np.arange(10), rng.normal(size=10)) is None
