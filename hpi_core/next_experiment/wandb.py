"""The plan as a Weights & Biases sweep configuration (YAML)."""

from __future__ import annotations

import re

from hpi_core.next_experiment.contract import ExportFormat
from hpi_core.next_experiment.cutting import apart
from hpi_core.next_experiment.model import Dimension, Plan
from hpi_core.next_experiment.yaml_text import comment, scalar, unsaid

# What the schema of sweep configurations takes for the name of a parameter.
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def render(plan: Plan) -> str:
    """Return the YAML; what a sweep cannot say (conditions, values off the scale) stands in it as a comment."""
    lines = [comment(f"The next sweep after {plan.source}. Say what to run in `program`."), "program: train.py"]
    if plan.metric is not None and plan.direction is not None:
        goal = "minimize" if plan.direction == "min" else "maximize"
        lines += ["method: bayes", "metric:", f"  name: {scalar(plan.metric)}", f"  goal: {goal}"]
    else:
        lines += ["method: random"]
    named = [dimension for dimension in plan.dimensions if _KEY.fullmatch(dimension.name)]
    lines += ["parameters:"] if named else ["parameters: {}"]
    for dimension in plan.dimensions:
        if dimension in named:
            lines += _parameter(dimension)
        else:
            lines.append(comment(f"left out, a sweep cannot take the name: {dimension.name}", 2))
    lines += [comment(note) for note in unsaid(plan)]
    return "\n".join(lines) + "\n"


def _parameter(dimension: Dimension) -> list[str]:
    lines = [f"  {scalar(dimension.name)}:"]
    if dimension.condition is not None:
        words = ", ".join(str(value) for value in dimension.condition.values)
        lines.append(comment(f"read it only where {dimension.condition.parent} is {words}", 4))
    if dimension.apart:
        lines.append(comment(apart(dimension), 4))
    if dimension.kind == "fixed":
        return [*lines, f"    value: {scalar(dimension.values[0])}"]
    if dimension.kind == "choice":
        return [*lines, f"    values: [{', '.join(scalar(value) for value in dimension.values)}]"]
    if dimension.also:
        lines.append(comment(f"{', '.join(str(value) for value in dimension.also)} was tried as well", 4))
    low, high = dimension.low or 0.0, dimension.high or 0.0
    if dimension.integer:
        kind = "q_log_uniform_values" if dimension.log else "int_uniform"
        lines += [f"    distribution: {kind}", f"    min: {int(low)}", f"    max: {int(high)}"]
        return [*lines, "    q: 1"] if dimension.log else lines
    kind = "log_uniform_values" if dimension.log else "uniform"
    return [*lines, f"    distribution: {kind}", f"    min: {scalar(float(low))}", f"    max: {scalar(float(high))}"]


FORMAT = ExportFormat("wandb", ".yaml", "a Weights & Biases sweep configuration", render)
