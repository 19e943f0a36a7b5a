"""Optuna's importance evaluators on the sweeps of these studies: which parameters a reader of theirs would name.

They give shares without a threshold, so a parameter counts as named at twice the share it would have if all were alike:
the lift of 2 that the naive method tells from.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from hpi_core.statistics.inputs import Booleans, Floats, Parameter

EVALUATORS = ("PED-ANOVA", "MDI", "fANOVA")
_LIFT = 2.0
_LOG_RANGE = 100.0


def shares(parameters: Sequence[Parameter], badness: Floats, failed: Booleans, evaluator: str) -> dict[str, float]:
    """Return parameter -> its share of all importance; trials without a result are dropped, as Optuna does.

    `fANOVA` has 16 trees of depth 8, for with its defaults a study takes minutes. Skips where Optuna is not installed.
    """
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    importance = optuna.importance
    spaces = {p.name: _distribution(optuna, p) for p in parameters}
    trials = [
        optuna.trial.create_trial(
            params={p.name: _value(p, row) for p in parameters if not p.missing[row]},
            distributions={p.name: spaces[p.name] for p in parameters if not p.missing[row]},
            value=float(badness[row]),
        )
        for row in np.flatnonzero(~failed & np.isfinite(badness)).tolist()
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study()
        study.add_trials(trials)
        chosen = {
            "PED-ANOVA": lambda: importance.PedAnovaImportanceEvaluator(),
            "MDI": lambda: importance.MeanDecreaseImpurityImportanceEvaluator(seed=0),
            "fANOVA": lambda: importance.FanovaImportanceEvaluator(n_trees=16, max_depth=8, seed=0),
        }[evaluator]()
        found: dict[str, float] = chosen.evaluate(study)
    whole = sum(found.values())
    return {name: value / whole for name, value in found.items()} if whole > 0 else {}


def named(found: dict[str, float]) -> set[str]:
    """Return the parameters with at least twice their fair share."""
    return {name for name, share in found.items() if share >= _LIFT / len(found)}


def first(found: dict[str, float]) -> str:
    """Return the parameter ranked first, an empty string where nothing was ranked."""
    return max(found, key=lambda name: found[name]) if found else ""


def _distribution(optuna: Any, parameter: Parameter) -> Any:
    if parameter.kind == "categorical":
        return optuna.distributions.CategoricalDistribution(parameter.levels)
    present = np.asarray(parameter.values, dtype=np.float64)[~parameter.missing]
    low, high = float(present.min()), float(present.max())
    return optuna.distributions.FloatDistribution(low, high, log=low > 0 and high / low >= _LOG_RANGE)


def _value(parameter: Parameter, row: int) -> Any:
    if parameter.kind == "categorical":
        return parameter.levels[int(parameter.values[row])]
    return float(parameter.values[row])
