"""Counting sick and assessable trials per code for all issues at once, in time that hardly grows with their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpi_core.statistics.inputs import Booleans, Codes, Integers, Issue

_MOST_PATTERNS = 256


class Tally:
    """Index lists of sick trials and the distinct patterns of assessability, made once for all parameters.

    Attributes:
        n: assessable trials per issue.
        m: sick ones among them per issue.
    """

    def __init__(self, issues: Sequence[Issue]) -> None:
        self._sick = [np.flatnonzero(issue.sick & issue.assessable) for issue in issues]
        masks: dict[bytes, int] = {}
        unique: list[Booleans] = []
        self._mask_of: list[int] = []
        for issue in issues:
            key = np.packbits(issue.assessable).tobytes()
            if key not in masks:
                masks[key] = len(unique)
                unique.append(issue.assessable)
            self._mask_of.append(masks[key])
        self._masks = unique
        self._pattern, self._holds = _patterns(unique)
        self.n = np.array([int(unique[k].sum()) for k in self._mask_of], dtype=np.int64)
        self.m = np.array([len(rows) for rows in self._sick], dtype=np.int64)

    def count(self, codes: Codes, size: int) -> tuple[Integers, Integers]:
        """Return sick and assessable trials per issue and code, both of shape (issues, size)."""
        positives = [np.bincount(codes[rows], minlength=size) for rows in self._sick]
        totals = self._totals(codes, size)[self._mask_of]
        return np.array(positives, dtype=np.int64), totals

    def count_strata(
        self, codes: Codes, size: int, issue: int, strata: Codes, n_strata: int, inside: Booleans | None = None
    ) -> tuple[Integers, Integers]:
        """Return sick and assessable trials of one issue per stratum and code, both of shape (n_strata, size).

        With `inside`, of these trials only.
        """
        joint = strata.astype(np.int32) * size + codes
        sick, mask = self._sick[issue], self._masks[self._mask_of[issue]]
        if inside is not None:
            sick, mask = sick[inside[sick]], mask & inside
        positives = np.bincount(joint[sick], minlength=n_strata * size)
        totals = np.bincount(joint[mask], minlength=n_strata * size)
        return positives.reshape(n_strata, size), totals.reshape(n_strata, size)

    def sick_rows(self, issue: int) -> Integers:
        """Return the sick assessable trials of one issue, ascending."""
        return self._sick[issue]

    def _totals(self, codes: Codes, size: int) -> Integers:
        if self._pattern is None:
            return np.array([np.bincount(codes[mask], minlength=size) for mask in self._masks], dtype=np.int64)
        if len(self._holds) == 1:
            return np.outer(self._holds[0], np.bincount(codes, minlength=size)).astype(np.int64)
        joint = self._pattern * size + codes
        table = np.bincount(joint, minlength=size * len(self._holds)).reshape(len(self._holds), size)
        return np.asarray(self._holds.T.astype(np.int64) @ table)


def _patterns(masks: Sequence[Booleans]) -> tuple[Integers | None, Integers]:
    """Return the pattern of every trial and which masks hold in each pattern, shape (patterns, masks); None if many."""
    if not masks:
        return None, np.empty((0, 0), dtype=np.int64)
    pattern = np.zeros(len(masks[0]), dtype=np.int32)
    known = 1
    for mask in masks:
        joint = pattern * 2 + mask
        used = np.flatnonzero(np.bincount(joint, minlength=2 * known))
        if len(used) > _MOST_PATTERNS:
            return None, np.empty((0, 0), dtype=np.int64)
        table = np.zeros(2 * known, dtype=np.int32)
        table[used] = np.arange(len(used))
        pattern, known = table[joint], len(used)
    first = np.zeros(known, dtype=np.int64)
    first[pattern] = np.arange(len(pattern))
    return pattern.astype(np.int64), np.array([mask[first] for mask in masks], dtype=np.int64).T
