from __future__ import annotations

import pytest
from scipy.special import betainc, betaincinv, ncfdtr

from hpi_core.statistics.beta import NoncentralF, beta_cdf, beta_quantile

SHAPES = [(0.5, 0.5), (0.5, 20.0), (7.5, 492.0), (1.0, 1.0), (3.5, 499_992.0), (60.0, 2.0)]


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_the_beta_distribution_is_scipys(a: float, b: float) -> None:
    for share in (0.02, 0.5, 0.9, 1.0, 1.3, 3.0):
        x = min(0.999, share * a / (a + b))
        assert beta_cdf(a, b, x) == pytest.approx(float(betainc(a, b, x)), rel=1e-8, abs=1e-12)
    assert (beta_cdf(a, b, 0.0), beta_cdf(a, b, 1.0)) == (0.0, 1.0)


@pytest.mark.parametrize(("a", "b"), SHAPES)
@pytest.mark.parametrize("p", [1e-6, 0.05, 0.5, 0.95, 0.999])
def test_its_quantile_is_scipys(a: float, b: float, p: float) -> None:
    assert beta_quantile(a, b, p) == pytest.approx(float(betaincinv(a, b, p)), rel=1e-6)


@pytest.mark.parametrize(("between", "within"), [(1, 26), (15, 984), (4, 95), (15, 999_984)])
def test_the_noncentral_f_distribution_is_scipys(between: int, within: int) -> None:
    for f in (0.3, 1.0, 1.7, 4.0):
        distribution = NoncentralF(between, within, f, 80.0)
        for noncentrality in (0.0, 0.5, 7.0, 30.0, 80.0):
            expected = float(ncfdtr(between, within, noncentrality, f))
            assert distribution.cdf(noncentrality) == pytest.approx(expected, rel=1e-6, abs=1e-8)
