"""Importance on noise, on planted truth, and beside Optuna's evaluators: who finds what, how often, at what cost."""

from __future__ import annotations

import resource
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pytest

from hpi_core.importance import weigh
from hpi_core.roles import RoleOverrides
from hpi_core.statistics.inputs import Parameter
from hpi_core.statistics.top_decile import best_of, cells_of, divergence_score
from hpi_core.sweep import Sweep
from tests.bench.causes.measures import print_table, told, upper_bound


def _cpu(work: Callable[[], object]) -> float:
    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    before = spent()
    work()
    return spent() - before


def _sweep(rng: np.random.Generator, n: int, parameters: int, effect: float) -> tuple[Sweep, pl.Series]:
    """Return a sweep whose first three parameters matter by 1, 1/2 and 1/4 of `effect`; one trial in ten fails."""
    table = {f"p{i}": rng.uniform(size=n) for i in range(parameters)}
    result = effect * (table["p0"] + table["p1"] / 2 + table["p2"] / 4) + rng.normal(0, 0.3, n)
    result = np.where(rng.uniform(size=n) < 0.1, np.nan, result)
    roles = tuple((name, "hyperparameter") for name in table)
    sweep = Sweep.from_polars(pl.DataFrame({**table, "val_loss": result}), overrides=RoleOverrides(roles=roles))
    return sweep, pl.Series(np.isnan(result))


def test_noise_is_left_within_noise() -> None:
    rows, rng = [], np.random.default_rng(0)
    for n, sweeps in ((30, 120), (100, 120), (300, 100), (1000, 40)):
        excluded = {"variance": 0, "top": 0, "failing": 0}
        matter, judged = dict(excluded), dict(excluded)
        for _ in range(sweeps):
            for entry in weigh(*_sweep(rng, n, 8, 0.0)).entries:
                excluded[entry.question] += entry.low > 0
                matter[entry.question] += entry.matters
                judged[entry.question] += 1
        for question in excluded:
            if judged[question]:
                counts = [told(hits[question], judged[question]) for hits in (excluded, matter)]
                rows.append([str(n), question, *counts])
                assert excluded[question] / judged[question] <= 0.10
                assert upper_bound(excluded[question], judged[question]) <= 0.12
    print_table("parameters that do nothing", ["trials", "question", "interval leaves 0 out", "said to matter"], rows)


def test_planted_parameters_are_found_in_their_order() -> None:
    rows, rng = [], np.random.default_rng(1)
    for n, sweeps in ((30, 60), (100, 60), (300, 40), (1000, 20)):
        for question in ("variance", "top"):
            first = found = second = third = 0
            for _ in range(sweeps):
                entries = [e for e in weigh(*_sweep(rng, n, 8, 1.0)).entries if e.question == question]
                first += entries[0].parameter == "p0"
                matters = {e.parameter for e in entries if e.matters}
                found, second, third = found + ("p0" in matters), second + ("p1" in matters), third + ("p2" in matters)
            rows.append([str(n), question, *(f"{count / sweeps:.2f}" for count in (first, found, second, third))])
    head = ["trials", "question", "p0 first", "p0 matters", "p1 (1/2) matters", "p2 (1/4) matters"]
    print_table("three parameters matter, five do not", head, rows)
    assert float(rows[-2][3]) == 1.0


@pytest.mark.filterwarnings("ignore")
def test_beside_optuna() -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rows: list[list[str]] = []
    for n, count in ((100, 10), (1000, 10), (1000, 30)):
        rng = np.random.default_rng(n)
        table = {f"p{i}": rng.uniform(size=n) for i in range(count)}
        badness = table["p0"] + table["p1"] / 2 + rng.normal(0, 0.3, n)
        spaces = {k: optuna.distributions.FloatDistribution(float(v.min()), float(v.max())) for k, v in table.items()}
        study = optuna.create_study()
        study.add_trials(
            [
                optuna.trial.create_trial(
                    params={k: float(v[i]) for k, v in table.items()}, distributions=spaces, value=float(badness[i])
                )
                for i in range(n)
            ]
        )
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=0.1)
        theirs: dict[str, float] = evaluator.evaluate(study)
        parameters = [Parameter.numeric(name, values) for name, values in table.items()]
        ours: dict[str, float] = {}

        def weighed(parameters: list[Parameter] = parameters, badness: Any = badness, out: Any = ours) -> None:
            top, everybody = best_of(badness, 0.1), np.ones(len(badness), dtype=np.bool_)
            out.update({p.name: divergence_score(cells_of(p, everybody, top, False)) for p in parameters})

        weighed()
        slow = min(_cpu(partial(evaluator.evaluate, study)) for _ in range(3))
        fast = min(_cpu(weighed) for _ in range(7))
        apart = max(abs(ours[k] / sum(ours.values()) - v / sum(theirs.values())) for k, v in theirs.items())
        rows.append(
            [f"{n} x {count}", f"{apart:.1e}", f"{1000 * slow:.1f}", f"{1000 * fast:.1f}", f"{slow / fast:.0f}"]
        )
        assert apart < 0.005
        if (n, count) == (1000, 30):
            assert slow / fast >= 20
    print_table(
        "top-decile importance and Optuna's PED-ANOVA",
        ["trials x parameters", "largest difference", "theirs ms", "ours ms", "times faster"],
        rows,
    )


def test_time_from_a_thousand_to_a_million_trials() -> None:
    rows: list[list[str]] = []
    for n in (1_000, 10_000, 100_000, 1_000_000):
        sweep, sick = _sweep(np.random.default_rng(n), n, 30, 1.0)
        seconds = min(_cpu(lambda sweep=sweep, sick=sick: weigh(sweep, sick)) for _ in range(2))  # type: ignore[misc]
        rows.append([f"{n:,}", f"{seconds:.2f}"])
    print_table("everything about 30 parameters, CPU seconds", ["trials", "seconds"], rows)
    assert float(rows[-1][1]) < 3
