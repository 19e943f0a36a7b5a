"""The next experiment: a better search space with reasons, configurations to run, and both in the tools' own formats.

plan = plan_next(hpi_core.inspect(sweep), trials=32)
print(render(plan, "wandb"))
"""

from __future__ import annotations

from hpi_core.next_experiment.contract import ExportFormat
from hpi_core.next_experiment.formats import export_formats, render
from hpi_core.next_experiment.model import Change, Condition, Configuration, Dimension, Plan, Row
from hpi_core.next_experiment.planning import plan_next

__all__ = [
    "Change", "Condition", "Configuration", "Dimension", "ExportFormat", "Plan", "Row", "export_formats",
    "plan_next", "render",
]  # fmt: skip
