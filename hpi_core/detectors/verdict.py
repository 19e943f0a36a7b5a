"""Verdicts: from a Boolean series per metric to one verdict per trial and one row of evidence per sick trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from hpi_core.detectors.contract import SICK_ROWS, NotAssessable, Severity, Verdicts, no_rows

if TYPE_CHECKING:
    from hpi_core.detectors.context import Context

# Text, or a series of one value per trial; numbers are written with four significant digits.
Part = str | pl.Series
_DIGITS = 4
_WRITTEN = 12


@dataclass(frozen=True)
class Hit:
    """What one look (usually at one metric) says of every trial.

    `sick` is Boolean with nulls. `evidence` is joined to one sentence per sick trial.
    """

    sick: pl.Series
    evidence: Sequence[Part]
    severity: Severity | pl.Series
    metric: str | None = None
    value: pl.Series | float | None = None
    threshold: pl.Series | float | None = None
    step: pl.Series | None = None


def verdicts(context: Context, hits: Sequence[Hit]) -> Verdicts:
    """Combine several looks: sick where any says so (the first that does gives the evidence), else healthy where any.

    Raises:
        NotAssessable: there is no look at all.
    """
    if not hits:
        raise NotAssessable("no metric it can be read from")
    sick = pl.repeat(None, context.n, dtype=pl.Boolean, eager=True)
    frames = [no_rows()]
    for hit in hits:
        known = hit.sick.fill_null(False)
        fresh = known & ~sick.fill_null(False)
        frames.append(_rows(context, fresh, hit))
        # Kleene: null | True = True, null | False = null, so healthy is joined by hand.
        sick = pl.select(pl.coalesce(pl.when(known).then(True), sick, hit.sick)).to_series()
    rows = pl.concat(frames) if len(frames) > 2 else frames[-1]
    return Verdicts(sick.alias("sick"), rows.sort("_row") if len(frames) > 2 else rows)


def _rows(context: Context, chosen: pl.Series, hit: Hit) -> pl.DataFrame:
    if not chosen.any():
        return no_rows()
    frame = context.rows.filter(chosen).to_frame()
    text = pl.concat_str([_text(part, chosen) for part in hit.evidence])
    return frame.select(
        "_row",
        pl.lit(hit.metric, dtype=pl.String).alias("metric"),
        _step(hit.step, chosen).alias("step"),
        _number(hit.value, chosen).alias("value"),
        _number(hit.threshold, chosen).alias("threshold"),
        _severity(hit.severity, chosen).alias("severity"),
        text.alias("evidence"),
    ).cast(SICK_ROWS)


def _text(part: Part, chosen: pl.Series) -> pl.Expr:
    if isinstance(part, str):
        return pl.lit(part)
    picked = part.filter(chosen)
    if not picked.dtype.is_float():
        return pl.lit(picked.cast(pl.String).fill_null("?"))
    words = picked.round_sig_figs(_DIGITS).cast(pl.String).str.strip_suffix(".0").fill_null("?")
    long = words.str.len_bytes() > _WRITTEN
    if long.any():  # far from 1 a rounded number is not the nearest to its four digits: 2.6659999999999997e31
        words = words.scatter(long.arg_true(), [f"{number:.{_DIGITS}g}" for number in picked.filter(long).to_list()])
    return pl.lit(words)


def _number(value: pl.Series | float | None, chosen: pl.Series) -> pl.Expr:
    if isinstance(value, pl.Series):
        return pl.lit(value.filter(chosen).cast(pl.Float64))
    return pl.lit(value, dtype=pl.Float64)


def _step(step: pl.Series | None, chosen: pl.Series) -> pl.Expr:
    if step is None:
        return pl.lit(None, dtype=pl.Int64)
    return pl.lit(step.filter(chosen).cast(pl.Int64))


def _severity(severity: Severity | pl.Series, chosen: pl.Series) -> pl.Expr:
    return pl.lit(severity.filter(chosen)) if isinstance(severity, pl.Series) else pl.lit(severity)


def say(*parts: Part) -> tuple[Part, ...]:
    """Return the parts of a piece of evidence."""
    return parts


def middle(values: pl.Series) -> float:
    """Return the median as a float, NaN where there is none."""
    median = values.median()
    return float("nan") if median is None else float(median)  # type: ignore[arg-type]


def choose(condition: pl.Series, yes: str | float, no: str | float) -> pl.Series:
    """Return `yes` where the condition holds and `no` elsewhere."""
    return condition.to_frame("c").select(pl.when(pl.col("c")).then(pl.lit(yes)).otherwise(pl.lit(no))).to_series()


def mask(values: pl.Series, keep: pl.Series) -> pl.Series:
    """Return the values, null where `keep` is not true."""
    frame = pl.DataFrame([values.alias("value"), keep.alias("keep")])
    return frame.select(pl.when(pl.col("keep")).then(pl.col("value"))).to_series().alias(values.name)


def robust_z(values: pl.Series) -> pl.Series:
    """Return (x - median) / (1.4826 MAD); where the MAD is 0, the mean absolute deviation x 1.2533 stands in.

    Null where the value is null, and 0 everywhere if all values are equal. Source: Iglewicz and Hoaglin (1993).
    """
    centre = values.median()
    if centre is None:
        return values
    distance = (values - centre).abs()
    spread = 1.4826 * float(distance.median() or 0.0)  # type: ignore[arg-type]
    if spread == 0:
        spread = 1.2533 * float(distance.mean() or 0.0)  # type: ignore[arg-type]
    return (values - centre) / spread if spread > 0 else values * 0.0
