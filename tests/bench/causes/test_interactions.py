"""Several causes: an AND is found and a noisy-OR is not; graded causes show their steps; what one hides is found."""

from __future__ import annotations

import numpy as np

from hpi_core.statistics.causes import find_causes
from tests.bench.causes.gates import record
from tests.bench.causes.measures import lower_bound, naive_hits, print_table, told, upper_bound
from tests.bench.causes.sweeps import adaptive_study, graded, hiding, noise, planted_threshold, strata, together

SWEEPS = 400
STRATA = 150
MOST_FALSE = 0.08


def test_an_and_is_found_and_a_noisy_or_is_not() -> None:
    rows, bounds = [], []
    for n in (300, 1000, 5000):
        found = others = either = silent = naive = 0
        for seed in range(SWEEPS):
            both = together(np.random.default_rng(seed), n, conjunction=True)
            pairs = find_causes(both.parameters, both.issues).pairs
            found += any(set(pair.parameters) == {"lr", "width"} for pair in pairs)
            others += any(set(pair.parameters) != {"lr", "width"} for pair in pairs)
            naive += any(name not in ("lr", "width") for name, _ in naive_hits(both))
            alone = together(np.random.default_rng(seed), n, conjunction=False)
            either += bool(find_causes(alone.parameters, alone.issues).pairs)
            quiet = noise(np.random.default_rng(seed), n)
            silent += bool(find_causes(quiet.parameters, quiet.issues).pairs)
        rows.append(
            (str(n), *(told(hits, SWEEPS) for hits in (found, others, either, silent)), f"{naive / SWEEPS:.3f}")
        )
        bounds.append((n, found, others + either + silent))
    head = ("n", "AND found", "other pairs beside it", "pairs on noisy-OR", "pairs on noise", "naive blames others")
    print_table("Pairs: 80 % where lr > .01 and width > .6, else 5 % (9 parameters)", head, rows)
    for n, found, false in bounds:
        least, most = lower_bound(found, SWEEPS), upper_bound(false, 3 * SWEEPS)
        holds = least >= (0.9 if n >= 1000 else 0.5) and most <= 0.02
        record(
            4, f"n {n}: AND found {found / SWEEPS:.2f} ≥ {least:.2f}, noisy-OR or noise {false / SWEEPS / 3:.3f} ≤ "
            f"{most:.3f}", holds=holds, sweeps=3 * SWEEPS,
        )  # fmt: skip
        assert holds


def test_pairs_within_strata_are_found_and_strata_make_none() -> None:
    rows = []
    for mixed in (False, True):
        for n in (300, 1000):
            told_pairs = {"and": 0, "or": 0, "alone": 0}
            others = 0
            for kind in told_pairs:
                for seed in range(STRATA):
                    sweep = strata(np.random.default_rng(seed), n, mixed=mixed, kind=kind)
                    pairs = find_causes(sweep.parameters, sweep.issues, groups=sweep.groups).pairs
                    told_pairs[kind] += any(set(pair.parameters) == {"a", "b"} for pair in pairs)
                    others += any(set(pair.parameters) != {"a", "b"} for pair in pairs)
            false = told_pairs["or"] + told_pairs["alone"]
            name = "four mixed sweeps" if mixed else "drifting sampler"
            counts = (told(told_pairs["and"], STRATA), told(false, 2 * STRATA), told(others, 3 * STRATA))
            rows.append((name, str(n), *counts))
            assert lower_bound(told_pairs["and"], STRATA) >= (0.9 if n >= 1000 else 0.0)
            assert upper_bound(false, 2 * STRATA) <= 0.02
            assert upper_bound(others, 3 * STRATA) <= 0.02
    studies = [adaptive_study(np.random.default_rng(seed)) for seed in range(STRATA)]
    adaptive = sum(bool(find_causes(study.parameters, study.issues).pairs) for study in studies)
    rows.append(("adaptive sampler, lr alone fails", "200", "", told(adaptive, STRATA), ""))
    head = ("parameters and rates shift with", "n", "AND found", "pairs on noisy-OR or strata alone", "other pairs")
    print_table("Pairs within strata (9 parameters)", head, rows)
    record(4, f"within strata: AND found {rows[1][2][:5]} and {rows[3][2][:5]} at 1,000, else none", sweeps=2 * STRATA)
    assert upper_bound(adaptive, STRATA) <= 0.02


def test_graded_causes_show_their_steps_and_steps_stay_steps() -> None:
    rows = []
    for n in (200, 500, 2000):
        steps = any_tier = false = plain = 0
        for seed in range(SWEEPS):
            sweep = graded(np.random.default_rng(seed), n)
            own = [c for c in find_causes(sweep.parameters, sweep.issues).causes if c.parameter == "lr"]
            steps += bool(own) and len(own[0].tiers) == 3
            any_tier += bool(own) and bool(own[0].tiers)
            step = planted_threshold(np.random.default_rng(seed), n, 0.8, 0.05)
            causes = find_causes(step.parameters, step.issues).causes
            false += any(c.tiers for c in causes if c.parameter == "lr")
            plain += any(c.parameter != "lr" for c in causes)
        rows.append((str(n), *(told(hits, SWEEPS) for hits in (any_tier, steps, false, plain))))
        assert lower_bound(any_tier, SWEEPS) >= 0.7
        assert upper_bound(false, SWEEPS) <= 0.10
    head = ("n", "told in steps", "in exactly the three", "a plain step told in steps", "innocents beside a plain step")
    print_table("Graded cause: 90 / 35 / 2 % (8 parameters)", head, rows)


def test_what_a_cause_hides_is_found_and_nothing_else() -> None:
    rows = []
    for n in (200, 500, 2000):
        found = others = naive = 0
        for seed in range(SWEEPS):
            sweep = hiding(np.random.default_rng(seed), n)
            causes = find_causes(sweep.parameters, sweep.issues).causes
            found += any(c.parameter == "warmup" and c.kind == "below" for c in causes)
            others += any(c.parameter not in ("lr", "warmup") for c in causes)
            naive += ("warmup", "sick") in naive_hits(sweep)
        rows.append((str(n), *(told(hits, SWEEPS) for hits in (found, others, naive))))
        assert upper_bound(others, SWEEPS) <= MOST_FALSE
        assert lower_bound(found, SWEEPS) >= (0.9 if n >= 500 else 0.3)
    head = ("n", "warmup found", "innocents blamed", "naive finds warmup")
    print_table("Hidden cause: lr fails half of the trials, a short warm-up a quarter of some of the rest", head, rows)
