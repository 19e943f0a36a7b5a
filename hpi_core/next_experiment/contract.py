"""What an export format is: a name, the ending of its files, and a way to write a plan down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpi_core.next_experiment.model import Plan


@dataclass(frozen=True)
class ExportFormat:
    """One format a plan can be written in.

    Attributes:
        name: the word for `--format`.
        suffix: the ending of its files, with its dot.
        help: what it is, in a phrase.
        render: plan -> text; what the format cannot say stands in it as a comment, nothing is left out in silence.
    """

    name: str
    suffix: str
    help: str
    render: Callable[[Plan], str]
