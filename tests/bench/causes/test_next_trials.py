"""The next 30 trials of a plan on real sweeps: fewer failures and no more regret than as many random ones."""

from __future__ import annotations

import numpy as np

from tests.bench.causes.gates import record
from tests.bench.causes.measures import print_table
from tests.bench.next.test_replay import NEXT, SO_FAR, replay
from tests.shared_data import needs_shared

REPEATS = 2


@needs_shared
def test_the_next_trials_of_a_plan_fail_less_and_lose_nothing() -> None:
    rows = []
    for so_far in SO_FAR:
        told = np.array(replay(so_far, "sobol", REPEATS))
        failed, regret, by_chance, random_regret = told.mean(axis=0)
        gain = told[:, 1] - told[:, 3]
        low, high = (gain.mean() + side * 1.96 * gain.std(ddof=1) / np.sqrt(len(gain)) for side in (-1, 1))
        shares = (f"{failed:.3f}", f"{by_chance:.3f}", f"{regret:.4f}", f"{random_regret:.4f}")
        rows.append((str(so_far), str(len(told)), *shares, f"{gain.mean():+.4f} [{low:+.4f}, {high:+.4f}]"))
        holds = bool(failed <= by_chance + 0.01 and low <= 0)
        record(
            7, f"after {so_far}: failed {failed:.1%}, regret {gain.mean():+.3f} [{low:+.3f}, {high:+.3f}]",
            naive=f"random: failed {by_chance:.1%}", holds=holds,
        )  # fmt: skip
        assert holds
    head = ("so far", "replays", "failed plan", "failed random", "regret plan", "regret random", "change")
    print_table(f"Next {NEXT} trials on real tabular sweeps, Sobol", head, rows)
