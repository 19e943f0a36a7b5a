"""Detectors on curves leave the best trials of real sweeps alone; the rules of other tools flag them."""

from __future__ import annotations

from tests.bench.causes.gates import record
from tests.bench.causes.measures import print_table
from tests.bench.curves.vendor_rules import VENDOR_RULES
from tests.core.curves.flag_rates import flag_rates
from tests.core.curves.real import real_sweeps
from tests.core.curves.test_real_curves import BOUNDS, assert_within_bounds
from tests.shared_data import needs_shared


@needs_shared
def test_the_best_tenth_of_real_trials_is_left_alone() -> None:
    found = flag_rates(list(real_sweeps()), VENDOR_RULES)
    rows = []
    for family, rates in found.items():
        worst = max((rates[issue].of_best, issue) for issue in BOUNDS if issue in rates)
        vendor = max((rates[rule].of_best, rule) for rule in VENDOR_RULES if rule in rates)
        rows.append((family, f"{worst[1]} {worst[0]:.1%}", f"{vendor[1]} {vendor[0]:.1%}"))
        within = all(
            rates[issue].of_best <= (deepobs if family == "deepobs" else algoperf)
            for issue, (deepobs, algoperf) in BOUNDS.items()
            if issue in rates
        )
        record(5, f"{family}: at most {worst[0]:.1%} ({worst[1]})", naive=f"{vendor[1]}: {vendor[0]:.1%}", holds=within)
    print_table("Share of the best tenth flagged, the most of any rule", ("sweeps", "hpi", "other tools"), rows)
    assert_within_bounds(found)
