from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln, log_ndtr, ndtr, ndtri

from hpi_core.statistics.distributions import (
    log_factorial,
    log_normal_tail,
    log_normal_tails,
    normal_cdf,
    normal_quantile,
)


@pytest.mark.parametrize("z", [-9.0, -1.0, 0.0, 0.5, 2.0, 6.0, 29.9, 30.1, 100.0, 1e6])
def test_the_normal_tail_is_scipys(z: float) -> None:
    assert log_normal_tail(z) == pytest.approx(float(log_ndtr(-z)), rel=1e-9)


def test_tails_of_an_array_are_those_of_each_and_none_beyond_infinity() -> None:
    z = np.array([[-1.0, 0.0, 29.9], [30.1, 1e6, np.inf]])
    assert log_normal_tails(z)[:, :2] == pytest.approx(log_ndtr(-z[:, :2]), rel=1e-9)
    assert log_normal_tails(z)[1, 2] == -np.inf


def test_the_normal_distribution_of_arrays_is_scipys() -> None:
    z = np.linspace(-12, 12, 4001)
    assert normal_cdf(z) == pytest.approx(ndtr(z), rel=2e-7)


@pytest.mark.parametrize("p", [1e-300, 1e-9, 0.025, 0.5, 0.8])
def test_the_normal_quantile_is_scipys(p: float) -> None:
    assert normal_quantile(p) == pytest.approx(float(ndtri(p)), rel=1e-9, abs=1e-12)


def test_log_factorials_are_scipys() -> None:
    k = np.array([0, 1, 2, 10, 1022, 1023, 1024, 1025, 10_000, 1_000_000, 10**12])
    assert log_factorial(k) == pytest.approx(gammaln(k + 1.0), rel=1e-12, abs=1e-12)
    assert log_factorial(k[:5]) == pytest.approx(gammaln(k[:5] + 1.0), rel=1e-12, abs=1e-12)
    assert np.isnan(log_factorial(np.array([-1.0, 2000.0]))[0])
