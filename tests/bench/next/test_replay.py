"""Replay on real sweeps: the next 30 trials of a plan against 30 random ones.

For every task, trials are drawn at random as the sweep so far. The plan's new configurations are looked up among the
rest (the nearest trial that was really run); as many random ones are drawn from the same rest. Measured are the share
of failed trials among the 30, and the regret of the best trial afterwards: 0 is the best of the task, 1 its median.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hpi_core.next_experiment import plan_next
from hpi_core.next_experiment.planning import Sampler
from tests.bench.causes.measures import print_table
from tests.bench.next.pools import Pool, pools
from tests.shared_data import needs_shared

pytestmark = needs_shared
NEXT = 30
REPEATS = 4
SO_FAR = (40, 75, 150)


def _regret(pool: Pool, rows: np.ndarray[Any, Any]) -> float:
    badness = pool.badness()
    finite = badness[np.isfinite(badness)]
    best, middle = float(finite.min()), float(np.median(finite))
    found = float(np.min(badness[rows]))
    return min(1.0, (found - best) / max(middle - best, 1e-12))


def _once(pool: Pool, so_far: int, sampler: str, seed: int) -> tuple[float, float, float, float]:
    """Return the failure share and the regret of the plan, then of random trials."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(pool.table.height)
    first, rest = order[:so_far], order[so_far:]
    chosen_sampler: Sampler = "tpe" if sampler == "tpe" else "sobol"
    plan = plan_next(pool.inspected(first), trials=NEXT, seed=seed, repeats=0, sampler=chosen_sampler)
    free, chosen = rest.copy(), []
    for configuration in plan.configurations:
        if configuration.purpose == "search" and len(free):
            row = pool.nearest(configuration.values, plan.dimensions, free)
            chosen.append(row)
            free = free[free != row]
    planned, random = np.array(chosen), rest[:NEXT]
    failed = ~np.isfinite(pool.badness())
    return (
        float(failed[planned].mean()),
        _regret(pool, np.concatenate([first, planned])),
        float(failed[random].mean()),
        _regret(pool, np.concatenate([first, random])),
    )


def replay(so_far: int, sampler: str, repeats: int) -> list[tuple[float, float, float, float]]:
    """Return failure share and regret of plan and of random trials, for every task with trials enough."""
    told = []
    for family in ("DeepOBS", "DeepAR", "NAS"):
        for place, pool in enumerate(pool for pool in pools() if pool.name.startswith(family)):
            if pool.table.height >= so_far + 2 * NEXT:
                told += [_once(pool, so_far, sampler, 1000 * place + r) for r in range(repeats)]
    return told


@pytest.mark.parametrize("sampler", ["sobol", "tpe"])
@pytest.mark.filterwarnings("ignore")
def test_next_trials_against_random_ones(sampler: str) -> None:
    if sampler == "tpe":
        pytest.importorskip("optuna")
    rows: list[list[str]] = []
    gains: dict[int, list[float]] = {n: [] for n in SO_FAR}
    saved: dict[int, list[float]] = {n: [] for n in SO_FAR}
    for so_far in SO_FAR:
        for family in ("DeepOBS", "DeepAR", "NAS"):
            told: list[tuple[float, float, float, float]] = []
            for place, pool in enumerate(pool for pool in pools() if pool.name.startswith(family)):
                if pool.table.height < so_far + 2 * NEXT:
                    continue
                told += [_once(pool, so_far, sampler, 1000 * place + r) for r in range(REPEATS)]
            if not told:
                continue
            measured = np.array(told)
            gain = measured[:, 1] - measured[:, 3]
            error = gain.std(ddof=1) / np.sqrt(len(gain))
            means = measured.mean(axis=0)
            rows.append([
                family, str(so_far), str(len(told)), f"{means[0]:.3f}", f"{means[2]:.3f}", f"{means[1]:.4f}",
                f"{means[3]:.4f}", f"{gain.mean():+.4f} ± {1.96 * error:.4f}",
            ])  # fmt: skip
            gains[so_far] += gain.tolist()
            saved[so_far] += (measured[:, 0] - measured[:, 2]).tolist()
    head = ["sweeps", "so far", "n", "failed plan", "failed random", "regret plan", "regret random", "change"]
    print_table(f"next {NEXT} trials, {sampler}", head, rows)
    for so_far in SO_FAR:
        if gains[so_far]:
            gain = np.array(gains[so_far])
            print(f"  all after {so_far}: {gain.mean():+.4f} ± {1.96 * gain.std(ddof=1) / np.sqrt(len(gain)):.4f}")
            # The plan must not lose: neither more failures nor more regret than chance explains.
            assert np.mean(saved[so_far]) <= 0.01
            assert gain.mean() - 1.96 * gain.std(ddof=1) / np.sqrt(len(gain)) <= 0
