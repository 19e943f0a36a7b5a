"""The best trials lie right below where training breaks down.

MEANING
    Beyond a value of a hyperparameter losses become NaN, explode or diverge, and the best trials lie just short of it.

WHY IT IS BAD
    Larger values might be better still if training survived them; and small changes of anything else may tip the best
    trials over.

HOW IT IS DECIDED
    The most telling cut of each hyperparameter on a logarithmic scale for breaking down numerically (corrected for
    every cut and parameter, p below `p`, at least a quarter sick beyond and twice as often as short of it); the median
    of the best tenth of the sound trials lies short of it by at most the factor `factor`.

WHEN IT IS WRONG
    Where the breakdown has another cause, such as a machine or a number format.

WHAT TO TRY
    Warm up the learning rate, clip gradients, or normalise, then try larger values again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Example, NotAssessable, SweepDetector, SweepVerdict, Threshold, Thresholds
from hpi_core.detectors.search_space import NUMERIC_BREAKDOWNS, broken_at, looked_at, parameters_at, sound_badness
from hpi_core.numerals import number, percent
from hpi_core.statistics.binning import code_trials
from hpi_core.statistics.screening import screen
from hpi_core.statistics.study import ROUGHNESS
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.statistics.inputs import Booleans, Floats, Parameter

_LEAST_BROKEN = 5
_LEAST_BEST = 3
_RATE, _RATIO = 0.25, 2.0


def check(context: Context, verdicts: Mapping[str, pl.Series], thresholds: Thresholds) -> SweepVerdict | None:
    """Look for a cut beyond which trials break down, and for the best trials just short of it."""
    rows = looked_at(context)
    parameters, log = parameters_at(context, rows)
    broken = broken_at(verdicts, NUMERIC_BREAKDOWNS, rows)
    badness = sound_badness(context, broken, rows)
    sound = int(np.isfinite(badness).sum())
    tried = [parameter for parameter, logarithmic in zip(parameters, log, strict=True) if logarithmic]
    if int(broken.sum()) < _LEAST_BROKEN or sound < 10 * _LEAST_BEST:
        raise NotAssessable("too few trials broke down numerically, or too few did not")
    if not tried:
        raise NotAssessable("no hyperparameter on a logarithmic scale")
    best = np.argsort(np.where(np.isfinite(badness), badness, np.inf), kind="stable")[: math.ceil(0.1 * sound)]
    for parameter in tried:
        cut = _cut(parameter, broken, thresholds["p"] / len(tried))
        if cut is None:
            continue
        edge, above, rate, elsewhere = cut
        values = np.asarray(parameter.values, dtype=np.float64)[best]
        middle = float(np.median(values[np.isfinite(values) & (values > 0)])) if (values > 0).any() else math.nan
        distance = edge / middle if above else middle / edge
        if 1 <= distance <= thresholds["factor"]:
            side = "above" if above else "below"
            told = (
                f"{safe(parameter.name, 80)}: {percent(rate)} of the trials {side} {number(edge)} break down (else "
                f"{percent(elsewhere)}), and the best lie around {number(middle)}"
            )
            return SweepVerdict("warn", told, sound, parameter.name, distance, thresholds["factor"])
    return None


def _cut(parameter: Parameter, broken: Booleans, most_p: float) -> tuple[float, bool, float, float] | None:
    """Return the value beyond which trials break down, whether beyond is above, and both rates; None without one."""
    coding = code_trials(parameter)
    totals = np.bincount(coding.codes, minlength=coding.size)
    positives = np.bincount(coding.codes[broken], minlength=coding.size)
    found = screen(coding, positives, totals, exact_below=math.log(most_p) + ROUGHNESS)
    split = found.split
    if split is None or split.kind not in ("above", "below") or found.log_p > math.log(most_p):
        return None
    inside = split.exposed
    rate = float(positives[inside].sum() / totals[inside].sum())
    elsewhere = float(positives[~inside].sum() / max(totals[~inside].sum(), 1))
    if rate < _RATE or rate < _RATIO * elsewhere:
        return None
    edges: Floats = coding.edges
    edge = float(edges[split.first] if split.kind == "above" else edges[split.last + 1])
    return (edge, split.kind == "above", rate, elsewhere) if edge > 0 else None


_LR = [10 ** (-4 + 4 * i / 99) for i in range(100)]
_NAN = float("nan")

DETECTOR = SweepDetector(
    issue="stability_edge",
    tag="BRINK",
    title="The best trials lie right below where training breaks down",
    severity="warn",
    needs=("hyperparameters", "direction"),
    thresholds=(
        Threshold("factor", 3.0, "ratio", "Deep Learning Tuning Playbook, figures 7 and 8", "how near the cut is near"),
        Threshold("p", 0.01, "probability", "chosen here", "corrected for every cut and parameter"),
    ),
    check=check,
    advice="Warm up the learning rate or clip gradients, then try larger values again.",
    examples=(
        Example(
            {"lr": _LR, "val_loss": [2 - i / 100 if i < 75 else _NAN for i in range(100)]},
            (0,),
            severity="warn",
        ),
        Example({"lr": _LR, "val_loss": [abs(i - 20) / 100 + 0.1 if i < 75 else _NAN for i in range(100)]}, ()),
        Example({"lr": _LR, "val_loss": [2 - i / 100 if i % 4 else _NAN for i in range(100)]}, ()),
    ),
    manual=__doc__,
)
