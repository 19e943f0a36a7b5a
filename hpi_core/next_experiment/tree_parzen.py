"""suggest(): configurations from Optuna's tree-structured Parzen estimator, fed with the trials so far (an extra)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpi_core.errors import UsageError
from hpi_core.importance.outcomes import chosen_metric, groups_of, outcome_of
from hpi_core.next_experiment.design import active, avoided, key_of
from hpi_core.next_experiment.model import Dimension, Plan, Value
from hpi_core.statistics.variance_share import ranks_within

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection

MOST_HISTORY = 2000
_TRIES = 8


def suggest(
    inspection: Inspection, plan: Plan, count: int, seed: int, seen: set[tuple[object, ...]]
) -> list[Mapping[str, Value | None]]:
    """Return `count` configurations of the space that are not `seen`, which they are then; fewer where there are none.

    Trials so far count where they lie in the new space and have a finite result, by their rank where several sweeps are
    mixed; conditional parameters are asked for only where they are set.

    Raises:
        UsageError: Optuna is not installed.
    """
    dimensions = plan.dimensions
    try:
        import optuna
    except ImportError as error:
        raise UsageError(
            "The sampler tpe needs Optuna, which is not installed.",
            "Install the extra (hpi-tui[optuna]), or leave --sampler out.",
        ) from error
    asked = chosen_metric(inspection.sweep, None, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)
        study = optuna.create_study(sampler=sampler)
        if asked is not None:
            study.add_trials(_history(inspection, dimensions, optuna, asked))
        found: list[Mapping[str, Value | None]] = []
        for _ in range(count * _TRIES):
            if len(found) == count:
                break
            trial = study.ask()
            values: dict[str, Value | None] = {}
            for dimension in dimensions:
                values[dimension.name] = None
                condition = dimension.condition
                if condition is None or values.get(condition.parent) in condition.values:
                    values[dimension.name] = _ask(trial, dimension)
            values = active(values, dimensions)
            if avoided(values, plan) or key_of(values) in seen:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                seen.add(key_of(values))
                found.append(values)
    return found


def _ask(trial: Any, dimension: Dimension) -> Value:
    if dimension.kind == "fixed":
        return dimension.values[0]
    if dimension.kind == "choice":
        value: Value = trial.suggest_categorical(dimension.name, list(dimension.values))
        return value
    low, high = dimension.low or 0.0, dimension.high or 0.0
    if dimension.integer:
        return int(trial.suggest_int(dimension.name, int(low), int(high), log=dimension.log))
    value = float(f"{trial.suggest_float(dimension.name, low, high, log=dimension.log):.4g}")
    return min(max(value, low), high)


def _history(inspection: Inspection, dimensions: Sequence[Dimension], optuna: Any, asked: Any) -> list[Any]:
    """Return the trials so far that lie in the space, as Optuna keeps them; lower is better."""
    outcome = outcome_of(inspection.sweep, *asked)
    kept = np.flatnonzero(np.isfinite(outcome.badness))[-MOST_HISTORY:]
    results = outcome.badness[kept]
    if (groups := groups_of(inspection.sweep)[kept]).size and np.ptp(groups):
        results = ranks_within(results, groups)
    spaces = {d.name: _distribution(d, optuna) for d in dimensions if d.kind != "fixed"}
    rows = inspection.sweep.trials.select([d.name for d in dimensions])[kept].to_dicts()
    found = []
    for row, badness in zip(rows, results, strict=True):
        params = {name: row[name] for name in spaces if row[name] is not None and row[name] == row[name]}
        inside = all(_holds(spaces[name], value, optuna) for name, value in params.items())
        if inside and params:
            used = {name: spaces[name] for name in params}
            found.append(optuna.trial.create_trial(params=params, distributions=used, value=float(badness)))
    return found


def _holds(distribution: Any, value: Any, optuna: Any) -> bool:
    if isinstance(distribution, optuna.distributions.CategoricalDistribution):
        return value in distribution.choices
    return bool(distribution.low <= value <= distribution.high)


def _distribution(dimension: Dimension, optuna: Any) -> Any:
    kinds = optuna.distributions
    if dimension.kind == "choice":
        return kinds.CategoricalDistribution(list(dimension.values))
    if dimension.integer:
        return kinds.IntDistribution(int(dimension.low or 0), int(dimension.high or 0), log=dimension.log)
    return kinds.FloatDistribution(float(dimension.low or 0), float(dimension.high or 0), log=dimension.log)
