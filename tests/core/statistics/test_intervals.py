from __future__ import annotations

import math

import numpy as np
import pytest

from hpi_core.statistics.intervals import discovery_rates, mantel_haenszel, risk_difference, risk_ratio, wilson, wilsons


def test_wilson_is_scipys() -> None:
    from scipy.stats import binomtest

    for sick, n in [(0, 6), (2, 6), (198, 212), (7, 7)]:
        expected = binomtest(sick, n).proportion_ci(method="wilson")
        assert wilson(sick, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_of_arrays_is_that_of_each() -> None:
    sick, n = np.array([0, 0, 2, 198, 7]), np.array([0, 6, 6, 212, 7])
    assert np.transpose(wilsons(sick, n)) == pytest.approx(
        np.array([wilson(a, c) for a, c in zip(sick, n, strict=True)]), abs=1e-12
    )


def test_wilson_of_nothing_is_everything() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_risk_ratio_is_scipys_and_a_zero_stays_finite() -> None:
    from scipy.stats.contingency import relative_risk

    log_ratio, error = risk_ratio(30, 100, 20, 200)
    expected = relative_risk(30, 100, 20, 200)
    interval = expected.confidence_interval(0.95)
    assert math.exp(log_ratio) == pytest.approx(expected.relative_risk)
    assert math.exp(log_ratio - 1.959963984540054 * error) == pytest.approx(interval.low)
    assert math.isfinite(risk_ratio(5, 10, 0, 100)[0])


def test_risk_difference_by_newcombe() -> None:
    difference, low, high = risk_difference(56, 70, 48, 80)
    assert (difference, low, high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_mantel_haenszel_undoes_confounding() -> None:
    sick, n = np.array([9.0, 8.0]), np.array([10.0, 80.0])
    other_sick, other_n = np.array([81.0, 2.0]), np.array([90.0, 20.0])
    result = mantel_haenszel(sick, n, other_sick, other_n)
    assert result is not None
    assert result[0] == pytest.approx(0.0, abs=1e-9)


def test_mantel_haenszel_without_two_sides_says_nothing() -> None:
    assert mantel_haenszel(np.array([3.0]), np.array([5.0]), np.array([0.0]), np.array([0.0])) is None


def test_discovery_rates_are_scipys() -> None:
    from scipy.stats import false_discovery_control

    p = np.random.default_rng(0).random(50) ** 3
    q, strict = discovery_rates(np.log10(p))
    assert q == pytest.approx(false_discovery_control(p))
    assert strict == pytest.approx(false_discovery_control(p, method="by"))
