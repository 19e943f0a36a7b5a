"""Several sweeps in one: what only differs between them is not blamed; what makes trials sick within them is found."""

from __future__ import annotations

import numpy as np
import pytest

from hpi_core.statistics.causes import find_causes
from hpi_core.statistics.inputs import MOST_GROUPS, Groups, Issue, Parameter

TASKS = ["mnist", "cifar", "svhn", "text"]
NULL_SWEEPS = 200


def mixed_sweep(seed: int, n: int, *, harmful_lr: bool) -> tuple[list[Parameter], Issue, Groups]:
    """Make trials of four tasks; the task sets the batch size and how often its trials fail."""
    rng = np.random.default_rng(seed)
    task = rng.integers(len(TASKS), size=n)
    lr = rng.uniform(-5, 0, size=n)
    rate = np.array([0.02, 0.1, 0.3, 0.6])[task]
    if harmful_lr:
        rate = np.where(lr > -1, 0.9, rate)
    parameters = [
        Parameter.numeric("lr", 10**lr),
        Parameter.numeric("batch_size", np.array([32.0, 64, 128, 256])[task]),
        Parameter.numeric("dropout", rng.uniform(0, 0.5, size=n)),
    ]
    issue = Issue("failed_run", rng.random(n) < rate, np.ones(n, dtype=bool))
    groups = Groups.of("task", [TASKS[t] for t in task])
    assert groups is not None
    return parameters, issue, groups


def test_what_differs_between_groups_only_is_not_blamed() -> None:
    parameters, issue, groups = mixed_sweep(1, 600, harmful_lr=False)
    assert [cause.parameter for cause in find_causes(parameters, [issue]).causes] == ["batch_size"]
    within = find_causes(parameters, [issue], groups=groups)
    assert within.causes == ()
    assert any("4 groups (task)" in caveat for caveat in within.caveats)


def test_a_cause_within_the_groups_is_found_and_adjusted_for_them() -> None:
    parameters, issue, groups = mixed_sweep(2, 600, harmful_lr=True)
    (cause,) = find_causes(parameters, [issue], groups=groups).causes
    assert (cause.parameter, cause.kind) == ("lr", "above")
    assert cause.low == pytest.approx(0.1, rel=0.3)
    assert "task" in cause.adjusted_for


def test_groups_alone_find_nothing_in_noise_more_often_than_promised() -> None:
    found = sum(
        bool(find_causes(*_null(seed)[:2], groups=_null(seed)[2]).causes) for seed in range(100, 100 + NULL_SWEEPS)
    )
    # at a promised .05, more than 19 of 200 would happen in less than one run of a hundred
    assert found <= 19


def _null(seed: int) -> tuple[list[Parameter], list[Issue], Groups]:
    parameters, issue, groups = mixed_sweep(seed, 120, harmful_lr=False)
    return parameters, [issue], groups


def test_one_group_or_very_many_are_no_groups() -> None:
    assert Groups.of("task", ["a", "a", "a"]) is None
    assert Groups.of("task", [str(number) for number in range(MOST_GROUPS + 1)]) is None
    assert Groups.of("task", ["a", None, "b"]) is not None
