"""infer_roles(): every column gets exactly one role, by what the source says, then its name, then its values.

Order of judgement for a column: the user's word; the source's; an all-missing column is ignored; the namespace of its
name (`params_`, `metrics/`, …); the words of its name; the shape of its values. Neither the order of columns nor the
order of rows matters.

Choices worth knowing: bare `epochs`, `steps` and `budget` are resources, since they mostly report what ran, while
`num_epochs` and `max_epochs` are settings. Of several columns that could be id, status, seed or group one is taken;
the others become text (so that a search finds them) or are ignored. Of ids, a name as `trial_id` needs nine in
ten of its values to be distinct, a name as `model` nearly all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hpi_core.roles.classify import Verdict, classify, named_values
from hpi_core.roles.facts import Facts, collect
from hpi_core.roles.model import Hyperparameter, Metric, Objective, RoleHints, RoleOverrides, Roles, SearchRange
from hpi_core.roles.names import is_setting, parse
from hpi_core.roles.objective import infer_objective, pair
from hpi_core.roles.overrides import apply_hints, apply_overrides, check_overrides
from hpi_core.roles.parameters import hyperparameter
from hpi_core.roles.single import choose_single

if TYPE_CHECKING:
    import polars as pl


def infer_roles(table: pl.DataFrame, hints: RoleHints, overrides: RoleOverrides | None = None) -> Roles:
    """Infer the roles of the columns of `table` (no `_row`, no `_status`).

    Raises:
        UsageError: an override names a column that is not there, or a role word nobody knows.
    """
    check_overrides(table.columns, overrides)
    facts = collect(table)
    verdicts = classify(facts)
    choose_single(facts, verdicts)
    apply_hints(verdicts, facts, hints)
    if overrides is not None:
        apply_overrides(verdicts, overrides)
    return _assemble(table, facts, verdicts, hints, overrides)


def _assemble(
    table: pl.DataFrame,
    facts: dict[str, Facts],
    verdicts: dict[str, Verdict],
    hints: RoleHints,
    overrides: RoleOverrides | None,
) -> Roles:
    def of(role: str) -> tuple[str, ...]:
        return tuple(name for name, verdict in verdicts.items() if verdict.role == role)

    metrics = _metrics(of("metric"))
    for name, direction in hints.directions:
        if name in metrics:
            metrics[name] = replace(metrics[name], direction=direction)
    study = any(parse(name).raw.startswith("params_") for name in verdicts) or {"number", "state"} <= verdicts.keys()
    many = named_values(facts) is not None and not study
    objective = _objective(table, metrics, hints, overrides, None if many else study)
    if objective is not None and objective.direction and objective.metric in metrics:
        metrics[objective.metric] = replace(metrics[objective.metric], direction=objective.direction)

    def one(role: str) -> str | None:
        return next(iter(of(role)), None)

    ranges = {search.name: search for search in hints.ranges}
    return Roles(
        id=one("id"),
        status=one("status"),
        hyperparameters=tuple(_ranged(hyperparameter(facts[name]), ranges.get(name)) for name in of("hyperparameter")),
        environment=of("environment"),
        metrics=tuple(metrics.values()),
        resources=of("resource"),
        seed=one("seed"),
        time=of("time"),
        group=one("group"),
        text=of("text"),
        ignored=of("ignored"),
        constants=of("constant"),
        objective=objective,
        why={name: verdict.why for name, verdict in verdicts.items()},
    )


def _ranged(parameter: Hyperparameter, search: SearchRange | None) -> Hyperparameter:
    """Return the hyperparameter with the scale and the bounds of the search, where the source tells them."""
    if search is None or parameter.kind == "categorical":
        return parameter
    return replace(parameter, scale=search.scale, low=search.low, high=search.high)


def _metrics(names: tuple[str, ...]) -> dict[str, Metric]:
    pairs = pair(names)
    metrics: dict[str, Metric] = {}
    for name in names:
        parsed = parse(name)
        read = None if is_setting(parsed) else parsed.metric  # `cur_kl_coeff` is no divergence
        if read is None:
            metrics[name] = Metric(name, None, "other", None)
            continue
        split = read.split
        if split is None and name in pairs:
            split = "train"
        direction = read.direction
        if direction and name.startswith("1") and f"0{name[1:]}" in names:
            # `1-accuracy` beside `0-accuracy` is the accuracy of group 1, not an error.
            direction = parse(f"0{name[1:]}").metric.direction  # type: ignore[union-attr]
        metrics[name] = Metric(name, split, read.quantity, direction, pairs.get(name))
    return metrics


def _objective(
    table: pl.DataFrame,
    metrics: dict[str, Metric],
    hints: RoleHints,
    overrides: RoleOverrides | None,
    study: bool | None,
) -> Objective | None:
    """Return the objective; `study` says that the table is an Optuna study, None that no metric can rank it."""
    objective = hints.objective if hints.objective and hints.objective.metric in metrics else None
    if objective is None and study is not None:
        objective = infer_objective(table, metrics, study)
    if overrides is None:
        return objective
    if overrides.objective is not None:
        same = objective is not None and objective.metric == overrides.objective
        known = objective.direction if same and objective is not None else metrics[overrides.objective].direction
        return Objective(overrides.objective, overrides.direction or known, overrides.origin)
    if overrides.direction is not None and objective is not None:
        return Objective(objective.metric, overrides.direction, overrides.origin)
    return objective
