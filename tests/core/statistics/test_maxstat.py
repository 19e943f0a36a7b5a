from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from hpi_core.statistics import maxstat
from hpi_core.statistics.inputs import Integers


def _most_telling(positives: Integers, totals: Integers, least: int) -> float:
    """Return the largest z^2 of all cuts with what the middle is favoured by."""
    n, m = int(totals.sum()), int(positives.sum())
    z = maxstat.cut_scores(positives, totals, least)
    return float(np.nanmax(z * z + maxstat.allowances(np.cumsum(totals)[:-1], n, min(m, n - m))))


def _enumerated(totals: list[int], sick: int, statistic: float, *, levels: bool, least: int) -> float:
    """Share of all placements of the sick trials whose statistic reaches the observed one."""
    bins = np.repeat(np.arange(len(totals)), totals)
    hits = placements = 0
    for chosen in itertools.combinations(range(len(bins)), sick):
        counts = np.bincount(bins[list(chosen)], minlength=len(totals))
        if levels:
            reached = float(np.nanmax(maxstat.level_scores(counts, np.array(totals), least)))
        else:
            reached = _most_telling(counts, np.array(totals), least)
        hits += bool(reached >= statistic - 1e-9)
        placements += 1
    return hits / placements


def _log_p(positives: Integers, totals: Integers, least: int) -> float:
    z = maxstat.cut_scores(positives[None], totals[None], least)
    return float(maxstat.log_p_cuts(z, positives[None], totals[None])[0])


CASES = [
    ([2, 3, 3, 2, 4], [0, 1, 0, 2, 3]),
    ([3, 3, 3, 3], [3, 1, 0, 0]),
    ([1] * 12, [0] * 8 + [1, 0, 1, 1]),
    ([5, 1, 4, 5], [1, 1, 4, 1]),
]


@pytest.mark.parametrize(("totals", "positives"), CASES)
def test_p_of_cuts_equals_the_enumeration_of_all_permutations(totals: list[int], positives: list[int]) -> None:
    a, c = np.array(positives), np.array(totals)
    expected = _enumerated(totals, sum(positives), _most_telling(a, c, 2), levels=False, least=2)
    assert math.exp(_log_p(a, c, 2)) == pytest.approx(expected, rel=1e-9)


def test_a_score_in_the_middle_tells_more_than_the_same_near_an_end_where_few_are_sick() -> None:
    def log_p(cut: int, sick: int) -> float:
        totals, positives = np.full((1, 60), 50), np.zeros((1, 60), dtype=np.int64)
        positives[0, :10] = sick
        z = np.zeros((1, 59))
        z[0, cut] = 3.5
        return float(maxstat.log_p_cuts(z, positives, totals)[0])

    assert log_p(29, 4) < log_p(2, 4) - 1
    assert log_p(2, 40) - 0.5 < log_p(29, 40) < log_p(2, 40)
    given = maxstat.allowances(np.array([15, 150, 285]), 300, np.array([[40], [400], [40_000]]))
    assert given[:, 0] == pytest.approx(given[:, 2])
    assert (given[:, 1] == 0).all()
    assert (np.diff(given[:, 0]) > 0).all()


@pytest.mark.parametrize(("totals", "positives"), CASES)
def test_p_of_levels_equals_the_enumeration_of_all_permutations(totals: list[int], positives: list[int]) -> None:
    a, c = np.array(positives), np.array(totals)
    z = maxstat.level_scores(a, c, 1)
    statistic = float(np.nanmax(z))
    expected = _enumerated(totals, sum(positives), statistic, levels=True, least=1)
    assert math.exp(maxstat.log_p_levels(z, a, c)) == pytest.approx(expected, rel=1e-9)


def test_fishers_tail_is_scipys() -> None:
    from scipy.stats import hypergeom

    for sick, exposed, m, n in [(9, 20, 15, 100), (3, 50, 40, 1000), (400, 2000, 3000, 20_000), (5, 10, 5, 60)]:
        expected = hypergeom.logsf(sick - 1, n, m, exposed)
        assert maxstat.log_upper_tail(sick, exposed, m, n) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("n", "m"), [(100, 20), (1000, 100), (20_000, 1500), (1_000_000, 100_000)])
def test_p_is_calibrated_on_noise(n: int, m: int) -> None:
    rng = np.random.default_rng(1)
    totals = np.full(min(64, n // 5), n // min(64, n // 5))
    draws = rng.multivariate_hypergeometric(totals, m, size=600, method="marginals")
    p = np.exp([_log_p(a, totals, max(10, n // 50)) for a in draws])
    assert 0.02 <= float((p < 0.05).mean()) <= 0.08
    assert float((p < 0.01).mean()) <= 0.025


def test_an_overwhelming_cause_has_a_finite_logarithm_and_no_rounding_to_zero() -> None:
    totals = np.full(64, 15_625)
    positives = np.where(np.arange(64) < 48, 150, 8000)
    log_p = _log_p(positives, totals, 20_000)
    assert -1e7 < log_p < -10_000


@pytest.mark.parametrize("positives", [[0, 0, 0], [20, 20, 20]])
def test_one_class_only_is_no_evidence(positives: list[int]) -> None:
    assert _log_p(np.array(positives), np.array([20, 20, 20]), 10) == 0.0
