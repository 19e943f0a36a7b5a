"""Python written by hand: literals that are only ever literals, and comments that stay on their line."""

from __future__ import annotations

from collections.abc import Mapping

from hpi_core.next_experiment.model import Plan, Value
from hpi_core.text import safe


def literal(value: Value | None) -> str:
    """Return a value as a Python literal in ASCII; no text from data can be anything else."""
    return ascii(value)


def remark(text: str, indent: int = 0) -> str:
    """Return a comment line; whatever stood in the data cannot end it."""
    return f"{'':{indent}}# {safe(text)}"


def heading(plan: Plan, what: str) -> list[str]:
    """Return the comment at the top: what this is, and what a person has to know."""
    return [remark(f"{what} after {plan.source}."), *(remark(note) for note in plan.notes)]


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


def _dictionary(values: Mapping[str, Value | None]) -> str:
    told = [f"{literal(name)}: {literal(value)}" for name, value in values.items() if value is not None]
    return "{" + ", ".join(told) + "}"
