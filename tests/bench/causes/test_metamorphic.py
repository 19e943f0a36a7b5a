"""Metamorphic relations: what must not change a claim does not, and what must change it changes only that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hpi_core.statistics.causes import find_causes
from hpi_core.statistics.findings import Cause
from hpi_core.statistics.inputs import Issue, Parameter
from hpi_core.statistics.repeats import Repeats
from tests.bench.causes.gates import record
from tests.bench.causes.measures import print_table
from tests.bench.causes.real import real_sweeps
from tests.bench.causes.sweeps import Planted, planted_threshold
from tests.shared_data import needs_shared

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


def _turned(sweep: Planted, rng: np.random.Generator) -> Planted:
    return replace(sweep, parameters=sweep.parameters[::-1])


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
    "columns in another order": (_turned, 0.0, 0.0, 1e-9),
    "log10 of lr": (_logarithm, 0.02, 0.05, 0.05),
    "lr in another unit": (_other_unit, 0.02, 0.05, 1e-9),
    "as many rows again": (_twice, 0.03, 0.06, np.inf),
    # Twice the rows are cut into finer bins.
    "every trial repeated": (_twice, 0.03, 0.06, 0.05),
    "twelve columns of noise": (_with_noise, 0.0, 0.0, 1e-9),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_means_nothing_changes_nothing(name: str) -> None:
    change, most_share, most_rate, most_log_p = CHANGES[name]
    shares, rates, evidence, kept = [], [], [], 0
    for seed in range(SWEEPS):
        sweep = planted_threshold(np.random.default_rng(seed), 300, 0.8, 0.05)
        changed = change(sweep, np.random.default_rng(1000 + seed))
        first, second = _culprit(sweep), _culprit(changed, _repeats(name, changed))
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
    holds = kept == SWEEPS and max(shares) <= most_share and max(rates) <= most_rate
    record(8, f"{name}: {kept}/{SWEEPS} kept, share moves {max(shares):.3f}, rate {max(rates):.3f}", holds=holds)
    assert kept == SWEEPS
    assert max(shares) <= most_share
    assert max(rates) <= most_rate
    assert max(abs(np.array(evidence) - 1)) <= most_log_p
    if name == "as many rows again":
        assert np.median(evidence) > 1.5


@needs_shared
@pytest.mark.parametrize(
    "name", ["rows shuffled", "columns in another order", "every trial repeated", "twelve columns of noise"]
)
def test_on_real_rows_too(name: str) -> None:
    change, kept, claims = CHANGES[name][0], 0, 0
    for parameters, issues in real_sweeps("deepobs").values():
        sweep = Planted(parameters, issues, np.zeros(len(parameters[0].values)), np.nan)
        changed = change(sweep, np.random.default_rng(0))
        # More columns are more tests: what is weak may give way to twelve of noise, what is not may not.
        weakest = "moderate" if name == "twelve columns of noise" else "weak"
        before, after = _claimed(sweep, weakest), _claimed(changed, "weak", _repeats(name, changed))
        claims += len(before)
        kept += len(before & after)
    print_table("Metamorphic: DeepOBS, 8 test problems", ("changed", "claims kept"), [(name, f"{kept}/{claims}")])
    record(8, f"DeepOBS, {name}: {kept}/{claims} claims kept", holds=kept >= 0.9 * claims)
    assert claims >= 8
    assert kept >= 0.9 * claims


def _repeats(name: str, changed: Planted) -> Repeats | None:
    """Return that every trial of the second half repeats one of the first, where the change says so."""
    if name != "every trial repeated":
        return None
    trials = np.arange(len(changed.truth))
    return Repeats.of(trials % (len(trials) // 2), trials)


def _claimed(sweep: Planted, weakest: str, repeats: Repeats | None = None) -> set[tuple[str, str, str]]:
    causes = find_causes(sweep.parameters, sweep.issues, repeats=repeats).causes
    return {(c.parameter, c.issue, c.kind) for c in causes if weakest == "weak" or c.strength != "weak"}


def _culprit(sweep: Planted, repeats: Repeats | None = None) -> Cause | None:
    """Return the claim about `lr`, whose values stand in its column whatever its name and place."""
    place = next(k for k, p in enumerate(sweep.parameters) if p.name in ("lr", "column 0"))
    name = sweep.parameters[place].name
    causes = find_causes(sweep.parameters, sweep.issues, repeats=repeats).causes
    return next((c for c in causes if c.parameter == name), None)
