"""The one family: Benjamini and Hochberg's when alone, weighted when not, and never more generous than its weights."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from hpi_core.statistics.family import WEIGHTS, family


def test_a_family_of_one_member_is_benjamini_hochbergs() -> None:
    p = np.random.default_rng(0).random(50) ** 3
    shared = family({"issue": list(np.log10(p))})
    assert shared.q["issue"] == pytest.approx(false_discovery_control(p))
    assert shared.strict["issue"] == pytest.approx(false_discovery_control(p, method="by"))


def test_many_pairs_beside_it_cost_an_issue_little() -> None:
    alone = family({"issue": [-4.0, -0.5, -0.1]}).q["issue"][0]
    beside = family({"issue": [-4.0, -0.5, -0.1], "pair": [-0.1] * 5000}).q["issue"][0]
    assert beside <= alone * 1.2


def test_false_discoveries_of_all_members_together_stay_below_the_rate() -> None:
    rng = np.random.default_rng(1)
    shares = []
    for _ in range(400):
        p = {"issue": rng.random(20), "objective": rng.random(20), "pair": rng.random(200)}
        p["issue"][:4] = 1e-6
        shared = family({name: list(np.log10(values)) for name, values in p.items()})  # type: ignore[misc]
        hits = np.concatenate([shared.q[name] <= 0.05 for name in WEIGHTS])
        shares.append(hits[4:].sum() / max(1, hits.sum()))
    assert float(np.mean(shares)) <= 0.05


def test_later_tests_pay_for_the_whole_family() -> None:
    shared = family({"issue": [-9.0] * 10})
    assert shared.later(-3.0, "issue", 40) == pytest.approx(0.05)
