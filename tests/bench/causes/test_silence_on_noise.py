"""Silence on noise: hyperparameters that have nothing to do with the issues must yield no claim of any kind.

Counted are causes, what is explained by them, pairs, and the same for the worst and the best tenth of the results and
for issues that are worth a note only.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpi_core.statistics.causes import find_causes
from tests.bench.causes.gates import record
from tests.bench.causes.measures import any_claim, naive_hits, print_table, told, upper_bound
from tests.bench.causes.naive import naive_claims
from tests.bench.causes.real import real_sweeps, shuffled
from tests.bench.causes.sweeps import ends, noise
from tests.shared_data import needs_shared

MOST_CLAIMS = 0.08
SWEEPS = 1000


def test_synthetic_noise_yields_no_claims() -> None:
    rows, bounds = [], []
    for n in (30, 100, 1000):
        claims = naive = 0
        for seed in range(SWEEPS):
            sweep = noise(np.random.default_rng(seed), n)
            notes = [
                replace(issue, id=f"{issue.id} note") for issue in noise(np.random.default_rng([seed, 1]), n).issues
            ]
            claims += any_claim(find_causes(sweep.parameters, sweep.issues, ends(sweep), notes))
            naive += bool(naive_hits(sweep))
        bounds.append(upper_bound(claims, SWEEPS))
        rows.append((str(n), told(claims, SWEEPS), told(naive, SWEEPS)))
        record(
            1, f"n {n}: {claims / SWEEPS:.3f} ≤ {bounds[-1]:.3f}", naive=f"n {n}: {naive / SWEEPS:.2f}",
            holds=bounds[-1] <= MOST_CLAIMS, sweeps=SWEEPS,
        )  # fmt: skip
    print_table(
        f"Sweeps of noise with any claim (8 parameters x 2 issues, 2 outcomes, 2 notes, 28 pairs, gate {MOST_CLAIMS})",
        ("n", "hpi", "naive"),
        rows,
    )
    assert max(bounds) <= MOST_CLAIMS


@needs_shared
@pytest.mark.parametrize("source", ["deepobs", "algoperf"])
def test_real_rows_permuted_as_a_block_yield_no_claims(source: str) -> None:
    sweeps = real_sweeps(source)
    rounds = -(-SWEEPS // len(sweeps))
    claims = naive = total = 0
    for name, (parameters, issues) in sweeps.items():
        for seed in range(rounds):
            rng = np.random.default_rng([len(name), seed])
            order = rng.permutation(len(parameters[0].values))
            moved = shuffled(parameters, order)
            claims += any_claim(find_causes(moved, issues[:2], infos=issues[2:]))
            naive += bool(naive_claims(moved, issues))
            total += 1
    print_table(
        f"{source}: {len(sweeps)} real sweeps, hyperparameter rows permuted as a block (gate {MOST_CLAIMS})",
        ("sweeps", "hpi", "naive"),
        [(str(total), told(claims, total), told(naive, total))],
    )
    bound = upper_bound(claims, total)
    record(
        1, f"{source}, permuted: {claims / total:.3f} ≤ {bound:.3f}", naive=f"{naive / total:.2f}",
        holds=bound <= MOST_CLAIMS, sweeps=total,
    )  # fmt: skip
    assert bound <= MOST_CLAIMS
