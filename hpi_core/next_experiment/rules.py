"""The rules that change a dimension: cut at causes, expand at crowded ends, shrink to the best, drop levels, fix.

Each takes a dimension and returns it changed, with the reason, or says nothing. What the best trials are is held above
everything: no rule takes away where most of them lie.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.next_experiment.model import Change, Confidence, Dimension, Value
from hpi_core.next_experiment.space import in_words
from hpi_core.numerals import chance, number, percent, typeset
from hpi_core.statistics.intervals import wilson
from hpi_core.statistics.maxstat import log_upper_tail

if TYPE_CHECKING:
    from hpi_core.inspection.best_results import BestWithin
    from hpi_core.next_experiment.evidence import Evidence
    from hpi_core.statistics.boundaries import Boundary
    from hpi_core.statistics.findings import Cause
    from hpi_core.statistics.inputs import Booleans, Floats

# A cut keeps at least this share of the best trials, whatever is wrong beyond it.
KEPT_OF_TOP = 0.5
WIDEN = 0.075
_LEAST_SHRINK = 0.1
_LEAST_TOP, _LEAST_REST = 10, 20
_NEVER_P = 0.01
_SICK_LEVEL = 0.5
_STRENGTHS = ("strong", "moderate", "weak")
Changed = tuple[Dimension, Change]


def cut(dimension: Dimension, causes: Sequence[Cause], evidence: Evidence) -> list[Changed]:
    """Cut what the causes of this parameter speak of, the surest first, at the cautious end of their thresholds."""
    done: list[Changed] = []
    sides: set[str] = set()
    ordered = sorted(causes, key=lambda cause: _STRENGTHS.index(cause.strength))
    for cause in ordered:
        if cause.kind in sides and cause.kind != "level":
            continue
        smaller = next(
            (made for end in _ends_of(cause) if (made := _without(dimension, cause, end)) is not None
             and _keeps_the_best(made, evidence)),
            None,
        )  # fmt: skip
        if smaller is None:
            if _speaks_of(dimension, cause):
                done.append((dimension, _watched(dimension, cause)))
                sides.add(cause.kind)
            continue
        sides.add(cause.kind)
        words = in_words(dimension), in_words(smaller)
        done.append((smaller, Change(dimension.name, "cut", *words, _counts(cause), cause.strength)))
        dimension = smaller
    return done


def _ends_of(cause: Cause) -> list[float | None]:
    """Return where to cut, the most cautious first."""
    if cause.kind == "above":
        return [cause.threshold_low, cause.low]
    if cause.kind == "below":
        return [cause.threshold_high, cause.high]
    return [None]


def _without(dimension: Dimension, cause: Cause, end: float | None) -> Dimension | None:
    """Return the dimension without what the cause speaks of; None where that is not a smaller dimension."""
    if dimension.kind == "range" and dimension.low is not None and dimension.high is not None:
        if cause.kind == "above" and end is not None and dimension.low < end < dimension.high:
            return replace(dimension, high=math.floor(end) if dimension.integer else end)
        if cause.kind == "below" and end is not None and dimension.low < end < dimension.high:
            return replace(
                dimension, low=math.floor(end) + 1 if dimension.integer else end, also=_above(dimension, end)
            )
        if cause.kind == "level" and (kept := _unnamed(dimension.also, cause)) != dimension.also:
            return replace(dimension, also=kept)
        return None
    kept = _unnamed(dimension.values, cause)
    if cause.kind in ("above", "below", "between"):
        # Between the few values that were tried the cut itself is what is known.
        kept = tuple(value for value in dimension.values if not _inside(value, cause))
    if not kept or kept == dimension.values:
        return None
    return replace(dimension, kind="choice" if len(kept) > 1 else "fixed", values=kept)


def speaks_of(cause: Cause, value: Value) -> bool:
    """Tell whether a value lies in the range of a cause, or is the one it names."""
    return bool(set(cause.values) & _spellings(value)) if cause.values else _inside(value, cause)


def _above(dimension: Dimension, end: float) -> tuple[Value, ...]:
    return tuple(value for value in dimension.also if isinstance(value, int | float) and value > end)


def _inside(value: Value, cause: Cause) -> bool:
    if isinstance(value, str):
        return False
    return (cause.low is None or value > cause.low) and (cause.high is None or value <= cause.high)


def _unnamed(values: tuple[Value, ...], cause: Cause) -> tuple[Value, ...]:
    named = set(cause.values)
    return tuple(value for value in values if not named & _spellings(value))


def _spellings(value: Value) -> set[str]:
    spelled = {str(value), str(value).lower()}
    return spelled | {f"{value:.6g}"} if isinstance(value, int | float) else spelled


def _speaks_of(dimension: Dimension, cause: Cause) -> bool:
    """Tell whether the cause could have cut this dimension at all, so that leaving it must be explained."""
    return any(_without(dimension, cause, end) is not None for end in _ends_of(cause)) or cause.kind in (
        "between", "missing",
    )  # fmt: skip


def watch(dimension: Dimension, cause: Cause, best: BestWithin) -> Change:
    """Return the row of a cause that takes nothing out: it is too weak, or the best results lie there as well."""
    words = in_words(dimension)
    if best.at_home:
        why = f"{best.best_there:,} of the {best.best:,} best results lie there too, so it is not cut"
    elif cause.strength == "weak":
        why = "too weak a case to cut it"
    else:
        why = "too seldom to cut it"
    return Change(dimension.name, "watch", words, words, f"{_counts(cause)}; {why}", cause.strength)


def _watched(dimension: Dimension, cause: Cause) -> Change:
    words = in_words(dimension)
    if cause.kind == "missing":
        why = "set it in every trial, or find out why it is missing"
    elif cause.kind == "between":
        why = "the middle of a range cannot be taken out of it"
    else:
        why = "most of the best trials are there, so it is not cut: warm-up, clipping or a smaller model may help"
    return Change(dimension.name, "watch", words, words, f"{_counts(cause)}; {why}", cause.strength)


def _keeps_the_best(dimension: Dimension, evidence: Evidence) -> bool:
    inside = holds(dimension, evidence)
    top = evidence.top
    return bool(not top.any() or (inside & top).sum() >= KEPT_OF_TOP * top.sum())


def holds(dimension: Dimension, evidence: Evidence) -> Booleans:
    """Return which trials of the sweep lie in a dimension; one that is not set lies in it."""
    parameter = evidence.parameters[dimension.name]
    if dimension.kind == "range" and dimension.low is not None and dimension.high is not None:
        numbers = np.asarray(parameter.values, dtype=np.float64)
        also = np.isin(numbers, [value for value in dimension.also if not isinstance(value, str)])
        return np.asarray(parameter.missing | ((numbers >= dimension.low) & (numbers <= dimension.high)) | also)
    if parameter.kind == "categorical":
        kept = {spelling for value in dimension.values for spelling in _spellings(value)}
        levels = np.array([level in kept for level in parameter.levels], dtype=np.bool_)
        codes = np.where(parameter.missing, 0, parameter.values).astype(np.int64)
        return np.asarray(parameter.missing | levels[codes]) if len(levels) else parameter.missing
    return np.asarray(parameter.missing | np.isin(parameter.values, list(dimension.values)))


def _counts(cause: Cause) -> str:
    said = (
        f"{typeset(cause.text)}: {cause.sick:,} of {cause.n:,} {cause.issue} ({percent(cause.rate)}), elsewhere "
        f"{cause.elsewhere_sick:,} of {cause.elsewhere_n:,} ({percent(cause.rate_elsewhere)})"
    )
    if cause.threshold_low is not None and cause.threshold_high is not None:
        said += f"; threshold between {number(cause.threshold_low)} and {number(cause.threshold_high)}"
    return said


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
    return wider, Change(dimension.name, "expand", words, in_words(wider), rationale, confidence)


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
    if (upper - lower) > (1 - _LEAST_SHRINK) * (high - low):
        return None
    ends = [math.exp(end) if dimension.log else end for end in (lower, upper)]
    ends = [float(round(end)) if dimension.integer else float(f"{end:.3g}") for end in ends]
    ends = [max(ends[0], dimension.low), min(ends[1], dimension.high)]
    if ends[0] >= ends[1]:
        return None
    smaller = replace(dimension, low=ends[0], high=ends[1])
    rationale = (
        f"the best {int(inside.sum())} healthy trials lie here, unlike the others (Kolmogorov-Smirnov q {chance(q)})"
    )
    words = in_words(dimension), in_words(smaller)
    return smaller, Change(dimension.name, "shrink", *words, rationale, "moderate" if q < 0.001 else "weak")


def drop_levels(dimension: Dimension, evidence: Evidence) -> list[Changed]:
    """Leave out values that are mostly sick, or never among the best beyond chance; one always stays."""
    if dimension.kind != "choice":
        return []
    done: list[Changed] = []
    healthy, top = int(evidence.healthy.sum()), int(evidence.top.sum())
    for value in dimension.values:
        if len(dimension.values) == 1:
            break
        own = holds(replace(dimension, kind="fixed", values=(value,)), evidence)
        own &= ~evidence.parameters[dimension.name].missing
        judged = own & (evidence.healthy | evidence.broken)
        broken = int((judged & evidence.broken).sum())
        if not isinstance(value, str | bool) and value not in (dimension.values[0], dimension.values[-1]):
            continue  # an ordered parameter loses its outermost values only
        there, best = int((own & evidence.healthy).sum()), int((own & evidence.top).sum())
        kept = tuple(other for other in dimension.values if other != value)
        smaller = replace(dimension, kind="choice" if len(kept) > 1 else "fixed", values=kept)
        why: str | None = None
        if judged.any() and wilson(broken, int(judged.sum()))[0] > _SICK_LEVEL:
            why = f"{broken} of {int(judged.sum())} trials with {value} have no usable result"
        elif best == 0 and there and _never(there, top, healthy):
            why = f"none of the {there} healthy trials with {value} is among the best {top} of {healthy}"
        if why is None or not _keeps_the_best(smaller, evidence):
            continue
        words = in_words(dimension), in_words(smaller)
        done.append((smaller, Change(dimension.name, "drop", *words, why, "moderate")))
        dimension = smaller
    return done


def _never(there: int, top: int, healthy: int) -> bool:
    """Tell whether missing the best in all trials of a value is unlikely: all the best are among the others."""
    return 0 < there < healthy and log_upper_tail(top, healthy - there, top, healthy) < math.log(_NEVER_P)


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
    return fixed, Change(dimension.name, "fix", in_words(dimension), in_words(fixed), rationale, "weak")
