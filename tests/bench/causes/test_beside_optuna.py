"""Optuna's importance evaluators where the truth is known: what they name on noise, and whether they find a failing lr.

Optuna drops trials without a result, so what makes trials fail does not show; a range that makes them fail is what hpi
looks for. The objective of the survivors has nothing to do with `lr`.
"""

from __future__ import annotations

import numpy as np
import pytest

from hpi_core.statistics.causes import find_causes
from tests.bench.causes.gates import record
from tests.bench.causes.measures import any_claim, print_table, told
from tests.bench.causes.real import real_sweeps, shuffled
from tests.bench.causes.rivals import EVALUATORS, first, named, shares
from tests.bench.causes.sweeps import noise, planted_threshold
from tests.shared_data import needs_shared

pytest.importorskip("optuna")
pytest.importorskip("sklearn")
SWEEPS = 60


def test_on_noise_an_evaluator_names_a_parameter_and_hpi_does_not() -> None:
    counts, claims = dict.fromkeys(EVALUATORS, 0), 0
    for seed in range(SWEEPS):
        rng = np.random.default_rng(seed)
        sweep = noise(rng, 100)
        claims += any_claim(find_causes(sweep.parameters, sweep.issues))
        badness = rng.normal(size=100)
        for evaluator in EVALUATORS:
            found = shares(sweep.parameters, badness, np.zeros(100, dtype=np.bool_), evaluator)
            counts[evaluator] += bool(named(found))
    rows = [(name, told(count, SWEEPS)) for name, count in [("hpi, any claim", claims), *counts.items()]]
    print_table("Noise, 100 trials, 8 parameters: sweeps in which a parameter is named", ("by", "sweeps"), rows)
    for evaluator, count in counts.items():
        record(1, optuna=f"{evaluator} names one in {count / SWEEPS:.2f} of synthetic")
    assert claims / SWEEPS < min(counts.values()) / SWEEPS


@needs_shared
def test_on_real_rows_permuted_as_a_block_it_names_one_too() -> None:
    hits = total = 0
    for name, (parameters, issues) in real_sweeps("deepobs").items():
        for seed in range(5):
            order = np.random.default_rng([len(name), seed]).permutation(len(parameters[0].values))
            badness = np.where(issues[2].sick, 1.0, 0.0) + np.random.default_rng(seed).normal(0, 0.01, len(order))
            found = shares(shuffled(parameters, order), badness, issues[0].sick, "PED-ANOVA")
            hits += bool(named(found))
            total += 1
    print_table("DeepOBS, rows permuted as a block", ("by", "sweeps with a name"), [("PED-ANOVA", told(hits, total))])
    record(1, optuna=f"PED-ANOVA names one in {hits / total:.2f} of DeepOBS, permuted")


def test_a_failing_learning_rate_is_found_where_dropped_trials_hide_it() -> None:
    ranked, blamed = dict.fromkeys(EVALUATORS, 0), 0
    for seed in range(SWEEPS):
        rng = np.random.default_rng(seed)
        sweep = planted_threshold(rng, 300, 0.8, 0.05)
        blamed += any(cause.parameter == "lr" for cause in find_causes(sweep.parameters, sweep.issues).causes)
        badness = np.asarray(sweep.parameters[1].values, dtype=np.float64) + rng.normal(0, 0.1, 300)
        for evaluator in EVALUATORS:
            found = shares(sweep.parameters, badness, sweep.issues[0].sick, evaluator)
            ranked[evaluator] += "lr" in named(found) or first(found) == "lr"
    rows = [(name, told(count, SWEEPS)) for name, count in [("hpi, causes", blamed), *ranked.items()]]
    print_table("lr fails 80 % above a threshold, 300 trials: who names lr", ("by", "sweeps"), rows)
    for evaluator, count in ranked.items():
        record(2, optuna=f"{evaluator} names a failing lr in {count / SWEEPS:.2f}")
    assert blamed == SWEEPS
    assert max(ranked.values()) < SWEEPS / 2
