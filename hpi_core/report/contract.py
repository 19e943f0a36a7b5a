"""What a report format is: a name, the endings of its files, and a way to write a summary down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Making:
    """How a report was made: the version, the options in words, and the date if the person asked for one."""

    version: str
    options: str
    date: str | None = None


@dataclass(frozen=True)
class ReportFormat:
    """One format a report can be written in.

    Attributes:
        name: the word for it.
        suffixes: the endings of file names that choose it, with their dots.
        render: summary (as `hpi_core.summarize` returns it) and how it was made -> the report as text.
    """

    name: str
    suffixes: tuple[str, ...]
    render: Callable[[Mapping[str, Any], Making], str]
