"""Leads: where to look first when trials are too few for a cause, with raw counts and how many more trials would do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.binning import in_range
from hpi_core.statistics.distributions import normal_quantile
from hpi_core.statistics.findings import Lead
from hpi_core.statistics.inputs import plainness
from hpi_core.statistics.screening import screen
from hpi_core.statistics.thresholds import condition

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.counting import Tally
    from hpi_core.statistics.inputs import Booleans, Integers, Issue, Parameter
    from hpi_core.statistics.screening import Split

_LEAST_TRIALS, _LEAST_SICK = 20, 5
_FIRST_ENOUGH = 40
_FEW_RESULTS = 100
_MOST_P_OF_RESULTS = 0.2
_LEAST_SIDE, _LEAST_LEVEL = 10, 5
# log p, -z, place of the parameter, split.
_Tried = tuple[float, float, int, "Split"]
_MOST_NEEDED = 1_000_000
_TYPICAL_CUTS = 10


def find_leads(
    parameters: Sequence[Parameter],
    issues: Sequence[Issue],
    codings: Sequence[Coding],
    counts: Sequence[tuple[Integers, Integers]],
    tally: Tally,
    whole: Sequence[Issue],
    unclaimed: Collection[int] = (),
) -> Iterator[Lead]:
    """Yield at most one lead per issue with fewer than 20 assessable trials or fewer than 5 sick or 5 healthy ones.

    `issues`, `counts` and `tally` are of the trials that are tested, `whole` are the issues over all trials: the counts
    that are told. `unclaimed` are the places of issues without a claim that get a lead in up to 100 trials where its p
    is at most .2: outcomes of the objective, which always hold five.
    """
    for k, issue in enumerate(issues):
        n, m = int(tally.n[k]), int(tally.m[k])
        enough = n >= _LEAST_TRIALS and m >= _LEAST_SICK and n - m >= _LEAST_SICK
        wanted = not enough or (k in unclaimed and n < _FEW_RESULTS)
        if not wanted or m == 0 or m == n or n < 4:
            continue
        tried = []
        for p, coding in enumerate(codings):
            positives, totals = counts[p][0][k], counts[p][1][k]
            least = 1 if n < 10 else max(2, min(10, n // 10))
            found = screen(coding, positives, totals, least=least)
            if found.split is not None and found.split.z > 0:
                tried.append((found.log_p, -found.split.z, p, found.split))
        if tried:
            log_p, _, p, split = _first(tried, parameters)
            p_value = math.exp(min(0.0, log_p + math.log(len(tried))))
            if enough and p_value > _MOST_P_OF_RESULTS:
                continue
            yield _lead(parameters[p], issue, whole[k], codings[p], split, p_value, len(tried))


def _first(tried: list[_Tried], parameters: Sequence[Parameter]) -> _Tried:
    """Return the most telling split; not that something is not set where a value parts the trials in the same way."""
    ordered = sorted(tried, key=lambda item: (*item[:2], plainness(parameters[item[2]].name)))
    best = ordered[0]
    if best[3].kind != "missing":
        return best
    same = (item for item in ordered if item[3].kind != "missing" and math.isclose(item[1], best[1], rel_tol=1e-9))
    return next(same, best)


def _lead(parameter: Parameter, issue: Issue, whole: Issue, coding: Coding, split: Split, p: float, tests: int) -> Lead:
    low = float(coding.edges[split.first]) if split.kind in ("above", "between") else None
    high = float(coding.edges[split.last + 1]) if split.kind in ("below", "between") else None
    if split.kind == "above" and coding.ceiling:
        high = float(coding.edges[-1])
    if split.kind == "below" and coding.floor:
        low = float(coding.edges[0])
    if split.kind in ("level", "missing"):
        exposed: Booleans = coding.codes == split.first
    else:
        exposed = in_range(np.asarray(parameter.values, dtype=np.float64), low, high) & ~parameter.missing
    value = coding.levels[split.first - coding.bins] if split.kind == "level" else None
    seen = _counted(issue, exposed)
    n, sick, other_n, other_sick = seen if whole is issue else _counted(whole, exposed)
    least = _LEAST_LEVEL if split.kind in ("level", "missing") else _LEAST_SIDE
    return Lead(
        parameter.name,
        issue.id,
        split.kind,
        low,
        high,
        () if value is None else (value,),
        n,
        sick,
        other_n,
        other_sick,
        p,
        needed_trials(seen[1], seen[0], seen[3], seen[2], tests, least) - seen[0] - seen[2],
        condition(parameter.name, low, high, value, split.kind),
    )


def _counted(issue: Issue, exposed: Booleans) -> tuple[int, int, int, int]:
    """Return trials and sick trials inside, trials and sick trials outside."""
    inside, outside = issue.assessable & exposed, issue.assessable & ~exposed
    return (
        int(np.count_nonzero(inside)), int(np.count_nonzero(inside & issue.sick)),
        int(np.count_nonzero(outside)), int(np.count_nonzero(outside & issue.sick)),
    )  # fmt: skip


def needed_trials(sick: int, n: int, other_sick: int, other_n: int, tests: int, least: int = _LEAST_SIDE) -> int:
    """Return about how many trials in all give power .8 at q .05 if these rates, shrunk by half a trial, held.

    The bar is the two-sided normal quantile for `tests` parameters with ten independent cuts each; at least 40, and
    enough for five sick trials and for `least` on either side. 1,000,000 where the rates do not differ.
    """
    rate, other = (sick + 0.5) / (n + 1), (other_sick + 0.5) / (other_n + 1)
    share = n / (n + other_n)
    overall = share * rate + (1 - share) * other
    if rate <= other:
        return _MOST_NEEDED
    bar = -normal_quantile(0.05 / (2 * tests * _TYPICAL_CUTS)) - normal_quantile(0.2)
    by_power = bar**2 * overall * (1 - overall) / ((rate - other) ** 2 * share * (1 - share))
    by_sick = 5 / min(overall, 1 - overall)
    by_side = least / min(share, 1 - share)
    enough = max(by_power, by_sick, by_side, n + other_n + 1)
    return int(min(_MOST_NEEDED, max(_FIRST_ENOUGH, math.ceil(enough))))
