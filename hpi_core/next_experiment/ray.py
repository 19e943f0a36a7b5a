"""The plan as a Python script for Ray Tune: a search space, and configurations to try first."""

from __future__ import annotations

from hpi_core.next_experiment.contract import ExportFormat
from hpi_core.next_experiment.cutting import Nested, apart, nested
from hpi_core.next_experiment.model import Dimension, Plan
from hpi_core.next_experiment.python_text import computed, configurations, heading, imports, literal, lying_in, remark


def render(plan: Plan) -> str:
    """Return the script; importing it runs nothing. Conditional parameters are None where they are not set."""
    mode = "max" if plan.direction == "max" else "min"
    smaller = nested(plan)
    lines = [
        *heading(plan, "The next experiment", [one.exclusion for one in smaller.values()]),
        *imports(plan),
        "from ray import tune",
        "",
        f"METRIC = {literal(plan.metric)}",
        f"MODE = {literal(mode)}",
        "",
        "PARAM_SPACE = {",
    ]
    for dimension in plan.dimensions:
        one = smaller.get(dimension.name)
        if one is not None:
            lines.append(remark(f"never {one.exclusion.text}: {one.exclusion.issue}", 4))
        if dimension.apart:
            lines.append(remark(apart(dimension), 4))
        lines.append(f"    {literal(dimension.name)}: {_space(dimension) if one is None else _part(dimension, one)},")
    lines += [
        f"    {literal(relation.name)}: tune.sample_from(lambda config: {computed(relation)}),"
        for relation in plan.relations
        if relation.known
    ]
    lines += ["}", "", *configurations(plan)]
    return "\n".join(lines) + "\n"


def _space(dimension: Dimension) -> str:
    space = _domain(dimension)
    if dimension.condition is None:
        return space
    parent = literal(dimension.condition.parent)
    values = ", ".join(literal(value) for value in dimension.condition.values)
    inside = f"{space}.sample()" if dimension.kind != "fixed" else space
    return f"tune.sample_from(lambda config: {inside} if config[{parent}] in ({values},) else None)"


def _part(dimension: Dimension, one: Nested) -> str:
    """Return a space that is smaller where another parameter lies in a region."""
    less, all_of_it = (f"{_domain(d)}.sample()" if d.kind != "fixed" else _domain(d) for d in (one.smaller, dimension))
    return f"tune.sample_from(lambda config: {less} if {lying_in(one.where, one.other)} else {all_of_it})"


def _domain(dimension: Dimension) -> str:
    if dimension.kind == "fixed":
        return literal(dimension.values[0])
    if dimension.kind == "choice":
        return f"tune.choice([{', '.join(literal(value) for value in dimension.values)}])"
    low, high = dimension.low or 0.0, dimension.high or 0.0
    if dimension.integer:
        return f"tune.{'lograndint' if dimension.log else 'randint'}({int(low)}, {int(high) + 1})"
    return f"tune.{'loguniform' if dimension.log else 'uniform'}({literal(float(low))}, {literal(float(high))})"


FORMAT = ExportFormat("ray", ".py", "a Python script for Ray Tune", render)
