from __future__ import annotations

import numpy as np
import pytest

from hpi_core.statistics.binning import code_trials, in_range, round_between
from hpi_core.statistics.inputs import Floats, Parameter

RNG = np.random.default_rng(5)
SHAPES: dict[str, Floats] = {
    "log uniform": 10 ** RNG.uniform(-5, 0, 50_000),
    "both signs": RNG.normal(size=50_000),
    "narrow": RNG.uniform(0.99, 0.999, 50_000),
    "powers of two": RNG.choice([16.0, 32.0, 64.0], 50_000),
    "rounded": np.round(RNG.normal(size=50_000), 1),
    "switched off": np.where(RNG.random(50_000) < 0.3, 0.0, 10 ** RNG.uniform(-5, 0, 50_000)),
    "unclipped": np.where(RNG.random(50_000) < 0.05, np.inf, RNG.random(50_000)),
    "subnormal": RNG.random(50_000) * 1e-310,
    "few": RNG.normal(size=43),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_bin_is_exactly_the_range_it_says(shape: str) -> None:
    values = SHAPES[shape]
    coding = code_trials(Parameter.numeric("x", values))
    assert coding.bins >= 3
    for k in range(coding.bins):
        said = in_range(values, coding.edges[k], coding.edges[k + 1]) & (coding.codes < coding.bins)
        assert np.array_equal(coding.codes == k, said)


def test_bins_are_of_about_equal_mass() -> None:
    counts = np.bincount(code_trials(Parameter.numeric("x", SHAPES["log uniform"])).codes)
    assert len(counts) == 64
    assert counts.max() < 1.5 * counts.min()


def test_a_mass_at_an_end_infinity_and_missing_are_levels_of_their_own() -> None:
    values = np.concatenate([np.zeros(40), RNG.uniform(1, 2, 100), [np.inf] * 7, [np.nan] * 9])
    coding = code_trials(Parameter.numeric("x", values))
    assert coding.levels == ("0", "inf")
    assert np.count_nonzero(coding.codes == coding.missing) == 9
    assert (coding.floor, coding.ceiling) == (True, True)


def test_rare_words_are_pooled_and_ten_thousand_of_them_are_no_levels() -> None:
    few = code_trials(Parameter.categorical("opt", ["adam"] * 50 + ["sgd"] * 30 + ["x", "y", "z"]))
    assert few.levels == ("adam", "sgd")
    assert np.count_nonzero(few.codes == few.other) == 3
    many = code_trials(Parameter.categorical("id", [f"w{i}" for i in range(10_000)]))
    assert many.levels == ()


def test_round_between_parts_neighbours_with_few_digits() -> None:
    assert round_between(0.011, 0.019) == 0.015
    for low, high in [(0.1, 0.2), (1.0, np.nextafter(1.0, 2)), (-3.0, -2.999), (0.0, 1e-300)]:
        assert low <= round_between(low, high) < high
