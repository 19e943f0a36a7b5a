"""Hyperparameters that were changed together cannot be told apart.

MEANING
    Two hyperparameters go together in nearly all trials, or one is decided by the other.

WHY IT IS BAD
    Whatever one of them does, the sweep cannot say which of the two did it; causes and importance are shared out by
    accident.

HOW IT IS DECIDED
    Over at least `trials` trials that have both: Spearman's correlation beyond plus or minus `rho` for numbers,
    Cramér's V above `rho` for words and few values, or every value of one goes with one value of the other only
    (where that is no accident: values are repeated at least three times on average).

WHEN IT IS WRONG
    Where one is derived from the other on purpose; then name one of them, and ignore the other with --role.

WHAT TO TRY
    Vary them independently in the next sweep.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Example, NotAssessable, SweepDetector, SweepVerdict, Threshold, Thresholds
from hpi_core.detectors.search_space import looked_at, parameters_at
from hpi_core.numerals import number
from hpi_core.statistics.variance_share import ranks
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.statistics.inputs import Floats, Integers, Parameter

_SAMPLE = 4000
_MOST_LEVELS = 64
_DECIDES = "one decides the other"


def check(context: Context, verdicts: Mapping[str, pl.Series], thresholds: Thresholds) -> SweepVerdict | None:
    """Hold every pair of hyperparameters against each other."""
    rows = looked_at(context)
    rows = rows.gather_every(max(1, rows.len() // _SAMPLE))
    parameters, _log = parameters_at(context, rows)
    if len(parameters) < 2 or rows.len() < thresholds["trials"]:
        raise NotAssessable("fewer than two hyperparameters, or too few trials")
    levels = [_levels(parameter) for parameter in parameters]
    scales = _correlations(parameters)
    found = []
    for i, j in combinations(range(len(parameters)), 2):
        if np.isnan(scales[i, j]):
            made = _together(parameters[i], parameters[j], levels[i], levels[j], int(thresholds["trials"]))
        else:
            made = float(scales[i, j]), "rank correlation"
        if made is not None and abs(made[0]) > thresholds["rho"]:
            found.append((parameters[i].name, parameters[j].name, *made))
    if not found:
        return None
    found.sort(key=lambda item: (-abs(item[2]), item[0], item[1]))
    told = ", ".join(f"{safe(a, 60)} and {safe(b, 60)} ({_measure(value, word)})" for a, b, value, word in found[:4])
    more = f" and {len(found) - 4} more pairs" if len(found) > 4 else ""
    return SweepVerdict("info", f"{told}{more}", rows.len(), found[0][0], abs(found[0][2]), thresholds["rho"])


def _measure(value: float, word: str) -> str:
    return word if word == _DECIDES else f"{word} {number(value, 2)}"


def _correlations(parameters: list[Parameter]) -> Floats:
    """Return the rank correlation of all pairs of complete scales of many values at once, NaN for other pairs."""
    found = np.full((len(parameters), len(parameters)), np.nan)
    whole = [i for i, p in enumerate(parameters) if p.kind == "ordered" and not p.missing.any()]
    if len(whole) > 1:
        table = np.stack([ranks(np.asarray(parameters[i].values, dtype=np.float64)) for i in whole])
        found[np.ix_(whole, whole)] = np.corrcoef(table)
    return found


def _levels(parameter: Parameter) -> Integers | None:
    """Return the values as small codes, -1 where missing; None for a scale of many values."""
    if parameter.kind == "ordered":
        return None
    known = ~parameter.missing
    values = np.asarray(parameter.values)
    distinct, codes = np.unique(values[known], return_inverse=True)
    if not 2 <= len(distinct) <= _MOST_LEVELS:
        return None
    placed = np.full(len(values), -1, dtype=np.int64)
    placed[known] = codes
    return placed


def _together(
    a: Parameter, b: Parameter, first: Integers | None, second: Integers | None, least: int
) -> tuple[float, str] | None:
    """Return how strongly two parameters go together and what measures it; None where it cannot be told."""
    both = ~a.missing & ~b.missing
    if both.sum() < least:
        return None
    measured = []
    if first is not None and second is not None:
        measured.append(_of_levels(first[both], second[both]))
    if a.kind != "categorical" and b.kind != "categorical":
        x, y = (ranks(np.asarray(p.values, dtype=np.float64)[both]) for p in (a, b))
        if x.std() > 0 and y.std() > 0:
            measured.append((float(np.corrcoef(x, y)[0, 1]), "rank correlation"))
    return max((made for made in measured if made is not None), key=lambda made: abs(made[0]), default=None)


def _of_levels(first: Integers, second: Integers) -> tuple[float, str] | None:
    """Return 1 where one decides the other, else Cramér's V corrected for its bias (Bergsma 2013)."""
    table = np.bincount(first * (int(second.max()) + 1) + second).astype(np.float64)
    table = np.pad(table, (0, (int(first.max()) + 1) * (int(second.max()) + 1) - len(table)))
    table = table.reshape(int(first.max()) + 1, -1)
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    n, (rows, columns) = table.sum(), table.shape
    if rows < 2 or columns < 2:
        return None
    filled = int((table > 0).sum())
    if filled == max(rows, columns) and n >= 3 * filled:
        return 1.0, _DECIDES
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / n
    phi = float(((table - expected) ** 2 / expected).sum() / n) - (rows - 1) * (columns - 1) / (n - 1)
    r, c = rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)
    return float(np.sqrt(max(0.0, phi) / max(min(r, c) - 1, 1e-9))), "Cramér's V"


_WOBBLE = [(i * 7) % 30 for i in range(30)]

DETECTOR = SweepDetector(
    issue="collinear_parameters",
    tag="TIED",
    title="Hyperparameters that cannot be told apart",
    severity="info",
    needs=("hyperparameters",),
    thresholds=(
        Threshold("rho", 0.9, "correlation", "chosen here", "rank correlation or Cramér's V"),
        Threshold("trials", 20, "trials", "chosen here", "fewer tell nothing"),
    ),
    check=check,
    advice="Vary them independently in the next sweep, or leave one of them out.",
    examples=(
        Example(
            {
                "lr": [0.01 * (1 + w) for w in _WOBBLE],
                "weight_decay": [0.001 * (1 + w) + 1e-5 * (i % 2) for i, w in enumerate(_WOBBLE)],
                "val_loss": [0.5 + 0.01 * (i % 7) for i in range(30)],
            },
            (0,),
            severity="info",
        ),
        Example(
            {
                "optimizer": ["adam", "sgd", "lion"] * 10,
                "scheduler": ["cosine", "step", "constant"] * 10,
                "val_loss": [0.5 + 0.01 * (i % 7) for i in range(30)],
            },
            (0,),
            severity="info",
        ),
        Example(
            {
                "lr": [0.01 * (1 + w) for w in _WOBBLE],
                "weight_decay": [0.001 * (1 + (i * 11) % 30) for i in range(30)],
                "optimizer": ["adam", "sgd"] * 15,
                "val_loss": [0.5 + 0.01 * (i % 7) for i in range(30)],
            },
            (),
        ),
    ),
    manual=__doc__,
)
