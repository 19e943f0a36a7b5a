"""Confounding: an adaptive sampler must not make innocents guilty, and survivors must not make causes protective."""

from __future__ import annotations

import numpy as np

from hpi_core.statistics.causes import find_causes
from tests.bench.causes.gates import record
from tests.bench.causes.measures import lower_bound, naive_hits, print_table, told, upper_bound
from tests.bench.causes.sweeps import adaptive_study, competing_risks

STUDIES = 1000
SWEEPS = 1000


def test_an_adaptive_sampler_does_not_make_innocents_guilty() -> None:
    blamed = found = naive = significant = 0
    for seed in range(STUDIES):
        study = adaptive_study(np.random.default_rng(seed))
        result = find_causes(study.parameters, study.issues)
        blamed += any(cause.parameter != "lr" for cause in result.causes)
        names = {cause.parameter for cause in result.causes} | {other.parameter for other in result.not_causes}
        significant += bool(names - {"lr"})
        found += any(cause.parameter == "lr" for cause in result.causes)
        naive += any(name != "lr" for name, _ in naive_hits(study))
    print_table(
        "Adaptive sampler, 200 trials, only lr diverges (gate .12)",
        ("innocents blamed", "significant before conditioning", "lr found", "naive blame"),
        [(told(blamed, STUDIES), told(significant, STUDIES), told(found, STUDIES), told(naive, STUDIES))],
    )
    bound = upper_bound(blamed, STUDIES)
    record(
        3, f"innocents blamed {blamed / STUDIES:.3f} ≤ {bound:.3f}, lr found {found / STUDIES:.2f}",
        naive=f"innocents blamed {naive / STUDIES:.2f}", holds=bound <= 0.12, sweeps=STUDIES,
    )  # fmt: skip
    assert bound <= 0.12
    assert lower_bound(found, STUDIES) >= 0.75


def test_what_kills_trials_does_not_protect_the_survivors() -> None:
    right = wrong = protective = naive = 0
    for seed in range(SWEEPS):
        sweep = competing_risks(np.random.default_rng(seed), 400)
        result = find_causes(sweep.parameters, sweep.issues)
        overfit = {(c.parameter, c.kind) for c in result.causes if c.issue == "overfit"}
        right += ("weight_decay", "below") in overfit
        protective += any(name == "lr" for name, _ in overfit)
        wrong += any(name not in ("lr", "weight_decay") for name, _ in overfit)
        naive += any(issue == "overfit" and name != "weight_decay" for name, issue in naive_hits(sweep))
    print_table(
        "Competing risk, 400 trials: lr -> NaN, weight_decay -> overfit among survivors",
        ("weight_decay found", "lr blamed for overfit", "others blamed", "naive others"),
        [(told(right, SWEEPS), told(protective, SWEEPS), told(wrong, SWEEPS), told(naive, SWEEPS))],
    )
    record(
        6, f"lr blamed for the survivors' overfit {protective / SWEEPS:.3f} ≤ {upper_bound(protective, SWEEPS):.3f}, "
        f"the cause found {right / SWEEPS:.2f}",
        naive=f"others blamed {naive / SWEEPS:.2f}", sweeps=SWEEPS,
        holds=upper_bound(protective, SWEEPS) <= 0.05 and lower_bound(right, SWEEPS) >= 0.95,
    )  # fmt: skip
    assert lower_bound(right, SWEEPS) >= 0.95
    assert upper_bound(protective, SWEEPS) <= 0.05
    assert upper_bound(wrong, SWEEPS) <= 0.12
