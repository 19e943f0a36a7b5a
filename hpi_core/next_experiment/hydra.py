"""The plan as a configuration of Hydra's Optuna sweeper (YAML)."""

from __future__ import annotations

import json
import re

from hpi_core.next_experiment.contract import ExportFormat
from hpi_core.next_experiment.cutting import apart
from hpi_core.next_experiment.model import Dimension, Plan, Value
from hpi_core.next_experiment.yaml_text import comment, scalar, unsaid

# What Hydra takes for the name of a parameter, and for a value without quotes.
_KEY = re.compile(r"[A-Za-z_][\w\-]*([./][A-Za-z_][\w\-]*)*")
_BARE = re.compile(r"[A-Za-z_][\w\-]*")
_RESERVED = frozenset(["true", "false", "null", "nan", "inf"])


def render(plan: Plan) -> str:
    """Return the YAML; a parameter whose name Hydra cannot take stands in it as a comment."""
    direction = "maximize" if plan.direction == "max" else "minimize"
    searched = max(1, sum(c.purpose == "search" for c in plan.configurations))
    lines = [
        "# @package _global_",
        comment(f"The next sweep after {plan.source}: keep it as conf/next/sweep.yaml, then train.py +next=sweep -m"),
        "defaults:",
        "  - override /hydra/sweeper: optuna",
        "hydra:",
        "  sweeper:",
        f"    direction: {direction}",
        f"    n_trials: {searched}",
        "    sampler:",
        "      _target_: optuna.samplers.TPESampler",
        "      seed: 0",
        "      multivariate: true",
        "    params:",
    ]
    written = [line for dimension in plan.dimensions for line in _parameter(dimension)]
    if not any(not line.lstrip().startswith("#") for line in written):
        lines[-1] += " {}"
    return "\n".join([*lines, *written, *(comment(note) for note in unsaid(plan))]) + "\n"


def override(dimension: Dimension) -> str | None:
    """Return the right-hand side of a sweep override; None where Hydra cannot take the name."""
    if not _KEY.fullmatch(dimension.name):
        return None
    if dimension.kind == "fixed":
        return _element(dimension.values[0])
    if dimension.kind == "choice":
        return f"choice({', '.join(_element(value) for value in dimension.values)})"
    low, high = dimension.low or 0.0, dimension.high or 0.0
    if dimension.integer:
        return (
            f"tag(log, int(interval({int(low)}, {int(high)})))"
            if dimension.log
            else f"range({int(low)}, {int(high) + 1})"
        )
    space = f"interval({scalar(float(low))}, {scalar(float(high))})"
    return f"tag(log, {space})" if dimension.log else space


def _parameter(dimension: Dimension) -> list[str]:
    told = override(dimension)
    if told is None:
        return [comment(f"left out, Hydra cannot take the name: {dimension.name}", 6)]
    lines = []
    if dimension.condition is not None:
        words = ", ".join(str(value) for value in dimension.condition.values)
        lines.append(comment(f"read it only where {dimension.condition.parent} is {words}", 6))
    if dimension.apart:
        lines.append(comment(apart(dimension), 6))
    if dimension.also:
        lines.append(comment(f"{', '.join(str(value) for value in dimension.also)} was tried as well", 6))
    return [*lines, f"      {dimension.name}: {json.dumps(told)}"]


def _element(value: Value) -> str:
    """Return a value in Hydra's override grammar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return scalar(value)
    if _BARE.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    return "'" + re.sub(r"(\\*)'", lambda found: found[1] * 2 + "\\'", value) + "'"


FORMAT = ExportFormat("hydra", ".yaml", "a configuration of Hydra's Optuna sweeper", render)
