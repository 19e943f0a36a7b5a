"""overfit_gap: what it cannot judge stays unjudged, and a gap that cost nothing is no finding."""

from __future__ import annotations

import polars as pl

from hpi_core.detectors import detect
from hpi_core.sweep import Sweep

N = 40


def _sweep(**changed: object) -> Sweep:
    train = [0.5 + 0.001 * i for i in range(N)]
    columns: dict[str, object] = {
        "lr": [0.01 * (i + 1) for i in range(N)],
        "status": ["completed"] * N,
        "train_loss": [0.1, 0.12, *train[2:]],
        "val_loss": [0.9, 0.3, *(1.1 * loss + 0.0007 * (i % 7) for i, loss in enumerate(train[2:]))],
    }
    return Sweep.from_polars(pl.DataFrame({**columns, **changed}))


def test_only_the_gap_that_cost_something_is_a_finding() -> None:
    verdict = detect(_sweep()).verdicts["overfit_gap"]
    # The first two trials have the same gap; the second one is also the best on held-out data.
    assert verdict.arg_true().to_list() == [0]
    assert verdict.null_count() == 0


def test_pruned_trials_stay_unjudged() -> None:
    pruned = ["pruned" if i % 4 == 3 else "completed" for i in range(N)]
    verdict = detect(_sweep(status=pruned)).verdicts["overfit_gap"]
    assert verdict.arg_true().to_list() == [0]
    assert verdict.is_null().to_list() == [word == "pruned" for word in pruned]
