"""render(): a plan in one of the formats of this package, found by walking it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpi_core.errors import UsageError
from hpi_core.next_experiment.contract import ExportFormat
from hpi_core.plugins import discover

if TYPE_CHECKING:
    from hpi_core.next_experiment.model import Plan


def export_formats() -> tuple[ExportFormat, ...]:
    """Return every format, by name."""
    import hpi_core.next_experiment as package

    found = [item for item in discover(package, "FORMAT").found if isinstance(item, ExportFormat)]
    return tuple(sorted(found, key=lambda one: one.name))


def render(plan: Plan, name: str) -> str:
    """Return the plan in the format of this name.

    Raises:
        UsageError: there is no such format, or it cannot hold the plan.
    """
    return format_named(name).render(plan)


def format_named(name: str) -> ExportFormat:
    """Return the format of this name.

    Raises:
        UsageError: there is no such format.
    """
    for one in export_formats():
        if one.name == name:
            return one
    raise UsageError(f"There is no format {name}.", f"Formats are {', '.join(one.name for one in export_formats())}.")
