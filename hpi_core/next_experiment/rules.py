"""The rules that follow from results: expand at crowded ends, shrink to the best, drop values, fix what is idle.

Each takes a dimension and returns it changed, with the reason, or says nothing. What the best trials are is held above
everything: no rule takes away where most of them lie.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.next_experiment.cutting import holds
from hpi_core.next_experiment.model import Change, Confidence, Dimension, Value
from hpi_core.next_experiment.space import in_words
from hpi_core.numerals import chance, percent, plural
from hpi_core.statistics.intervals import wilson
from hpi_core.statistics.maxstat import log_upper_tail

if TYPE_CHECKING:
    from hpi_core.next_experiment.evidence import Evidence
    from hpi_core.statistics.boundaries import Boundary
    from hpi_core.statistics.inputs import Booleans, Floats

# Leaving out values keeps at least this share of the best trials, whatever is wrong with them.
KEPT_OF_TOP = 0.5
WIDEN = 0.075
_LEAST_SHRINK = 0.1
_LEAST_TOP, _LEAST_REST = 10, 20
_NEVER_P = 0.01
_SICK_LEVEL = 0.5
_NAMED = 12
Changed = tuple[Dimension, Change]


def expand(dimension: Dimension, boundary: Boundary) -> Changed | None:
    """Move a crowded end out: a decade, half of the width, or the next of regularly spaced values."""
    words = in_words(dimension)
    if dimension.kind == "range" and dimension.low is not None and dimension.high is not None:
        low, high = _further(dimension, boundary)
        wider = replace(dimension, low=low, high=high)
    elif dimension.kind == "choice" and (following := _following(dimension.values, boundary.side)) is not None:
        values = (*dimension.values, following) if boundary.side == "high" else (following, *dimension.values)
        wider = replace(dimension, values=values)
    else:
        return None
    if wider == dimension:
        return None
    rationale = (
        f"{boundary.best_there} of the {boundary.best} best trials lie at the {boundary.side} end, which holds "
        f"{percent(boundary.there / boundary.n)} of all (q {chance(boundary.q)}): better ones may lie beyond"
    )
    confidence: Confidence = "moderate" if boundary.q < 0.001 else "weak"
    return wider, Change(dimension.name, "expand", words, in_words(wider), (rationale,), confidence)


def _further(dimension: Dimension, boundary: Boundary) -> tuple[float, float]:
    assert dimension.low is not None
    assert dimension.high is not None
    low, high = dimension.low, dimension.high
    if boundary.side == "high":
        beyond = high * 10 if dimension.log else high + (high - low) / 2
        # Shares and probabilities end at 1, however they are called.
        beyond = min(beyond, 1.0) if low >= 0 and high <= 1 and not dimension.log else beyond
        return low, float(round(beyond)) if dimension.integer else float(f"{beyond:.4g}")
    beyond = low / 10 if dimension.log else low - (high - low) / 2
    beyond = max(beyond, 0.0) if low >= 0 and not dimension.log else beyond
    if dimension.integer:
        beyond = max(1.0, float(round(beyond))) if low >= 1 else float(round(beyond))
    return float(f"{beyond:.4g}"), high


def _following(values: tuple[Value, ...], side: str) -> Value | None:
    """Return the value that continues regularly spaced or multiplied ones; None where they follow no rule."""
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) != len(values) or len(numbers) < 3:
        return None
    whole = all(isinstance(value, int) or float(value).is_integer() for value in values if not isinstance(value, str))
    steps, ends = np.diff(numbers), (numbers[-1] if side == "high" else numbers[0])
    if min(numbers) > 0 and np.allclose(np.diff(np.log(numbers)), np.log(numbers[1] / numbers[0]), rtol=0.05):
        ratio = numbers[1] / numbers[0]
        following = ends * ratio if side == "high" else ends / ratio
    elif np.allclose(steps, steps[0], rtol=0.02):
        following = ends + steps[0] if side == "high" else ends - steps[0]
    else:
        return None
    if (following <= 0 <= min(numbers)) or (whole and following < 1):
        return None
    if max(numbers) <= 1 and min(numbers) >= 0 and following >= 1:
        return None
    return int(following) if isinstance(values[0], int) else float(f"{following:.6g}")


def two_sample(top: Floats, rest: Floats) -> float:
    """Return the p-value of the two-sample Kolmogorov-Smirnov test (asymptotic)."""
    from scipy.special import kolmogorov

    both = np.sort(np.concatenate([top, rest]))
    gap = np.abs(
        np.searchsorted(np.sort(top), both, side="right") / len(top)
        - np.searchsorted(np.sort(rest), both, side="right") / len(rest)
    ).max()
    size = len(top) * len(rest) / (len(top) + len(rest))
    return float(kolmogorov(gap * math.sqrt(size)))


def shrink_p(dimension: Dimension, evidence: Evidence) -> float | None:
    """Return how unlikely it is that the best healthy trials lie like the others; None where it cannot be told."""
    if dimension.kind != "range":
        return None
    scaled = evidence.values(dimension.name)
    known = ~np.isnan(scaled) & holds(dimension, evidence)
    top, rest = scaled[known & evidence.top], scaled[known & evidence.healthy & ~evidence.top]
    if len(top) < _LEAST_TOP or len(rest) < _LEAST_REST:
        return None
    return two_sample(top, rest)


def shrink(dimension: Dimension, evidence: Evidence, q: float, kept: set[str]) -> Changed | None:
    """Narrow a range to where the best healthy trials lie, a little widened; the ends in `kept` stay."""
    assert dimension.low is not None
    assert dimension.high is not None
    scaled = evidence.values(dimension.name)
    inside = evidence.top & ~np.isnan(scaled) & holds(dimension, evidence)
    low, high = (math.log(end) if dimension.log else end for end in (dimension.low, dimension.high))
    lower, upper = np.quantile(scaled[inside], [0.05, 0.95])
    margin = WIDEN * (high - low)
    lower = low if "low" in kept else max(low, float(lower) - margin)
    upper = high if "high" in kept else min(high, float(upper) + margin)
    kept_inside = scaled[inside & evidence.leading].tolist()
    for home in evidence.homes():
        # Where several sweeps are mixed, none of them loses the middle of its own best.
        if (own := scaled[home & inside]).size:
            kept_inside += np.quantile(own, [0.25, 0.75]).tolist()
    lower, upper = min([lower, *kept_inside]), max([upper, *kept_inside])
    if (upper - lower) > (1 - _LEAST_SHRINK) * (high - low):
        return None
    ends = [math.exp(end) if dimension.log else end for end in (lower, upper)]
    if dimension.integer:
        ends = [float(round(end)) for end in ends]
    else:  # three digits, rounded outwards
        ends = [_rounded(ends[0], math.floor), _rounded(ends[1], math.ceil)]
    ends = [max(ends[0], dimension.low), min(ends[1], dimension.high)]
    if ends[0] >= ends[1]:
        return None
    smaller = replace(dimension, low=ends[0], high=ends[1])
    rationale = (
        f"the best {int(inside.sum())} healthy trials lie here, unlike the others (Kolmogorov-Smirnov q {chance(q)})"
    )
    words = in_words(dimension), in_words(smaller)
    return smaller, Change(dimension.name, "shrink", *words, (rationale,), "moderate" if q < 0.001 else "weak")


def _rounded(value: float, way: Callable[[float], int]) -> float:
    if value == 0:
        return value
    digits = 2 - math.floor(math.log10(abs(value)))
    return float(f"{way(value * 10.0**digits) / 10.0**digits:.12g}")


def drop_levels(dimension: Dimension, evidence: Evidence, watched: Collection[Value]) -> Changed | None:
    """Leave out values that are mostly sick, or never among the best beyond chance; one always stays.

    What is `watched` is not left out for being sick: that was weighed before.
    """
    if dimension.kind != "choice":
        return None
    smaller = dimension
    sick: list[tuple[Value, str]] = []
    never: list[tuple[Value, str]] = []
    for value in dimension.values:
        if not isinstance(value, str | bool) and value not in (smaller.values[0], smaller.values[-1]):
            continue  # an ordered parameter loses its outermost values only
        said = _sickness(dimension, value, evidence) if value not in watched else None
        missed = _missed(dimension, value, evidence)
        kept = tuple(other for other in smaller.values if other != value)
        fewer = replace(dimension, kind="choice" if len(kept) > 1 else "fixed", values=kept)
        if not kept or (said is None and missed is None) or not _keeps_the_best(fewer, evidence):
            continue
        smaller = fewer
        (sick if said is not None else never).append((value, said or missed or ""))
    if smaller is dimension:
        return None
    why = []
    if sick:
        why.append(f"no usable result from {_all([f'{value} ({said})' for value, said in sick], 'and')}")
    if never:
        best = f"the best {int(evidence.top.sum())} of {int(evidence.healthy.sum())} healthy trials"
        why.append(f"none of {best} has {_all([f'{value} ({said})' for value, said in never], 'or')}")
    words = in_words(dimension), in_words(smaller)
    return smaller, Change(dimension.name, "drop", *words, tuple(why), "moderate")


def _all(words: Sequence[str], last: str) -> str:
    more = [f"{len(words) - _NAMED:,} others"] if len(words) > _NAMED else []
    told = [*words[: _NAMED if more else len(words)], *more]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} {last} {told[-1]}"


def _own(dimension: Dimension, value: Value, evidence: Evidence) -> Booleans:
    own = holds(replace(dimension, kind="fixed", values=(value,)), evidence)
    return np.asarray(own & ~evidence.parameters[dimension.name].missing)


def _sickness(dimension: Dimension, value: Value, evidence: Evidence) -> str | None:
    """Return how many trials with a value have no usable result, where that is surely more than half of them."""
    judged = _own(dimension, value, evidence) & (evidence.healthy | evidence.broken)
    broken, n = int((judged & evidence.broken).sum()), int(judged.sum())
    return f"{broken:,} of {plural(n, 'trial')}" if n and wilson(broken, n)[0] > _SICK_LEVEL else None


def _missed(dimension: Dimension, value: Value, evidence: Evidence) -> str | None:
    """Return how many healthy trials have a value that is never among the best, where that is no chance."""
    own = _own(dimension, value, evidence)
    there, best = int((own & evidence.healthy).sum()), int((own & evidence.top).sum())
    known = best == 0 and there and _never(there, int(evidence.top.sum()), int(evidence.healthy.sum()))
    return f"{plural(there, 'trial')}" if known else None


def _never(there: int, top: int, healthy: int) -> bool:
    """Tell whether missing the best in all trials of a value is unlikely: all the best are among the others."""
    return 0 < there < healthy and log_upper_tail(top, healthy - there, top, healthy) < math.log(_NEVER_P)


def _keeps_the_best(dimension: Dimension, evidence: Evidence) -> bool:
    inside = holds(dimension, evidence)
    if (evidence.leading & ~inside).any():
        return False
    parts = [evidence.top, *evidence.homes()] if evidence.top.any() else []
    return all((inside & part).sum() >= KEPT_OF_TOP * part.sum() for part in parts)


def fix(dimension: Dimension, evidence: Evidence) -> Changed | None:
    """Set a parameter that does not matter to what is typical of the best trials."""
    if dimension.kind == "fixed" or dimension.condition is not None:
        return None
    inside = evidence.top & ~evidence.parameters[dimension.name].missing & holds(dimension, evidence)
    if not inside.any():
        return None
    if dimension.kind == "range":
        scaled = evidence.values(dimension.name)[inside]
        if np.isnan(scaled).all():
            return None
        middle = float(np.nanmedian(scaled))
        middle = math.exp(middle) if dimension.log else middle
        value: Value = round(middle) if dimension.integer else float(f"{middle:.3g}")
    else:
        counts = [
            int((holds(replace(dimension, kind="fixed", values=(value,)), evidence) & inside).sum())
            for value in dimension.values
        ]
        value = dimension.values[int(np.argmax(counts))]
    fixed = replace(dimension, kind="fixed", values=(value,), low=None, high=None, also=(), also_share=0.0)
    rationale = "it makes no difference beyond noise: typical of the best trials"
    return fixed, Change(dimension.name, "fix", in_words(dimension), in_words(fixed), (rationale,), "weak")
