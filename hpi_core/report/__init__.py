"""Reports: what was found out about a sweep as a document, one file per format.

render(summary, "hparam_report.md", making)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from hpi_core.errors import UsageError
from hpi_core.plugins import discover
from hpi_core.report.contract import Making, ReportFormat

__all__ = ["Making", "ReportFormat", "formats", "render"]


def formats() -> tuple[ReportFormat, ...]:
    """Return every format, by name."""
    import hpi_core.report as package

    found = [item for item in discover(package, "FORMAT").found if isinstance(item, ReportFormat)]
    return tuple(sorted(found, key=lambda one: one.name))


def render(summary: Mapping[str, Any], name: str, making: Making) -> str:
    """Return the report in the format that a file of this name has; `-` means Markdown.

    Raises:
        UsageError: no format has this ending.
    """
    suffix = ".md" if name == "-" else PurePath(name).suffix.lower()
    known = formats()
    for one in known:
        if suffix in one.suffixes:
            return one.render(summary, making)
    endings = ", ".join(ending for one in known for ending in one.suffixes)
    raise UsageError(f"No report format has the ending of {name}.", f"Endings are {endings}.")
