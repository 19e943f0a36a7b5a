"""Share of all and of the best tenth of real trials that each rule on curves flags: ours and those of other tools."""

from __future__ import annotations

import pytest

from tests.bench.curves.vendor_rules import VENDOR_RULES
from tests.core.curves.flag_rates import flag_rates
from tests.core.curves.real import real_sweeps, tuned_on
from tests.core.curves.test_real_curves import CURVE_ISSUES, assert_within_bounds
from tests.shared_data import needs_shared


@needs_shared
@pytest.mark.parametrize("part", ["all", "not tuned on"])
def test_flag_rates(part: str) -> None:
    sweeps = [(name, sweep) for name, sweep in real_sweeps() if part == "all" or not tuned_on(name)]
    found = flag_rates(sweeps, VENDOR_RULES)
    for family, rates in found.items():
        print(f"\n{family}, {part:30} {'all':>18} {'best tenth':>18}")
        for rule in [*CURVE_ISSUES, *VENDOR_RULES]:
            if rule in rates:
                rate = rates[rule]
                print(
                    f"{rule:42} {rate.flagged:5}/{rate.judged:5} {rate.of_all:6.1%} "
                    f"{rate.best_flagged:4}/{rate.best:4} {rate.of_best:6.1%}"
                )
    if part == "all":
        assert_within_bounds(found)
