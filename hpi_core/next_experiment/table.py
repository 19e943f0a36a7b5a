"""The plan as a table to read: parameter, current, recommended, why; in Markdown, so that it can be pasted."""

from __future__ import annotations

from hpi_core.next_experiment.contract import ExportFormat
from hpi_core.next_experiment.model import Plan, Row
from hpi_core.text import safe


def render(plan: Plan) -> str:
    """Return the changes as a Markdown table, then what will be run, then the notes."""
    lines = ["| parameter | current | recommended | rationale | confidence |", "|---|---|---|---|---|"]
    lines += [
        f"| {_cell(row.parameter)} | {_cell(row.current)} | {_cell('as it is' if row.stays else row.recommended)} | "
        f"{_cell(_why(row))} | {sureness(row)} |"
        for row in plan.rows
    ]
    purposes = [configuration.purpose for configuration in plan.configurations]
    will = (
        f"{purposes.count('search')} new configurations, {purposes.count('repeat')} repetitions of the best trials, "
        f"{purposes.count('probe')} probes beyond cuts: `--format csv` lists them."
    )
    lines += ["", will, ""]
    lines += [f"- {_cell(note)}" for note in plan.notes]
    return "\n".join(lines) + "\n"


def _why(row: Row) -> str:
    return ". ".join(f"{step.action}: {step.rationale}" for step in row.steps)


def sureness(row: Row) -> str:
    """Return how sure the steps of a row are, each where they differ."""
    told = {step.action: step.confidence for step in row.steps if step.confidence != "none"}
    if len(set(told.values())) < 2:
        return next(iter(told.values()), "–")
    return ", ".join(f"{action} {sure}" for action, sure in told.items())


def _cell(text: str) -> str:
    return safe(text).replace("|", "\\|")


FORMAT = ExportFormat("table", ".md", "what to change and why", render)
