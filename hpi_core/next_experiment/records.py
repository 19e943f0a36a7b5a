"""The plan as plain data, ready for JSON."""

from __future__ import annotations

from typing import Any

from hpi_core.next_experiment.model import Dimension, Plan
from hpi_core.numerals import rounded
from hpi_core.summary import plain


def plan_record(plan: Plan) -> dict[str, Any]:
    """Return the whole plan; values of the source are as they stand there, infinite ones and NaN named in words."""
    return {
        "schema": "hpi.next/1",
        "source": plan.source,
        "objective": None
        if plan.metric is None or plan.direction is None
        else {"metric": plan.metric, "direction": plan.direction},
        "changes": [
            {
                "parameter": row.parameter,
                "current": row.current,
                "recommended": row.recommended,
                "changed": row.changed,
                "steps": [
                    {
                        "action": step.action,
                        "to": step.to,
                        "reasons": list(step.reasons),
                        "confidence": None if step.confidence == "none" else step.confidence,
                    }
                    for step in row.steps
                ],
            }
            for row in plan.rows
        ],
        "space": [_dimension(dimension) for dimension in plan.dimensions],
        "relations": [
            {
                "name": relation.name,
                "parameters": list(relation.parents),
                "share": rounded(relation.share),
                "formula": relation.formula or None,
                "values": [[plain(key), plain(value)] for key, value in relation.table.items()],
            }
            for relation in plan.relations
        ],
        "exclusions": [
            {"text": exclusion.text, "issue": exclusion.issue, "conditions": [part.text for part in exclusion.region]}
            for exclusion in plan.exclusions
        ],
        "configurations": [
            {"values": {name: plain(value) for name, value in c.values.items()}, "purpose": c.purpose, "note": c.note}
            for c in plan.configurations
        ],
        "notes": list(plan.notes),
    }


def _dimension(dimension: Dimension) -> dict[str, Any]:
    condition = dimension.condition
    return {
        "name": dimension.name,
        "kind": dimension.kind,
        "low": dimension.low,
        "high": dimension.high,
        "scale": "log" if dimension.log else "linear",
        "integer": dimension.integer,
        "values": [plain(value) for value in dimension.values],
        "also": list(dimension.also),
        "condition": None if condition is None else {"parameter": condition.parent, "values": list(condition.values)},
    }
