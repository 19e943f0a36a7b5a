"""The one family of claims: everything a sweep may be told shares one false discovery rate.

Benjamini and Hochberg's procedure on weighted p-values (Genovese, Roeder and Wasserman 2006): what is asked for first,
parameters against issues, keeps most of the weight, so that the many pairs of parameters, the outcomes of the objective
and the issues that are no illness, tested beside it, cost it little.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from hpi_core.statistics.intervals import discovery_rates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpi_core.statistics.inputs import Floats

Member = Literal["issue", "objective", "pair", "info"]
WEIGHTS: Mapping[Member, float] = {"issue": 0.87, "objective": 0.1, "pair": 0.03, "info": 0.1}


@dataclass(frozen=True, eq=False)
class Family:
    """The q-values of every member, in the order given, and the share of the weight of each member with any test."""

    q: Mapping[Member, Floats]
    strict: Mapping[Member, Floats]
    shares: Mapping[Member, float]

    @property
    def size(self) -> int:
        """Number of tests of all members."""
        return sum(len(values) for values in self.q.values())

    def later(self, log10_p: float, member: Member, more: int) -> float:
        """Return q of one of `more` tests that were made only because others had passed: Bonferroni's, over all."""
        return float(10.0 ** np.clip(log10_p - self.bar(member, more, 1.0), -300, 0))

    def bar(self, member: Member, more: int, q: float) -> float:
        """Return the decimal logarithm of the p-value whose `later` is q."""
        return math.log10(q * self.shares[member] / (len(self.q[member]) + more))


def family(log10_p: Mapping[Member, Sequence[float]]) -> Family:
    """Return the q-values of all tests, given their p-values as decimal logarithms."""
    kept: list[Member] = [member for member in WEIGHTS if len(log10_p.get(member, ()))]
    whole = sum(WEIGHTS[member] for member in kept)
    shares: dict[Member, float] = {member: WEIGHTS[member] / whole for member in kept}
    size = sum(len(log10_p[member]) for member in kept)
    weighted = [
        np.asarray(log10_p[member]) - math.log10(shares[member] * size / len(log10_p[member])) for member in kept
    ]
    q, strict = discovery_rates(np.minimum(np.concatenate(weighted), 0.0) if weighted else np.empty(0))
    ends = np.cumsum([len(log10_p[member]) for member in kept])[:-1].astype(np.int64)
    by_member = dict(zip(kept, np.split(q, ends), strict=True)) if kept else {}
    by_member_strict = dict(zip(kept, np.split(strict, ends), strict=True)) if kept else {}
    return Family(
        {member: by_member.get(member, np.empty(0)) for member in WEIGHTS},
        {member: by_member_strict.get(member, np.empty(0)) for member in WEIGHTS},
        shares,
    )
