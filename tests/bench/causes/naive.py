"""The method most tools use, to compare with: five quantile buckets, raw rates, told from twice the base rate on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpi_core.statistics.inputs import Issue, Parameter


def naive_claims(parameters: Sequence[Parameter], issues: Sequence[Issue], lift: float = 2.0) -> set[tuple[str, str]]:
    """Return the pairs of parameter and issue of which some bucket has at least `lift` times the issue's rate."""
    told = set()
    for issue in issues:
        for parameter in parameters:
            use = issue.assessable & ~parameter.missing
            x, y = np.asarray(parameter.values)[use], issue.sick[use]
            if len(y) < 5 or not y.any():
                continue
            if parameter.kind == "categorical":
                bucket = x.astype(np.int64)
            else:
                bucket = np.searchsorted(np.quantile(x, [0.2, 0.4, 0.6, 0.8]), x, side="left")
            n, a = np.bincount(bucket), np.bincount(bucket, weights=y)
            if (a[n > 0] / n[n > 0]).max() >= lift * y.mean():
                told.add((parameter.name, issue.id))
    return told
