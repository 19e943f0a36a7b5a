"""Graded causes, causes hidden behind others, and the outcomes of the objective: found where planted, else not."""

from __future__ import annotations

import numpy as np
import pytest

from hpi_core.statistics.binning import in_range
from hpi_core.statistics.causes import find_causes
from hpi_core.statistics.inputs import Booleans, Floats, Issue, Parameter
from tests.bench.causes.sweeps import innocents, planted_threshold

N = 1000


def _issue(sick: Booleans, name: str = "sick") -> Issue:
    return Issue(name, sick, np.ones(len(sick), dtype=np.bool_))


def _graded(rng: np.random.Generator, log_lr: Floats) -> Floats:
    return np.where(log_lr > -0.5, 0.9, np.where(log_lr > -1.5, 0.35, 0.02))


@pytest.mark.parametrize("turned", [1.0, -1.0])
def test_a_graded_cause_is_told_in_its_steps(turned: float) -> None:
    rng = np.random.default_rng(0)
    log_lr = rng.uniform(-5, 0, N)
    sick = rng.random(N) < _graded(rng, log_lr)
    found = find_causes([Parameter.numeric("x", turned * log_lr), *innocents(rng, N)], [_issue(sick)])
    (cause,) = found.causes
    assert [round(tier.rate, 1) for tier in cause.tiers] == [0.9, 0.4, 0.0]
    assert sum(tier.n for tier in cause.tiers) == N
    assert sum(tier.sick for tier in cause.tiers) == int(sick.sum())
    for tier in cause.tiers:
        inside = in_range(turned * log_lr, tier.low, tier.high)
        assert (tier.n, tier.sick) == (int(inside.sum()), int((inside & sick).sum()))
        assert tier.rate_low <= tier.rate <= tier.rate_high
    ends = [abs(end) for end in (cause.tiers[1].low, cause.tiers[1].high) if end is not None]
    assert sorted(ends) == pytest.approx([0.5, 1.5], abs=0.1)


def test_a_plain_step_is_hardly_ever_told_as_graded() -> None:
    told = found = 0
    for seed in range(60):
        sweep = planted_threshold(np.random.default_rng(seed), 300, 0.8, 0.05)
        causes = [c for c in find_causes(sweep.parameters, sweep.issues).causes if c.parameter == "lr"]
        found += bool(causes)
        told += any(cause.tiers for cause in causes)
    assert found == 60
    assert told <= 5


def _hiding(rng: np.random.Generator) -> tuple[list[Parameter], Booleans, Booleans]:
    """Nearly all trials with a large `lr` are sick; of the rest a quarter of those with a short warm-up."""
    log_lr, warmup = rng.uniform(-5, 0, N), rng.uniform(0, 4, N)
    covered = log_lr > -2.5
    sick = rng.random(N) < np.where(covered, 0.97, np.where(warmup < 1, 0.25, 0.01))
    others = [p for p in innocents(rng, N) if p.name != "warmup"]
    return [Parameter.numeric("lr", 10**log_lr), Parameter.numeric("warmup", 10**warmup), *others], sick, covered


def test_a_cause_hidden_behind_a_stronger_one_is_found_among_the_rest() -> None:
    parameters, sick, _ = _hiding(np.random.default_rng(1))
    strong, hidden = find_causes(parameters, [_issue(sick)]).causes
    assert (strong.parameter, hidden.parameter, hidden.kind) == ("lr", "warmup", "below")
    assert hidden.outside == (strong,)
    lr, warmup = (np.asarray(parameters[i].values, dtype=np.float64) for i in (0, 1))
    rest = ~in_range(lr, strong.low, strong.high)
    inside = rest & in_range(warmup, hidden.low, hidden.high)
    assert (hidden.n, hidden.sick) == (int(inside.sum()), int((inside & sick).sum()))
    assert hidden.n + hidden.elsewhere_n == int(rest.sum())
    assert np.array_equal(hidden.rows, np.flatnonzero(inside & sick))
    assert hidden.adjusted_for == ("lr",)


def test_nothing_hides_behind_a_cause_that_is_alone() -> None:
    claimed = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        lr = 10 ** rng.uniform(-5, 0, 400)
        sick = rng.random(400) < np.where(lr > 0.02, 0.9, 0.05)
        noise = [Parameter.numeric(f"noise{k}", rng.random(400)) for k in range(12)]
        claimed += any(
            cause.outside for cause in find_causes([Parameter.numeric("lr", lr), *noise], [_issue(sick)]).causes
        )
    assert claimed <= 4


def test_outcomes_are_told_apart_from_issues() -> None:
    rng = np.random.default_rng(3)
    lr, depth = 10 ** rng.uniform(-5, 0, N), rng.random(N)
    sick = rng.random(N) < np.where(lr > 0.1, 0.8, 0.02)
    loss = rng.normal(0, 1, N) + 3 * (depth > 0.7)
    worst = (loss > np.quantile(loss[~sick], 0.9)) & ~sick
    found = find_causes(
        [Parameter.numeric("lr", lr), Parameter.numeric("depth", depth)], [_issue(sick)], [Issue("worst", worst, ~sick)]
    )
    assert [(c.parameter, c.issue) for c in found.causes] == [("lr", "sick")]
    assert [(c.parameter, c.issue) for c in found.objective.causes] == [("depth", "worst")]
    assert {b.issue for b in found.buckets} == {"sick"}
    assert {b.issue for b in found.objective.buckets} == {"worst"}
    assert found.objective.causes[0].n + found.objective.causes[0].elsewhere_n == int((~sick).sum())


def test_noise_has_no_outcomes_with_a_cause() -> None:
    claimed = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        loss = rng.random(120)
        outcomes = [Issue("worst", loss > 0.9, np.ones(120, bool)), Issue("best", loss < 0.1, np.ones(120, bool))]
        claimed += bool(find_causes(innocents(rng, 120), [], outcomes).objective.causes)
    assert claimed <= 8
