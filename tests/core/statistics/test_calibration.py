"""A small part of the evaluation that guards calibration: silence on noise, planted truth found and covered."""

from __future__ import annotations

from collections import Counter

import numpy as np

from hpi_core.statistics.causes import find_causes
from tests.bench.causes.measures import covers, lower_bound
from tests.bench.causes.sweeps import adaptive_study, noise, planted_threshold


def test_noise_is_met_with_silence() -> None:
    claims = 0
    for seed in range(200):
        sweep = noise(np.random.default_rng(seed), 100)
        claims += bool(find_causes(sweep.parameters, sweep.issues).causes)
    assert lower_bound(claims, 200) <= 0.05


def test_planted_thresholds_are_found_near_and_covered() -> None:
    held: Counter[str] = Counter()
    errors = []
    for seed in range(120):
        sweep = planted_threshold(np.random.default_rng(seed), 60, 0.8, 0.05)
        right = [c for c in find_causes(sweep.parameters, sweep.issues).causes if c.parameter == "lr"]
        if right and right[0].low is not None:
            held.update(name for name, holds in covers(right[0], sweep).items() if holds)
            errors.append(abs(np.log10(right[0].low / sweep.threshold)))
    assert len(errors) >= 0.95 * 120
    assert float(np.median(errors)) <= 0.11
    for name in ("threshold", "rate", "ratio", "difference"):
        assert held[name] >= 0.93 * len(errors), name


def test_an_adaptive_sampler_blames_few_innocents() -> None:
    blamed = found = 0
    for seed in range(30):
        study = adaptive_study(np.random.default_rng(seed))
        causes = find_causes(study.parameters, study.issues).causes
        blamed += any(cause.parameter != "lr" for cause in causes)
        found += any(cause.parameter == "lr" for cause in causes)
    assert blamed <= 3
    assert found >= 20
