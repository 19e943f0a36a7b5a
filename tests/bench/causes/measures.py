"""What a study measures of one sweep, and how a rate over sweeps is judged: by its confidence bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.intervals import wilson
from tests.bench.causes.naive import naive_claims

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpi_core.statistics.findings import Cause, CauseFindings
    from tests.bench.causes.sweeps import Planted


def upper_bound(hits: int, trials: int) -> float:
    """Return the one-sided 95 % upper bound of a rate."""
    return wilson(hits, trials, 1.645)[1]


def lower_bound(hits: int, trials: int) -> float:
    """Return the one-sided 95 % lower bound of a rate."""
    return wilson(hits, trials, 1.645)[0]


def told(hits: int, trials: int) -> str:
    """Return `rate [lower, upper] (hits/trials)`."""
    low, high = wilson(hits, trials, 1.645)
    return f"{hits / max(trials, 1):.3f} [{low:.3f}, {high:.3f}] ({hits}/{trials})"


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in columns as wide as their widest cell."""
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    print(f"\n{title}")
    for row in (head, *rows):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def covers(cause: Cause, sweep: Planted) -> dict[str, bool]:
    """Return which intervals of a range cause on `lr` hold the truth at the range as printed."""
    values = np.asarray(sweep.parameters[0].values)
    inside = np.ones(len(values), dtype=np.bool_)
    if cause.low is not None:
        inside &= values > cause.low
    if cause.high is not None:
        inside &= values <= cause.high
    rate, elsewhere = float(sweep.truth[inside].mean()), float(sweep.truth[~inside].mean())
    assert cause.threshold_low is not None
    assert cause.threshold_high is not None
    return {
        "threshold": cause.threshold_low <= sweep.threshold <= cause.threshold_high,
        "rate": cause.rate_low <= rate <= cause.rate_high,
        "ratio": cause.ratio_low <= rate / max(elsewhere, 1e-12) <= cause.ratio_high,
        "difference": cause.difference_low <= rate - elsewhere <= cause.difference_high,
    }


def any_claim(found: CauseFindings) -> bool:
    """Return whether anything at all is claimed."""
    parts = (found, found.objective, found.infos)
    return bool(found.pairs) or any(part.causes or part.not_causes for part in parts)


def naive_hits(sweep: Planted) -> set[tuple[str, str]]:
    """Return what the naive method tells of this sweep."""
    return naive_claims(sweep.parameters, sweep.issues)
