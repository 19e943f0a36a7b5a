"""Metamorphic relations: what must not change a claim does not, and what must change it changes only that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hpi_core.statistics.causes import find_causes
from hpi_core.statistics.findings import Cause
from hpi_core.statistics.inputs import Issue, Parameter
from tests.bench.causes.measures import print_table
from tests.bench.causes.sweeps import Planted, planted_threshold

SWEEPS = 60
Change = Callable[[Planted, np.random.Generator], Planted]
ROWS: list[tuple[str, ...]] = []


def _shuffled(sweep: Planted, rng: np.random.Generator) -> Planted:
    order = rng.permutation(len(sweep.truth))
    return Planted(
        [_of_rows(p, order) for p in sweep.parameters],
        [Issue(i.id, i.sick[order], i.assessable[order]) for i in sweep.issues],
        sweep.truth[order],
        sweep.threshold,
    )


def _of_rows(parameter: Parameter, rows: np.ndarray) -> Parameter:
    return replace(parameter, values=parameter.values[rows], missing=parameter.missing[rows])


def _renamed(sweep: Planted, rng: np.random.Generator) -> Planted:
    return replace(sweep, parameters=[replace(p, name=f"column {k}") for k, p in enumerate(sweep.parameters)])


def _with_lr(sweep: Planted, change: Callable[[np.ndarray], np.ndarray]) -> Planted:
    values = change(np.asarray(sweep.parameters[0].values, dtype=np.float64))
    return replace(sweep, parameters=[Parameter.numeric("lr", values), *sweep.parameters[1:]])


def _logarithm(sweep: Planted, rng: np.random.Generator) -> Planted:
    return _with_lr(sweep, np.log10)


def _other_unit(sweep: Planted, rng: np.random.Generator) -> Planted:
    return _with_lr(sweep, lambda values: values * 1024)


def _twice(sweep: Planted, rng: np.random.Generator) -> Planted:
    return Planted(
        [_of_rows(p, np.tile(np.arange(len(sweep.truth)), 2)) for p in sweep.parameters],
        [Issue(i.id, np.tile(i.sick, 2), np.tile(i.assessable, 2)) for i in sweep.issues],
        np.tile(sweep.truth, 2),
        sweep.threshold,
    )


def _with_noise(sweep: Planted, rng: np.random.Generator) -> Planted:
    extra = [Parameter.numeric(f"noise{k}", rng.random(len(sweep.truth))) for k in range(12)]
    return replace(sweep, parameters=[*sweep.parameters, *extra])


# What is changed, and by how much the share of trials claimed, the rate and log p may then differ.
CHANGES: dict[str, tuple[Change, float, float, float]] = {
    # Chance may make one order of the rows look like drift: then p is that within stretches of it, where larger.
    "rows shuffled": (_shuffled, 0.0, 0.0, 0.1),
    "columns renamed": (_renamed, 0.0, 0.0, 1e-9),
    "log10 of lr": (_logarithm, 0.02, 0.05, 0.05),
    "lr in another unit": (_other_unit, 0.02, 0.05, 1e-9),
    "every row twice": (_twice, 0.03, 0.06, np.inf),
    "twelve columns of noise": (_with_noise, 0.0, 0.0, 1e-9),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_means_nothing_changes_nothing(name: str) -> None:
    change, most_share, most_rate, most_log_p = CHANGES[name]
    shares, rates, evidence, kept = [], [], [], 0
    for seed in range(SWEEPS):
        sweep = planted_threshold(np.random.default_rng(seed), 300, 0.8, 0.05)
        changed = change(sweep, np.random.default_rng(1000 + seed))
        first, second = _culprit(sweep), _culprit(changed)
        assert first is not None
        if second is None:
            continue
        kept += 1
        shares.append(abs(first.n / 300 - second.n / len(changed.truth)))
        rates.append(abs(first.rate - second.rate))
        evidence.append(second.log10_p / first.log10_p)
    ROWS.append(
        (name, f"{kept}/{SWEEPS}", *(f"{max(values):.3f}" for values in (shares, rates)), f"{np.median(evidence):.2f}")
    )
    head = ("changed", "claim kept", "largest change of share", "of rate", "log p, times (median)")
    print_table("Metamorphic: planted threshold, 300 trials", head, ROWS)
    assert kept == SWEEPS
    assert max(shares) <= most_share
    assert max(rates) <= most_rate
    assert max(abs(np.array(evidence) - 1)) <= most_log_p
    if name == "every row twice":
        assert np.median(evidence) > 1.5


def _culprit(sweep: Planted) -> Cause | None:
    name = sweep.parameters[0].name
    return next((c for c in find_causes(sweep.parameters, sweep.issues).causes if c.parameter == name), None)
