"""What a detector is: an issue, when it can be judged, how it is judged, and examples that prove it.

A detector is a module of this package that exports `DETECTOR`: either a `Detector` (one verdict per trial) or a
`SweepDetector` (one finding about the sweep, or none). Its docstring is its manual page, with the sections `MEANING`,
`WHY IT IS BAD`, `HOW IT IS DECIDED`, `WHEN IT IS WRONG` and `WHAT TO TRY`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import polars as pl

if TYPE_CHECKING:
    from hpi_core.detectors.context import Context

Severity = Literal["error", "warn", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warn", "info")
SECTIONS = ("MEANING", "WHY IT IS BAD", "HOW IT IS DECIDED", "WHEN IT IS WRONG", "WHAT TO TRY")

# One row per sick trial. `value` and `threshold` are in the unit of the rule (the threshold's `unit`).
SICK_ROWS = pl.Schema(
    {
        "_row": pl.UInt32,
        "metric": pl.String,
        "step": pl.Int64,
        "value": pl.Float64,
        "threshold": pl.Float64,
        "severity": pl.String,
        "evidence": pl.String,
    }
)

Thresholds = Mapping[str, float]
Values = Mapping[str, Sequence[object]]


class NotAssessable(Exception):  # noqa: N818 - an answer, not an error
    """The rule cannot be applied to this sweep; the message says why, in a phrase."""


@dataclass(frozen=True)
class Threshold:
    """One number of a rule that a person may change.

    Attributes:
        name: word for `--set issue.name=value`.
        default: the value used unless set.
        unit: what it counts, such as `ratio`, `trials`, `share of trials`.
        source: who says so: a published rule, a measurement, or `chosen here`.
        meaning: one phrase.
    """

    name: str
    default: float
    unit: str
    source: str
    meaning: str


@dataclass(frozen=True)
class Verdicts:
    """What a detector says: `sick` is Boolean, one per trial, null where not assessable; `rows` has `SICK_ROWS`."""

    sick: pl.Series
    rows: pl.DataFrame


@dataclass(frozen=True)
class SweepVerdict:
    """One finding about the sweep as a whole; `judged` is the number of trials it rests on."""

    severity: Severity
    evidence: str
    judged: int
    metric: str | None = None
    value: float | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class Example:
    """A tiny sweep, column by column, and the 0-based rows in which the issue must be found (none: it must not).

    For a sweep-level detector `sick` is `(0,)` where it must fire and empty where it must not. `roles` are overrides
    of inferred roles; `severity` the one the first finding must have. `curves` holds, metric by metric, the values of
    every trial's curve at the steps 0, 1, 2, …
    """

    columns: Values
    sick: tuple[int, ...]
    roles: tuple[tuple[str, str], ...] = ()
    severity: Severity | None = None
    curves: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Detector:
    """A rule that gives every trial a verdict.

    Attributes:
        issue: the id used in code, filters and summaries; equals the module's name.
        tag: short flag of the table, capitals, at most seven characters.
        severity: of its findings unless a row says otherwise.
        needs: words of `context.NEEDS`; where one is lacking the detector is skipped and says so.
        preempted_by: issues whose sick trials are not assessable here.
        judges_unended: it judges running trials too; those whose record was cut off are never judged.
        self_calibrated: it is demoted where it flags the best trials. False for facts and for questions on which the
            objective has no say (a seed that was ignored was ignored in good trials, too).
        quick: it takes a moment on the table alone, without the curves: it runs again whenever a source that is
            followed has grown, before the next inspection of all of it.
    """

    issue: str
    tag: str
    title: str
    severity: Severity
    needs: tuple[str, ...]
    thresholds: tuple[Threshold, ...]
    check: Callable[[Context, Thresholds], Verdicts]
    advice: str
    examples: tuple[Example, ...]
    manual: str
    preempted_by: tuple[str, ...] = ()
    judges_unended: bool = False
    self_calibrated: bool = True
    quick: bool = False


@dataclass(frozen=True)
class SweepDetector:
    """A rule about the sweep as a whole; it runs after all others and sees their verdicts (issue -> Boolean series)."""

    issue: str
    tag: str
    title: str
    severity: Severity
    needs: tuple[str, ...]
    thresholds: tuple[Threshold, ...]
    check: Callable[[Context, Mapping[str, pl.Series], Thresholds], SweepVerdict | None]
    advice: str
    examples: tuple[Example, ...]
    manual: str
    preempted_by: tuple[str, ...] = field(default=(), init=False)


AnyDetector = Detector | SweepDetector


def no_rows() -> pl.DataFrame:
    """Return a frame of no sick rows."""
    return pl.DataFrame(schema=SICK_ROWS)
