"""Python written by hand: literals that are only ever literals, and comments that stay on their line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from hpi_core.next_experiment.cutting import avoid, lies_in
from hpi_core.next_experiment.model import Dimension, Exclusion, Plan, Value
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.next_experiment.relations import Relation
    from hpi_core.statistics.findings import Condition as Region


def literal(value: Value | None) -> str:
    """Return a value as a Python literal in ASCII; no text from data can be anything else."""
    return ascii(value)


def remark(text: str, indent: int = 0) -> str:
    """Return a comment line; whatever stood in the data cannot end it."""
    return f"{'':{indent}}# {safe(text)}"


def heading(plan: Plan, what: str, told: Collection[Exclusion] = ()) -> list[str]:
    """Return the comment at the top: what this is, and what a person has to know."""
    unsaid = [remark(avoid(exclusion)) for exclusion in plan.exclusions if exclusion not in told]
    return [remark(f"{what} after {plan.source}."), *unsaid, *(remark(note) for note in plan.notes)]


def imports(plan: Plan) -> list[str]:
    """Return what the expressions of this plan need beside the tool itself."""
    return (
        ["import math", ""] if any(r.known and not r.table and (r.log or any(r.logs)) for r in plan.relations) else []
    )


def configurations(plan: Plan, left_out: Mapping[str, tuple[Value, ...]] | None = None) -> list[str]:
    """Return the lines of two lists of dictionaries, without values that are not set: new ones, and checks.

    Repetitions of the best and probes may lie outside the new space, so they stand apart. `left_out` are values by
    parameter that the tool cannot take for one of its own.
    """
    apart = left_out or {}
    new = [
        f"    {_dictionary({name: v for name, v in c.values.items() if v not in apart.get(name, ())})},"
        for c in plan.configurations
        if c.purpose == "search"
    ]
    checks = [
        line
        for c in plan.configurations
        if c.purpose != "search"
        for line in (remark(f"{c.purpose}: {c.note}", 4), f"    {_dictionary(c.values)},")
    ]
    outside = remark("To run on their own: some of them lie outside the new space.")
    return ["CONFIGURATIONS = [", *new, "]", "", outside, "CHECKS = [", *checks, "]"]


def computed(relation: Relation) -> str:
    """Return an expression of `config` for a parameter that follows from others, at four significant digits."""
    given = [f"config[{literal(parent)}]" for parent in relation.parents]
    if relation.table:
        told = ", ".join(f"{literal(key)}: {literal(value)}" for key, value in relation.table.items())
        return f"{{{told}}}.get({given[0]})"
    terms = [
        f"{literal(slope)} * {f'math.log({name})' if log else name}"
        for name, slope, log in zip(given, relation.slopes, relation.logs, strict=True)
    ]
    total = " + ".join([literal(relation.intercept), *terms])
    found = f"math.exp({total})" if relation.log else total
    return f"round({found})" if relation.integer else f"float(format({found}, '.4g'))"


def lying_in(region: Region, dimension: Dimension) -> str:
    """Return a condition on `config`: whether a parameter lies in a region."""
    own = f"config[{literal(dimension.name)}]"
    if dimension.kind != "range":
        values = [literal(value) for value in dimension.values if lies_in(value, region)]
        return f"{own} in ({', '.join(values)},)"
    low = f"{literal(region.low)} < " if region.low is not None and region.high is not None else ""
    if region.high is None:
        return f"{own} > {literal(region.low)}"
    return f"{low}{own} <= {literal(region.high)}"


def _dictionary(values: Mapping[str, Value | None]) -> str:
    told = [f"{literal(name)}: {literal(value)}" for name, value in values.items() if value is not None]
    return "{" + ", ".join(told) + "}"
