"""How many of all, and of the best tenth of, real trials a rule flags."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from hpi_core.detectors import detect
from hpi_core.detectors.context import Context
from hpi_core.sweep import Sweep

Rule = Callable[[Context], pl.Series | None]


@dataclass
class Rate:
    """Flagged and judged trials, of all and of the best tenth."""

    flagged: int = 0
    judged: int = 0
    best_flagged: int = 0
    best: int = 0

    def add(self, flags: pl.Series, judged: pl.Series, best: pl.Series) -> None:
        self.flagged += int((flags & judged).sum())
        self.judged += int(judged.sum())
        self.best_flagged += int((flags & judged & best).sum())
        self.best += int((judged & best).sum())

    @property
    def of_all(self) -> float:
        return self.flagged / max(1, self.judged)

    @property
    def of_best(self) -> float:
        return self.best_flagged / max(1, self.best)


def flag_rates(sweeps: Iterable[tuple[str, Sweep]], rules: dict[str, Rule]) -> dict[str, dict[str, Rate]]:
    """Return family -> rule -> rate: every detector that ran, and the rules of others."""
    found: dict[str, dict[str, Rate]] = {}
    for name, sweep in sweeps:
        context = Context(sweep)
        best = _best(context)
        rates = found.setdefault(name.split()[0], {})
        for issue, verdict in detect(sweep).verdicts.items():
            rates.setdefault(issue, Rate()).add(verdict.fill_null(False), verdict.is_not_null(), best)
        for rule, judge in rules.items():
            flags = judge(context)
            if flags is not None:
                rates.setdefault(rule, Rate()).add(flags.fill_null(False), flags.is_not_null(), best)
    return found


def _best(context: Context) -> pl.Series:
    assert context.badness is not None
    known = context.badness.drop_nulls()
    edge = known.bottom_k(max(1, known.len() // 10)).max()
    return (context.badness <= edge).fill_null(False)
