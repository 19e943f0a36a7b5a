"""Rules on curves, held to real ones: they leave the best trials alone, and find what was planted where it was."""

from __future__ import annotations

import math

import pytest

from hpi_core.detectors.context import Context
from tests.core.curves import planting
from tests.core.curves.flag_rates import Rate, flag_rates
from tests.core.curves.planting import Plant, Score
from tests.core.curves.real import real_sweeps
from tests.shared_data import needs_shared

# issue -> the largest share of the best tenth it may flag, in the two families.
BOUNDS = {
    "diverged": (0.0, 0.0),
    "nonfinite_metric": (0.0, 0.0),
    "not_decreasing": (0.0, 0.0),
    "stuck_at_chance": (0.0, 0.0),
    "rebound": (0.14, 0.0),
    "overfit_gap": (0.0, 0.0),
    "spike": (0.10, 0.11),
    "oscillation": (0.0, 0.0),
    "late_variance": (0.0, 0.0),
    "train_rising": (0.0, 0.0),
    "gradient_nonfinite": (0.0, 0.0),
    "vanishing_gradient": (0.0, 0.0),
    "exploding_gradient": (0.0, 0.0),
    "gradient_spike": (0.071, 0.071),
    "memory_growth": (0.0, 0.0),
}
CURVE_ISSUES = (
    *BOUNDS, "still_improving", "saturated_early", "best_not_last", "slow_start", "stopped_too_early",
    "throughput_drop", "always_clipped",
)  # fmt: skip
_REPEATS = 3


def assert_within_bounds(found: dict[str, dict[str, Rate]]) -> None:
    for family, rates in found.items():
        for issue, (deepobs, algoperf) in BOUNDS.items():
            bound = deepobs if family == "deepobs" else algoperf
            if issue in rates:
                assert rates[issue].of_best <= bound, f"{issue} flags {rates[issue]} in {family}"


@needs_shared
def test_the_best_trials_are_left_alone() -> None:
    found = flag_rates(((name, sweep) for name, sweep in real_sweeps("deepobs")), {})
    assert_within_bounds(found)
    rates = found["deepobs"]
    assert rates["nonfinite_metric"].of_all > 0.15
    assert rates["diverged"].flagged > 0
    assert rates["rebound"].flagged > 20


@needs_shared
@pytest.mark.parametrize(
    ("plant", "issue", "size", "severity"),
    [
        (planting.nan, "nonfinite_metric", 1.0, None),
        (planting.divergence, "diverged", 0.5, None),
        (planting.lasting_spike, "spike", 10.0, "error"),
    ],
    ids=["nan", "divergence", "lasting_spike"],
)
def test_what_is_planted_is_found_where_it_was_planted(
    plant: Plant, issue: str, size: float, severity: str | None
) -> None:
    total = Score()
    for name, sweep in real_sweeps("deepobs"):
        if not name.endswith(("3c3d", "wrn164", "char_rnn", "2c2d")):
            continue
        base = planting.clean(sweep)
        curves = Context(base).curves
        assert curves is not None
        for seed in range(_REPEATS):
            loss = curves.training[0].metric.name
            total.add(planting.score(base, loss, plant, size, issue, seed, severity=severity))
    assert total.planted > 150
    assert _lower(total.found, total.planted) >= 0.93
    assert total.recall >= 0.95
    assert total.precision >= 0.95
    assert total.place >= 0.95


def _lower(hits: int, n: int) -> float:
    """Return the lower end of the 95 % Wilson interval."""
    share, z = hits / n, 1.96
    centre = share + z * z / (2 * n)
    return (centre - z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n)
