"""YAML written by hand: scalars as JSON, which every YAML parser reads, and comments that stay on their line."""

from __future__ import annotations

import json

from hpi_core.next_experiment.cutting import avoid
from hpi_core.next_experiment.model import Plan, Value
from hpi_core.text import safe


def scalar(value: Value) -> str:
    """Return a value as a JSON scalar; whole floats keep their point, so that they stay floats."""
    if isinstance(value, float):
        text = repr(value)
        # YAML 1.1 takes 1e-05 for a word: it wants a point and a signed exponent.
        if "e" in text:
            mantissa, exponent = text.split("e")
            return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{int(exponent):+03d}"
        return text
    return json.dumps(value, ensure_ascii=True)


def comment(text: str, indent: int = 0) -> str:
    """Return a comment line; whatever stood in the data cannot end it."""
    return f"{'':{indent}}# {safe(text)}"


def unsaid(plan: Plan) -> list[str]:
    """Return what a list of ranges and values cannot say: what is computed, what to avoid; then the notes."""
    computed = [f"Compute {relation.text}." for relation in plan.relations if relation.known and relation.formula]
    computed += [
        f"{relation.text}: {', '.join(f'{key} → {value}' for key, value in relation.table.items())}."
        for relation in plan.relations
        if relation.table
    ]
    return [*computed, *(avoid(exclusion) for exclusion in plan.exclusions), *plan.notes]
