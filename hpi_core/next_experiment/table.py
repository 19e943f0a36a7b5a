"""The plan as a table to read: parameter, current, recommended, why; in Markdown, so that it can be pasted."""

from __future__ import annotations

from hpi_core.next_experiment.contract import ExportFormat
from hpi_core.next_experiment.model import Plan
from hpi_core.text import safe


def render(plan: Plan) -> str:
    """Return the changes as a Markdown table, then what will be run, then the notes."""
    lines = ["| parameter | current | recommended | rationale | confidence |", "|---|---|---|---|---|"]
    lines += [
        f"| {_cell(c.parameter)} | {_cell(c.now)} | {_cell(c.to if c.action not in ('keep', 'watch') else 'as it is')} "
        f"| {_cell(c.action)}: {_cell(c.rationale)} | {c.confidence} |"
        for c in plan.changes
    ]
    purposes = [configuration.purpose for configuration in plan.configurations]
    will = (
        f"{purposes.count('search')} new configurations, {purposes.count('repeat')} repetitions of the best trials, "
        f"{purposes.count('probe')} probes beyond cuts: `--format csv` lists them."
    )
    lines += ["", will, ""]
    lines += [f"- {_cell(note)}" for note in plan.notes]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return safe(text).replace("|", "\\|")


FORMAT = ExportFormat("table", ".md", "what to change and why", render)
