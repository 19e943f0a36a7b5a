"""The best trials crowd at one end of a range.

MEANING
    The outer tenth of what was tried on one side holds far more of the best trials than of all trials.

WHY IT IS BAD
    The optimum may lie outside: the sweep found the best of the wrong range.

HOW IT IS DECIDED
    Of the best tenth of the sound trials (at least five), the share in the outer tenth of the range in its scale (or at
    the outermost of a few values) is at least `share`, and larger than chance puts there: hypergeometric test, false
    discovery rate `q` over all ends. An end near which trials break down is the edge of what works (stability_edge),
    and an end at exactly 0 of a linear scale is natural: neither counts.

WHEN IT IS WRONG
    A bound that nothing can lie beyond, such as a dropout below 1 or all layers of a network.

WHAT TO TRY
    Move that end out: a decade on a logarithmic scale, half of the width on a linear one. `hpi next` does.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Example, NotAssessable, SweepDetector, SweepVerdict, Threshold, Thresholds
from hpi_core.detectors.repetition import repeats_among
from hpi_core.detectors.search_space import BREAKDOWNS, broken_at, looked_at, parameters_at, sound_badness
from hpi_core.numerals import chance, number, percent
from hpi_core.statistics.boundaries import LEAST_TRIALS, crowded_boundaries
from hpi_core.text import safe


def check(context: Context, verdicts: Mapping[str, pl.Series], thresholds: Thresholds) -> SweepVerdict | None:
    """Look at both ends of every numeric hyperparameter."""
    rows = looked_at(context)
    parameters, log = parameters_at(context, rows)
    broken = broken_at(verdicts, BREAKDOWNS, rows)
    badness = sound_badness(context, broken, rows)
    judged = int((badness == badness).sum())
    if judged < LEAST_TRIALS:
        raise NotAssessable(f"fewer than {LEAST_TRIALS} trials with a sound result")
    found, looked = crowded_boundaries(
        parameters, log, badness, broken, most_q=thresholds["q"], least_share=thresholds["share"],
        repeats=repeats_among(context, rows),
    )  # fmt: skip
    if not looked:
        raise NotAssessable("no hyperparameter has ends that could be crowded")
    if not found:
        return None
    told = "; ".join(
        f"{safe(b.parameter, 80)}: {b.best_there} of the {b.best} best at the {b.side} end (up to {number(b.edge)}), "
        f"which holds {percent(b.there / b.n)} of all, q {chance(b.q)}"
        for b in found[:3]
    )
    first = found[0]
    return SweepVerdict("warn", told, judged, first.parameter, first.best_there / first.best, thresholds["share"])


_LR = [10 ** (-5 + 2 * i / 59) for i in range(60)]

DETECTOR = SweepDetector(
    issue="boundary_optimum",
    tag="EDGE",
    title="The best trials crowd at one end of a range",
    severity="warn",
    needs=("hyperparameters", "direction"),
    thresholds=(
        Threshold("share", 0.3, "share of the best trials", "chosen here", "at least so many lie at the end"),
        Threshold("q", 0.05, "false discovery rate", "chosen here", "over all ends looked at"),
    ),
    check=check,
    advice="Move that end of the range out, unless nothing can lie beyond it.",
    examples=(
        Example({"lr": _LR, "val_loss": [2 - i / 60 for i in range(60)]}, (0,), severity="warn"),
        Example({"lr": _LR, "val_loss": [abs(i - 30) / 60 + 0.1 for i in range(60)]}, ()),
    ),
    manual=__doc__,
)
