from __future__ import annotations

import math

import numpy as np
import pytest

from hpi_core.statistics import search, study
from hpi_core.statistics.causes import find_causes
from hpi_core.statistics.findings import CauseFindings
from hpi_core.statistics.inputs import Issue, Parameter


def _sweep(n: int, seed: int) -> tuple[list[Parameter], list[Issue]]:
    rng = np.random.default_rng(seed)
    x = rng.random((6, n))
    words = [str(word) for word in rng.choice(["a", "b", "c"], n)]
    parameters = [Parameter.numeric(f"x{i}", row) for i, row in enumerate(x)]
    rates = [np.where(x[i] > 0.6, 0.3, 0.1) for i in range(4)] + [np.full(n, 0.2)]
    issues = [Issue(f"issue{i}", rng.random(n) < rate, np.ones(n, dtype=np.bool_)) for i, rate in enumerate(rates)]
    return [*parameters, Parameter.categorical("word", words)], issues


def _said(found: CauseFindings) -> list[tuple[object, ...]]:
    return [(c.text, c.issue, c.n, c.sick, c.p, c.q, c.q_strict, c.ratio_low, c.tiers) for c in found.causes]


@pytest.mark.parametrize("n", [45, 200, 400])
def test_rough_tests_first_change_nothing_of_what_is_found(monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    sweeps = [_sweep(n, seed) for seed in range(6)]
    lazily = [_said(find_causes(*sweep)) for sweep in sweeps]
    monkeypatch.setattr(study, "ROUGHNESS", math.inf)

    def always(own: study.Study, test: search._Test, _: float) -> search._Test:
        return test[0], own.screened(*test[0])

    monkeypatch.setattr(search, "_exactly", always)
    assert [_said(find_causes(*sweep)) for sweep in sweeps] == lazily
    assert any(lazily) or n == 45


def test_few_tests_are_exact_among_many_of_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    exactly = search._exactly

    def watched(own: study.Study, test: search._Test, least_q: float) -> search._Test:
        asked.append(least_q)
        return exactly(own, test, least_q)

    monkeypatch.setattr(search, "_exactly", watched)
    parameters, issues = _sweep(400, 0)
    find_causes(parameters, issues)
    assert len(asked) == len(parameters) * len(issues)
    assert sum(q <= study.MOST_Q for q in asked) <= 15
