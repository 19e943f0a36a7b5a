"""Relations: parameters that followed from others in every trial so far, and how to compute them.

A schedule's warm-up, a learning rate scaled by the batch, a logarithm beside its number: drawn apart they would be
configurations that nobody means. One of them is searched, the others are computed, or left to whoever runs the trial.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hpi_core.numerals import number

if TYPE_CHECKING:
    from hpi_core.next_experiment.model import Value


@dataclass(frozen=True)
class Relation:
    """How one parameter follows from others.

    Attributes:
        name: the parameter.
        parents: what it follows from.
        share: of its variance, how much they explain; 1 for a function.
        log: a formula gives its logarithm.
        intercept, slopes: of a formula; a slope per parent, of its logarithm where `logs` says so.
        integer: a whole number.
        table: of a parameter of few values, the parent's value -> its own, None where it is not set.
        known: whether it can be computed: not where it is a function without a formula.
    """

    name: str
    parents: tuple[str, ...]
    share: float = 1.0
    log: bool = False
    intercept: float = 0.0
    slopes: tuple[float, ...] = ()
    logs: tuple[bool, ...] = ()
    integer: bool = False
    table: Mapping[Value, Value | None] = field(default_factory=dict)
    known: bool = True

    def value(self, values: Mapping[str, Value | None]) -> Value | None:
        """Return what it is in a configuration, at four significant digits; None where that cannot be told."""
        given = [values.get(parent) for parent in self.parents]
        if self.table:
            return self.table.get(given[0]) if given[0] is not None else None
        numbers = [float(x) for x in given if isinstance(x, int | float)]
        if not self.known or len(numbers) != len(given):
            return None
        if any(log and x <= 0 for x, log in zip(numbers, self.logs, strict=True)):
            return None
        total = self.intercept
        for x, slope, log in zip(numbers, self.slopes, self.logs, strict=True):
            total += slope * (math.log(x) if log else x)
        found = math.exp(min(total, 700.0)) if self.log else total
        return round(found) if self.integer else float(f"{found:.4g}")

    @property
    def exact(self) -> bool:
        """Whether it is a function of its parents, but for the last digits."""
        return self.share > 1 - 1e-9

    @property
    def formula(self) -> str:
        """The right-hand side in words: `0.003906 · lr · batch_size`; empty where there is none."""
        if self.table or not self.known:
            return ""
        parts = list(zip(self.parents, self.slopes, self.logs, strict=True))
        if self.log and all(self.logs):
            factor = math.exp(self.intercept)
            told = [name if slope == 1 else f"{name}^{number(slope)}" for name, slope, _ in parts]
            return " · ".join([*([] if abs(factor - 1) < 1e-9 else [number(factor)]), *told])
        said = number(self.intercept) if abs(self.intercept) > 1e-9 else ""
        for name, slope, log in parts:
            term, size = (f"log10({name})", slope * math.log(10)) if log else (name, slope)
            term = term if abs(abs(size) - 1) < 1e-9 else f"{number(abs(size))} · {term}"
            said = f"{said} {'-' if size < 0 else '+'} {term}" if said else f"{'-' if size < 0 else ''}{term}"
        return f"exp({said})" if self.log else said

    @property
    def text(self) -> str:
        """What a person has to know: `lr_scaled = 0.003906 · lr · batch_size`."""
        if self.formula:
            return f"{self.name} {'=' if self.exact else '≈'} {self.formula}"
        return f"{self.name} is a function of {', '.join(self.parents)}"
